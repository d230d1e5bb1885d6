//! Calls: what the three journals say, in one form.

use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use crate::failure::{Doing, Failure};
use crate::journal::Entry;
use crate::world::account::CONTROLLER_PRINCIPAL;

/// The controller's user in GitLab, and that of jobs.
const CONTROLLER_USER: &str = "harmonix";
const JOB_USER: &str = "gitlab-ci-token";

/// What was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// GitLab: its API, its repositories.
    GitLab,
    /// AWS, with the registries of images.
    Aws,
    /// Kubernetes.
    Kubernetes,
}

impl System {
    /// Answers its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitLab => "GitLab",
            Self::Aws => "AWS",
            Self::Kubernetes => "Kubernetes",
        }
    }
}

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The controller.
    Controller,
    /// A job of a pipeline, or a task that a pipeline deployed.
    Pipeline,
    /// A person, or what the world did in a person's name to set the accounts up.
    Person,
}

impl Who {
    /// Answers who, in the plural.
    pub fn name(self) -> &'static str {
        match self {
            Self::Controller => "the controller",
            Self::Pipeline => "pipelines",
            Self::Person => "people (set-up)",
        }
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// When it was answered.
    pub time: Timestamp,
    /// What was called.
    pub system: System,
    /// Who called.
    pub who: Who,
    /// The verb: an HTTP method, an operation of AWS, a verb of Kubernetes.
    pub verb: String,
    /// What the verb was about: an endpoint, a service, a resource.
    pub what: String,
    /// The thing itself: a project's path, an audit record's id, an object's title.
    pub about: String,
    /// Whether it changes anything.
    pub mutating: bool,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Whether it made its object Ready (Kubernetes).
    pub made_ready: bool,
}

impl Call {
    /// Answers whether this is the call `verb what` of the controller.
    pub fn is(&self, system: System, what: &str) -> bool {
        self.who == Who::Controller && self.system == system && self.what == what
    }

    /// Answers whether it was answered with success.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Reads GitLab's journal.
pub fn of_gitlab(journal: Vec<Entry>) -> Vec<Call> {
    let call = |entry: Entry| Call {
        time: entry.time,
        system: System::GitLab,
        who: match entry.actor.as_str() {
            CONTROLLER_USER => Who::Controller,
            JOB_USER => Who::Pipeline,
            _ => Who::Person,
        },
        verb: entry.method,
        what: entry.action,
        about: entry.resource.unwrap_or_default(),
        mutating: entry.mutating,
        status: entry.status,
        made_ready: false,
    };
    journal.into_iter().map(call).collect()
}

/// Reads the journal of AWS. Sessions of `operations` roles are the controller's.
pub fn of_aws(journal: Vec<Entry>, operations: &[String]) -> Vec<Call> {
    let call = |entry: Entry| {
        let (service, operation) = entry.action.split_once(':').unwrap_or(("", &entry.action));
        let record = entry
            .detail
            .get("key")
            .and_then(|key| key["id"]["S"].as_str());
        Call {
            time: entry.time,
            system: System::Aws,
            who: caller(&entry.actor, operations),
            verb: operation.to_owned(),
            what: service.to_owned(),
            about: record
                .map(str::to_owned)
                .or(entry.resource)
                .unwrap_or_default(),
            mutating: entry.mutating,
            status: entry.status,
            made_ready: false,
        }
    };
    journal.into_iter().map(call).collect()
}

fn caller(actor: &str, operations: &[String]) -> Who {
    if actor == CONTROLLER_PRINCIPAL || operations.iter().any(|role| is_session(actor, role)) {
        return Who::Controller;
    }
    if actor.contains(":user/") {
        return Who::Person;
    }
    Who::Pipeline
}

/// `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` is a session of `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
fn is_session(actor: &str, role: &str) -> bool {
    let parts = |arn: &str| -> Option<(String, String)> {
        let mut parts = arn.splitn(6, ':').skip(4);
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    };
    let (Some((account, session)), Some((own_account, own))) = (parts(actor), parts(role)) else {
        return false;
    };
    let name = own.rsplit('/').next().unwrap_or_default();
    account == own_account && session.starts_with(&format!("assumed-role/{name}/"))
}

/// Reads the journal of Kubernetes, which is the API server's audit log.
pub fn of_kubernetes(path: &Path) -> Result<Vec<Call>, Failure> {
    let what = || format!("read the journal {}", path.display());
    let text = std::fs::read_to_string(path).doing(what)?;
    // What is being written at this moment has no end yet.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).doing(what))
        .filter_map(|event: Result<Value, Failure>| event.map(|event| audited(&event)).transpose())
        .collect()
}

fn audited(event: &Value) -> Option<Call> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let verb = word(&event["verb"]);
    let reference = &event["objectRef"];
    let resource = word(&reference["resource"]);
    let kind = match resource.as_str() {
        "applications" => "Application",
        "environments" => "Environment",
        "environmentproviders" => "EnvironmentProvider",
        other => other,
    };
    let name = match (reference["namespace"].as_str(), word(&reference["name"])) {
        (Some(namespace), name) => format!("{namespace}/{name}"),
        (None, name) => name,
    };
    let about = format!("{kind} {name}");
    let what = match reference["subresource"].as_str() {
        Some(subresource) => format!("{resource}/{subresource}"),
        None => resource,
    };
    Some(Call {
        time: event["stageTimestamp"].as_str()?.parse().ok()?,
        system: System::Kubernetes,
        // Nobody else is journaled.
        who: Who::Controller,
        // What one may do is asked with a `create` that stores nothing.
        mutating: !matches!(verb.as_str(), "get" | "list" | "watch")
            && what != "selfsubjectaccessreviews",
        verb,
        what,
        about,
        status: u16::try_from(event["responseStatus"]["code"].as_u64().unwrap_or_default())
            .unwrap_or_default(),
        made_ready: is_ready(&event["responseObject"]),
    })
}

fn is_ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| {
        condition["type"] == "Ready"
            && condition["status"] == "True"
            && object["status"]["observedGeneration"] == object["metadata"]["generation"]
    })
}

#[cfg(test)]
pub mod tests;
