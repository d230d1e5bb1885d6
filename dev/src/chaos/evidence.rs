//! Evidence: everything that is known of one run when it is judged. Plain data; whoever gathers it does not judge.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::journal::Entry;

/// What is left of one run, and what happened in it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// The text that only this run's names contain (`p0042`); it stands as `{run}` in whatever is compared between runs.
    pub run: String,
    /// What must never be seen outside, by what it is: `GitLab token`.
    pub canaries: BTreeMap<String, String>,
    /// The controller's requests to GitLab, AWS and Kubernetes, in order of their answers; only this run's.
    pub requests: Vec<Entry>,
    /// Our objects that belong to the run, whole, as the API server has them at the end.
    pub objects: Vec<Value>,
    /// The events about them.
    pub events: Vec<Value>,
    /// Every version of our objects that a watch showed, in order.
    pub versions: Vec<Version>,
    /// The run's GitLab projects.
    pub projects: Vec<Project>,
    /// The run's GitLab groups that the controller made, by full path.
    pub groups: Vec<String>,
    /// The audit records about the run's objects.
    pub records: Vec<Record>,
    /// The run's ECS services, as `DescribeServices` tells them, with their tags.
    pub services: Vec<Value>,
    /// What was done and what befell, in order.
    pub timeline: Vec<Moment>,
    /// Everything the controller logged, over all its lives.
    pub log: String,
}

/// One version of one of our objects.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    /// When it was seen.
    pub time: Timestamp,
    /// The whole object; as it last was where it was deleted.
    pub object: Value,
    /// Whether it was deleted then.
    pub deleted: bool,
}

/// One GitLab project.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Project {
    /// Its full path.
    pub path: String,
    /// As the API shows it: the description carries the ownership marker.
    pub shown: Value,
    /// The files of the default branch: text by path; what is no text, as hexadecimal digits.
    pub files: BTreeMap<String, String>,
    /// The commits of the default branch, the oldest first: `id`, `message`, `author_name`.
    pub commits: Vec<Value>,
    /// The pipelines, the oldest first, with their `variables` by name.
    pub pipelines: Vec<Value>,
}

/// One audit record: every attribute, the keys included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The table it stands in.
    pub table: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
}

/// Something that was done to the world, or befell it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub time: Timestamp,
    /// What.
    pub what: Happening,
}

/// What a moment is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happening {
    /// A step of the scenario began.
    Step {
        /// Its name.
        name: String,
    },
    /// The fault of the plan was armed.
    Armed {
        /// What, where.
        fault: String,
    },
    /// A fault met a request.
    Struck {
        /// What, where.
        fault: String,
    },
    /// The last fault was over: from here on the controller has what it needs.
    Mended,
    /// A controller was started.
    Started,
    /// A controller ended without being asked to.
    Died,
    /// Everything stood as the scenario says.
    Converged,
    /// Nothing was written from here...
    QuietFrom,
    /// ... until here.
    QuietUntil,
}
