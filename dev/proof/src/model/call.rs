//! What a pass asks of the world: looks and writes, and the answers to them, as values.

use std::fmt::{self, Debug, Write as _};
use std::hash::{DefaultHasher, Hasher as _};

use harmonix::domain::audit::{AuditRecord, ChainLink};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::file::{LastCommit, TreeEntry};
use harmonix::domain::forge::{
    Commit, Job, NewProject, Pipeline, PipelineStart, Project, ProjectSettings,
};
use harmonix::domain::runtime::{AuditInsert, Service};
use harmonix::domain::version::Version;
use harmonix::ports::StoreError;
use jiff::Timestamp;
use serde_json::Value;

/// A question that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Started,
    Time,
    Entropy,
    Group(String),
    Described(String),
    ProjectAt(String),
    Project(i64),
    Commit {
        project: String,
        intent: String,
    },
    Tree {
        project: String,
        folders: Vec<String>,
    },
    LastCommit {
        project: String,
        path: String,
    },
    Pipelines(String),
    Named {
        project: String,
        name: String,
    },
    Jobs {
        project: String,
        pipeline: i64,
    },
    Artifact {
        project: String,
        job: i64,
    },
    Session,
    Service {
        cluster: String,
        name: String,
    },
    Links {
        table: String,
        object: String,
    },
}

/// A request that changes something: what a crash, or a lost answer, can split.
#[derive(Clone, Debug)]
pub(super) enum Write {
    Hold {
        version: Version,
        finalizers: Vec<String>,
        intents: String,
    },
    Status {
        version: Version,
        status: Value,
    },
    Release {
        version: Version,
        finalizers: Vec<String>,
    },
    Group {
        path: String,
        description: String,
    },
    Project(NewProject),
    Commit(Commit),
    Settings(String, ProjectSettings),
    Start(PipelineStart),
    Insert {
        table: String,
        record: AuditRecord,
    },
}

impl Write {
    /// Whether it goes to one of our own objects.
    pub(super) const fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Hold { .. } | Self::Status { .. } | Self::Release { .. }
        )
    }

    /// The answer that says nothing of whether it happened.
    pub(super) fn unanswered(&self) -> Answer {
        if self.is_ours() {
            return self.refused(StoreError::Unavailable(
                "the API server does not answer".into(),
            ));
        }
        self.failed(FailureKind::Retryable, "no answer")
    }

    /// The answer of one of our own objects that was not written.
    pub(super) fn refused(&self, error: StoreError) -> Answer {
        match self {
            Self::Release { .. } => Answer::Released(Err(error)),
            _ => Answer::Version(Err(error)),
        }
    }

    /// The answer of the outside to something that it did not do.
    pub(super) fn failed(&self, kind: FailureKind, message: &str) -> Answer {
        let failure = failure(
            if matches!(self, Self::Insert { .. }) {
                Party::Aws
            } else {
                Party::GitLab
            },
            kind,
            message,
        );
        match self {
            Self::Project(_) => Answer::MadeProject(Err(failure)),
            Self::Commit(_) => Answer::Text(Err(failure)),
            Self::Start(_) => Answer::Pipeline(Err(failure)),
            Self::Insert { .. } => Answer::Insert(Err(failure)),
            Self::Group { .. }
            | Self::Settings(..)
            | Self::Hold { .. }
            | Self::Status { .. }
            | Self::Release { .. } => Answer::Done(Err(failure)),
        }
    }

    /// One line for people.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Hold { intents, .. } => {
                let intents = harmonix::domain::intent::parse_intents(Some(intents));
                let names: Vec<&str> = intents
                    .iter()
                    .flatten()
                    .map(|intent| intent.action.name())
                    .collect();
                format!("hold [{}]", names.join(" + "))
            }
            Self::Status { status, .. } => {
                let ready = status
                    .get("conditions")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .find(|c| c.get("type").and_then(Value::as_str) == Some("Ready"));
                let word = |name: &str| {
                    ready
                        .and_then(|c| c.get(name))
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned()
                };
                format!("status Ready={} {}", word("status"), word("reason"))
            }
            Self::Release { .. } => "release".into(),
            Self::Group { path, .. } => format!("create group {path}"),
            Self::Project(project) => format!("create project {}/{}", project.group, project.path),
            Self::Commit(commit) => format!(
                "commit \"{}\" to {}",
                commit.message.lines().next().unwrap_or_default(),
                commit.project
            ),
            Self::Settings(path, _) => format!("apply settings to {path}"),
            Self::Start(start) => {
                let words: Vec<&str> = start
                    .variables
                    .iter()
                    .take(2)
                    .map(|(_, value)| value.as_str())
                    .collect();
                format!("start pipeline {}", words.join(" "))
            }
            Self::Insert { record, .. } => {
                let word = |name: &str| record.attributes.get(name).cloned().unwrap_or_default();
                format!("insert record {} {}", word("actionType"), word("status"))
            }
        }
    }
}

/// A failure as an adapter tells it.
pub(super) fn failure(party: Party, kind: FailureKind, message: &str) -> Failure {
    Failure {
        party,
        kind,
        message: message.to_owned(),
    }
}

/// What a question or a request was answered with.
pub(super) trait Said: Sized {
    /// It, if it is of this kind.
    fn of(answer: &Answer) -> Option<Self>;
    /// What is said to a pass that asked for something else than the first time.
    fn astray() -> Self;
}

macro_rules! answers {
    ($($name:ident: $kind:ty = $astray:expr),* $(,)?) => {
        /// An answer.
        #[derive(Clone, Debug)]
        pub(super) enum Answer { $($name($kind)),* }

        $(impl Said for $kind {
            fn of(answer: &Answer) -> Option<Self> {
                if let Answer::$name(value) = answer { Some(value.clone()) } else { None }
            }

            fn astray() -> Self {
                $astray
            }
        })*
    };
}

fn lost<T>() -> Result<T, Failure> {
    Err(failure(Party::GitLab, FailureKind::Invalid, "astray"))
}

answers! {
    Time: Timestamp = Timestamp::UNIX_EPOCH,
    Entropy: [u8; 10] = [0; 10],
    Flag: Result<bool, Failure> = lost(),
    FoundProject: Result<Option<Project>, Failure> = lost(),
    MadeProject: Result<Project, Failure> = lost(),
    Text: Result<String, Failure> = lost(),
    FoundText: Result<Option<String>, Failure> = lost(),
    FoundFile: Result<Option<LastCommit>, Failure> = lost(),
    Tree: Result<Vec<TreeEntry>, Failure> = lost(),
    Pipelines: Result<Vec<Pipeline>, Failure> = lost(),
    FoundPipeline: Result<Option<Pipeline>, Failure> = lost(),
    Pipeline: Result<Pipeline, Failure> = lost(),
    Jobs: Result<Vec<Job>, Failure> = lost(),
    Bytes: Result<Option<Vec<u8>>, Failure> = lost(),
    Done: Result<(), Failure> = lost(),
    Service: Result<Option<Service>, Failure> = lost(),
    Links: Result<Vec<ChainLink>, Failure> = lost(),
    Insert: Result<AuditInsert, Failure> = lost(),
    Version: Result<Version, StoreError> = Err(StoreError::Gone),
    Released: Result<(), StoreError> = Err(StoreError::Gone),
}

struct Marker(DefaultHasher);

impl fmt::Write for Marker {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// A number that stands for a value.
pub(super) fn mark(value: &impl Debug) -> u64 {
    let mut marker = Marker(DefaultHasher::new());
    // Writing into a hasher never fails.
    let _ = write!(marker, "{value:?}");
    marker.0.finish()
}
