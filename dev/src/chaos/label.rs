//! Labels: what a request of the controller is called, whatever its number, time or object.
//!
//! The stand-ins and the proxy in front of the API server label every request they journal; plans name requests by
//! label and occurrence, so a plan means the same after the code has changed around it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a request: `Application/gitlab/projects.create/-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Label {
    /// The kind of the object it is made for: `Application`, `EnvironmentProvider`, `Environment`; `Installation` where
    /// it is for none (the token's own facts, a list of all objects).
    pub kind: String,
    /// Who is asked: `gitlab`, `kubernetes`, or the AWS service (`dynamodb`, `sts`).
    pub service: String,
    /// What is asked, as the journal says without its service: `projects.create`, `PutItem`, `hold`, `status`, `watch`.
    pub verb: String,
    /// Which of several such: the audit record's `actionType`, what a pipeline does (`deploy dev`), the actions that a
    /// hold makes durable (`CreateProject+CommitFiles`); `-` where there is but one.
    pub step: String,
}

impl Label {
    /// Names a request. A `/` in a part becomes `_`: it separates the parts.
    #[must_use]
    pub fn new(kind: &str, service: &str, verb: &str, step: &str) -> Self {
        let part = |text: &str| match text {
            "" => "-".to_owned(),
            text => text.replace('/', "_"),
        };
        Self {
            kind: part(kind),
            service: part(service),
            verb: part(verb),
            step: part(step),
        }
    }

    /// The same with another text in its step: what is one run's name there is another's in the next.
    #[must_use]
    pub fn replaced(&self, text: &str, by: &str) -> Self {
        Self {
            step: self.step.replace(text, by),
            ..self.clone()
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            service,
            verb,
            step,
        } = self;
        write!(f, "{kind}/{service}/{verb}/{step}")
    }
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [kind, service, verb, step] if parts.iter().all(|part| !part.is_empty()) => {
                Ok(Self::new(kind, service, verb, step))
            }
            _ => Err(format!("{text:?} is no label: KIND/SERVICE/VERB/STEP")),
        }
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.to_string()
    }
}

impl TryFrom<String> for Label {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_back_as_it_was_written() {
        let label = Label::new("Application", "gitlab", "pipelines.create", "deploy dev/eu");
        assert_eq!(
            label.to_string(),
            "Application/gitlab/pipelines.create/deploy dev_eu"
        );
        assert_eq!(label.to_string().parse(), Ok(label));
    }

    #[test]
    fn what_has_not_four_parts_is_no_label() {
        assert!("Application/gitlab".parse::<Label>().is_err());
        assert!("a/b//d".parse::<Label>().is_err());
    }
}
