//! One step of a scenario.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// What is done, or waited for. Objects are named `name`, or `namespace/name`.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// From here on something may go wrong.
    Mark,
    /// Somebody applies a manifest.
    Apply(Value),
    /// Somebody changes a field.
    Merge {
        /// Of which kind.
        kind: &'static str,
        /// Of which object.
        name: String,
        /// The change, as a merge patch.
        change: Value,
    },
    /// Somebody deletes an object.
    Delete {
        /// Of which kind.
        kind: &'static str,
        /// Which.
        name: String,
    },
    /// Waits until an object is gone.
    Gone {
        /// Of which kind.
        kind: &'static str,
        /// Which.
        name: String,
    },
    /// Waits until an object is Ready for its newest spec, and nothing is under way.
    Ready {
        /// Of which kind.
        kind: &'static str,
        /// Which.
        name: String,
    },
    /// Waits until a condition has this reason.
    Reason {
        /// Of which kind.
        kind: &'static str,
        /// Which.
        name: String,
        /// Which condition.
        condition: &'static str,
        /// Which reason.
        reason: &'static str,
    },
    /// Waits until the newest deployment's pipeline runs.
    Deploying {
        /// Which application.
        name: String,
    },
    /// A developer changes a file on the default branch.
    Push {
        /// The project's full path.
        project: String,
        /// What the file says then.
        text: String,
    },
    /// Waits until an application is settled and runs what was pushed last in these environments.
    Runs {
        /// Which application.
        name: String,
        /// Where.
        environments: Vec<&'static str>,
    },
    /// Has jobs of pipelines end as said.
    Script(Value),
    /// The runner is taken from a project, or given back.
    Runner {
        /// The project's full path.
        project: String,
        /// Whether it has a runner.
        available: bool,
    },
    /// GitLab gives the controller another token; its file follows a moment later.
    RotateToken,
    /// The sessions of the controller's operations roles end.
    ExpireSessions,
    /// Every object of the run is lost with the cluster, and the same manifests are applied to a new one.
    LoseCluster,
    /// Time passes.
    Pause(Duration),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark => f.write_str("from here on something may go wrong"),
            Self::Apply(object) => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let metadata = &object["metadata"];
                write!(f, "apply {} ", text(&object["kind"]))?;
                if let Some(namespace) = metadata["namespace"].as_str() {
                    write!(f, "{namespace}/")?;
                }
                f.write_str(&text(&metadata["name"]))
            }
            Self::Merge { kind, name, change } => write!(f, "change {kind} {name}: {change}"),
            Self::Delete { kind, name } => write!(f, "delete {kind} {name}"),
            Self::Gone { kind, name } => write!(f, "until {kind} {name} is gone"),
            Self::Ready { kind, name } => write!(f, "until {kind} {name} is Ready"),
            Self::Reason {
                kind,
                name,
                condition,
                reason,
            } => write!(
                f,
                "until {condition} of {kind} {name} is because of {reason}"
            ),
            Self::Deploying { name } => write!(f, "until {name} is being deployed"),
            Self::Push { project, text } => write!(f, "push {text:?} to {project}"),
            Self::Runs { name, environments } => {
                write!(
                    f,
                    "until {name} runs the push in {}",
                    environments.join(", ")
                )
            }
            Self::Script(script) => write!(f, "script {script}"),
            Self::Runner { project, available } => {
                let has = if *available { "has" } else { "has not" };
                write!(f, "{project} {has} a runner")
            }
            Self::RotateToken => f.write_str("rotate the GitLab token"),
            Self::ExpireSessions => f.write_str("end all sessions of AWS"),
            Self::LoseCluster => f.write_str("lose the cluster, apply the same manifests again"),
            Self::Pause(time) => write!(f, "{} ms pass", time.as_millis()),
        }
    }
}
