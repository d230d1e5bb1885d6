//! Objects of ours as the demo shows them: what is true of each, and what changed since the last look.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde::Deserialize;

use super::text::shorten;

/// How much of a message fits a line.
const MESSAGE: usize = 200;
/// The order in which kinds are told: what others need comes first.
const KINDS: [&str; 3] = ["EnvironmentProvider", "Environment", "Application"];
/// What sums the others up, and is told after them.
const SUMS: [&str; 2] = ["Ready", "Stalled"];

/// One EnvironmentProvider, Environment or Application.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object {
    /// Its kind.
    pub kind: String,
    /// `name`, or `namespace/name`.
    pub name: String,
    /// The generation of its spec.
    pub generation: i64,
    /// What its status says.
    pub status: Status,
}

/// What the demo reads of a status; the kinds differ in what they have of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// The generation it speaks of.
    pub observed_generation: i64,
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The GitLab project.
    pub repository: Option<Repository>,
    /// What a provider's infrastructure code built.
    pub outputs: Option<Outputs>,
    /// The provider that serves an application as a whole.
    pub home: String,
    /// What runs of an application.
    pub deployments: Vec<Deployment>,
}

/// One condition.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in one sentence.
    pub message: String,
}

/// A GitLab project.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Repository {
    /// Full path.
    pub path: String,
    /// What `git clone` takes.
    pub clone_url: String,
}

/// What a provider's infrastructure code built.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Outputs {
    /// The ECS cluster.
    pub cluster_name: String,
    /// The table of audit records.
    pub audit_table: String,
    /// The role that the controller assumes there.
    pub operations_role_arn: String,
}

/// An application in one environment on one provider.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Deployment {
    /// The environment.
    pub environment: String,
    /// The provider.
    pub provider: String,
    /// What goes on there.
    pub state: String,
    /// One sentence, where there is something to say.
    pub message: String,
}

/// Something that changed: one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What of the object.
    pub phase: String,
    /// How it is now.
    pub now: String,
}

impl Object {
    /// Reads an object as the API server has it; a status that cannot be read is none.
    pub fn of(found: &DynamicObject) -> Self {
        let kind = found.types.as_ref().map(|types| types.kind.clone());
        let name = match found.namespace() {
            Some(namespace) => format!("{namespace}/{}", found.name_any()),
            None => found.name_any(),
        };
        let status = found.data.get("status").cloned().unwrap_or_default();
        Self {
            kind: kind.unwrap_or_default(),
            name,
            generation: found.metadata.generation.unwrap_or_default(),
            status: serde_json::from_value(status).unwrap_or_default(),
        }
    }

    /// Answers `Kind name`.
    pub fn title(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    /// Answers its place among others: what they need comes first.
    pub fn rank(&self) -> (usize, &str) {
        let kind = KINDS.iter().position(|kind| *kind == self.kind);
        (kind.unwrap_or(KINDS.len()), &self.name)
    }

    /// Answers a condition.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status
            .conditions
            .iter()
            .find(|condition| condition.kind == kind)
    }

    /// Answers whether it is ready, in the generation that was asked for.
    pub fn is_ready(&self) -> bool {
        self.status.observed_generation == self.generation
            && self.condition("Ready").is_some_and(|c| c.status == "True")
    }

    /// Answers why nothing more happens without a person, where that is so.
    pub fn stalled(&self) -> Option<&str> {
        self.condition("Stalled")
            .filter(|condition| condition.status == "True")
            .map(|condition| condition.message.as_str())
    }

    /// Answers what changed since it was `before`: its parts, then what sums them up.
    pub fn changes(&self, before: &Self) -> Vec<Change> {
        let news = |sum: bool| {
            self.status.conditions.iter().filter(move |now| {
                SUMS.contains(&now.kind.as_str()) == sum && now.is_news(before.condition(&now.kind))
            })
        };
        let told: Vec<&str> = news(false)
            .filter(|now| !now.is_plain())
            .map(|now| now.message.as_str())
            .collect();
        let conditions = news(false).map(|now| now.change(&[]));
        let deployments = self.status.deployments.iter().filter_map(|now| {
            let was =
                before.status.deployments.iter().find(|was| {
                    (&was.environment, &was.provider) == (&now.environment, &now.provider)
                });
            (was.map(|was| &was.state) != Some(&now.state)).then(|| now.change())
        });
        let sums = news(true).map(|now| now.change(&told));
        conditions.chain(deployments).chain(sums).collect()
    }
}

impl Condition {
    /// A transition is news. Of `Ready` another reason is, too: it is the phase that the object is in.
    fn is_news(&self, before: Option<&Self>) -> bool {
        match (self.kind.as_str(), before) {
            // Its content is that of Ready.
            ("Reconciling", _) => false,
            ("Ready", Some(before)) => {
                (&before.status, &before.reason) != (&self.status, &self.reason)
            }
            (_, Some(before)) => before.status != self.status,
            (_, None) => self.status != "Unknown",
        }
    }

    /// What is as it should be needs no message.
    fn is_plain(&self) -> bool {
        self.status == "True" && self.kind != "Stalled"
    }

    /// A message that stands in a line just above is not repeated.
    fn change(&self, told: &[&str]) -> Change {
        let Self {
            status,
            reason,
            message,
            ..
        } = self;
        let now = if self.is_plain() || told.contains(&message.as_str()) {
            format!("{status} ({reason})")
        } else {
            format!("{status} ({reason}): {}", shorten(message, MESSAGE))
        };
        Change {
            phase: self.kind.clone(),
            now,
        }
    }
}

impl Deployment {
    fn change(&self) -> Change {
        let message = match self.message.as_str() {
            "" => String::new(),
            message => format!(": {}", shorten(message, MESSAGE)),
        };
        Change {
            phase: format!("in {}", self.environment),
            now: format!("{} on {}{message}", self.state, self.provider),
        }
    }
}

#[cfg(test)]
mod tests;
