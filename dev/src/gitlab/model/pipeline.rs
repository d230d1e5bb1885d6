//! Pipelines, jobs, environments and deployments.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::pipeline::JobSpec;

/// The state of a job or a pipeline, in GitLab's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for other jobs.
    Created,
    /// Waits for its resource group.
    WaitingForResource,
    /// Waits for a runner.
    Pending,
    /// Runs.
    Running,
    /// Ended well.
    Success,
    /// Ended badly.
    Failed,
    /// Was stopped.
    Canceled,
    /// Will not run.
    Skipped,
    /// Waits for a person.
    Manual,
}

impl Status {
    /// Writes GitLab's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::WaitingForResource => "waiting_for_resource",
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Skipped => "skipped",
            Self::Manual => "manual",
        }
    }

    /// Says whether nothing more will happen by itself.
    pub fn is_complete(self) -> bool {
        match self {
            Self::Success | Self::Failed | Self::Canceled | Self::Skipped => true,
            Self::Created
            | Self::WaitingForResource
            | Self::Pending
            | Self::Running
            | Self::Manual => false,
        }
    }
}

/// A variable of a pipeline or of its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Name.
    pub key: String,
    /// Value as written.
    pub value: String,
    /// Whether `$NAME` in the value stays as it is.
    #[serde(default)]
    pub raw: bool,
    /// Whether the job gets a file with the value, and its path in the variable.
    #[serde(default)]
    pub file: bool,
}

impl Variable {
    /// Makes a variable whose value is expanded.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
            raw: false,
            file: false,
        }
    }

    /// Makes a variable whose value stays as it is.
    pub fn raw(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            raw: true,
            ..Self::new(key, value)
        }
    }
}

/// A pipeline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pipeline {
    /// Number.
    pub id: u64,
    /// Number within the project.
    pub iid: u64,
    /// The project.
    pub project_id: u64,
    /// The commit.
    pub sha: String,
    /// The branch or tag.
    pub ref_name: String,
    /// Whether `ref_name` is a tag.
    pub tag: bool,
    /// The commit before the push; zeros otherwise.
    pub before_sha: String,
    /// `push` or `api`.
    pub source: String,
    /// The name that `workflow:name` gave.
    pub name: Option<String>,
    /// Why the configuration is not usable.
    pub yaml_errors: Option<String>,
    /// State.
    pub status: Status,
    /// User name of who started it.
    pub user: String,
    /// Variables that its starter gave.
    pub variables: Vec<Variable>,
    /// Variables of the configuration: the file's own, with `workflow:rules:variables` on top.
    pub root_variables: Vec<Variable>,
    /// Stage names in order.
    pub stages: Vec<String>,
    /// What a newer commit does to it: `conservative`, `interruptible` or `none`.
    pub auto_cancel: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its first job started.
    pub started_at: Option<Timestamp>,
    /// When its last job ended.
    pub finished_at: Option<Timestamp>,
}

/// A file that a job left behind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ArtifactFile {
    /// Path in the job's folder.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Number.
    pub id: u64,
    /// The pipeline.
    pub pipeline_id: u64,
    /// The project.
    pub project_id: u64,
    /// State.
    pub status: Status,
    /// Whether its failure is forgiven.
    pub allow_failure: bool,
    /// Position of its stage.
    pub stage_index: usize,
    /// Whether a newer job of the same name replaces it.
    pub retried: bool,
    /// How many runs came before it in this pipeline by `retry`.
    pub attempt: u32,
    /// User name of who made it run.
    pub user: String,
    /// The secret that the running job authenticates with.
    pub token: Option<String>,
    /// Why it failed, in GitLab's words.
    pub failure_reason: Option<String>,
    /// Exit code of its script.
    pub exit_code: Option<i32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began to wait for a runner.
    pub queued_at: Option<Timestamp>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What it left behind.
    pub artifacts: Vec<ArtifactFile>,
    /// Variables that its dotenv report gave to later jobs.
    pub dotenv: BTreeMap<String, String>,
    /// What it is to do.
    pub spec: JobSpec,
}

/// An environment of a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Environment {
    /// Number.
    pub id: u64,
    /// The project.
    pub project_id: u64,
    /// Name.
    pub name: String,
    /// Where it is reached.
    pub external_url: Option<String>,
    /// Tier.
    pub tier: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A deployment: a job that runs for an environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deployment {
    /// Number.
    pub id: u64,
    /// Number within the project.
    pub iid: u64,
    /// The project.
    pub project_id: u64,
    /// The environment.
    pub environment_id: u64,
    /// The job.
    pub job_id: u64,
    /// State.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
