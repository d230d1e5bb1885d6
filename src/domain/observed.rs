//! What was seen: readings taken in one pass. Small facts, never raw answers, never secrets.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::api::{ProviderOutputs, ReleaseStatus};

use super::file::TreeEntry;
use super::forge::{Job, Pipeline, Project};
use super::intent::{Intent, IntentId};
use super::reading::Reading;
use super::runtime::{Cluster, Service};

/// An intent whose outcome is not recorded, and what was found of its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIntent {
    /// The intent.
    pub intent: Intent,
    /// What was found.
    pub found: Reading<External>,
    /// When it was last tried, as far as this process knows: one that an earlier process made may have
    /// been tried until this one began.
    pub last_sent: Option<Timestamp>,
    /// The intent that the project was to be made under, while that is written down beside this one.
    pub making: Option<IntentId>,
}

/// Something outside that an effect made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum External {
    /// Something without an identity worth keeping.
    Nothing,
    /// A group, by its description.
    Group(String),
    /// A project.
    Project(Project),
    /// A commit.
    Commit(String),
    /// A pipeline.
    Pipeline(Pipeline),
}

impl External {
    /// The outside's own identity of it.
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Nothing | Self::Group(_) => None,
            Self::Project(project) => Some(project.id.to_string()),
            Self::Commit(sha) => Some(sha.clone()),
            Self::Pipeline(pipeline) => Some(pipeline.id.to_string()),
        }
    }
}

/// A repository as seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoryObserved {
    /// Whether its group exists.
    pub group: Reading<bool>,
    /// The groups around it that do not exist and may be made, the outermost first.
    pub absent_groups: Vec<String>,
    /// The project.
    pub project: Reading<Project>,
    /// Whether the records say that this very object made the project, or took it over: then its status was lost.
    pub recorded: bool,
    /// Its files; absent while it is empty.
    pub tree: Reading<Vec<TreeEntry>>,
    /// The last commit that touched each file that differs.
    pub last_commits: BTreeMap<String, String>,
    /// The newest commit that a push pipeline ran for.
    pub pushed: Option<String>,
}

/// A pipeline as seen, with what its failure says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineSeen {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Its jobs; read once it ended, or while it takes longer than a runner may be waited for.
    pub jobs: Vec<Job>,
    /// The last lines of the first failed job's trace.
    pub trace: String,
}

/// What every kind with effects has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EffectsObserved {
    /// Intents without recorded outcome.
    pub open: Vec<OpenIntent>,
    /// Whether the finalizer is held.
    pub held: bool,
    /// Set when the annotation cannot be read: no effect may happen.
    pub damaged: Option<String>,
}

/// A provider as seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderObserved {
    /// Its effects.
    pub effects: EffectsObserved,
    /// Its repository.
    pub repository: RepositoryObserved,
    /// The pipeline that provisions what the spec asks for.
    pub pipeline: Reading<PipelineSeen>,
    /// Whether the operations role can be assumed.
    pub session: Reading<()>,
    /// What its infrastructure code wrote.
    pub outputs: Reading<ProviderOutputs>,
    /// Its cluster.
    pub cluster: Reading<Cluster>,
    /// Whether its audit table can be written.
    pub audit: Reading<()>,
}

/// An application as seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationObserved {
    /// Its effects.
    pub effects: EffectsObserved,
    /// Its repository.
    pub repository: RepositoryObserved,
    /// The newest build.
    pub build: Reading<PipelineSeen>,
    /// The build that the status tells of, where GitLab does not know it.
    pub gone: Option<i64>,
    /// The newest release; absent before the first build succeeded. A build whose result cannot
    /// be used is unreadable.
    pub release: Reading<ReleaseStatus>,
    /// Pinned releases by commit; absent when the commit was never built.
    pub pinned: BTreeMap<String, Reading<ReleaseStatus>>,
    /// The pipeline of each environment's last deployment.
    pub rollouts: BTreeMap<String, Reading<PipelineSeen>>,
    /// Deployments under way that the status knows nothing of, by environment.
    pub unknown: BTreeMap<String, Pipeline>,
    /// The services, by environment and provider.
    pub services: BTreeMap<(String, String), Reading<Service>>,
}
