//! Status of what runs: one row per environment and provider.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PipelineStatus;

/// Where one environment's roll-out stands: the last deployment the controller started there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStatus {
    /// The environment.
    #[schemars(length(max = 63))]
    pub environment: String,
    /// The release: commit, image and the pipeline that built it.
    pub release: super::ReleaseStatus,
    /// Digest of the environment's parameter file.
    #[schemars(length(max = 64))]
    pub configuration: String,
    /// The pipeline that deploys it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<PipelineStatus>,
}

/// One application in one environment on one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentStatus {
    /// The environment.
    #[schemars(length(max = 63))]
    pub environment: String,
    /// The provider.
    #[schemars(length(max = 63))]
    pub provider: String,
    /// What goes on there.
    pub state: DeploymentState,
    /// The release that runs, as a commit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub revision: String,
    /// The image that runs, by digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub image: String,
    /// Digest of the parameter file that the service was deployed with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub configuration: String,
    /// Where it answers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub endpoint: String,
    /// Where its logs are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub log_group: String,
    /// The service as AWS reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceStatus>,
    /// The deploy job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobStatus>,
    /// One sentence when there is something to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2048))]
    pub message: String,
}

/// What goes on with one deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeploymentState {
    /// Nothing was deployed yet; a build, a lower level or a provider comes first.
    #[default]
    Waiting,
    /// The first roll-out is under way.
    Provisioning,
    /// The wanted release runs healthy.
    Running,
    /// Wanted: no tasks; and none run.
    Stopped,
    /// Another roll-out is under way.
    Updating,
    /// The last roll-out failed.
    Failed,
}

impl DeploymentState {
    /// The spelling in status and in the ENVIRONMENTS column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Provisioning => "Provisioning",
            Self::Running => "Running",
            Self::Stopped => "Stopped",
            Self::Updating => "Updating",
            Self::Failed => "Failed",
        }
    }
}

/// The service as AWS reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceStatus {
    /// Tasks wanted.
    pub desired: i32,
    /// Tasks running.
    pub running: i32,
    /// Tasks starting.
    pub pending: i32,
    /// AWS's word for the state of the newest deployment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 32))]
    pub rollout: String,
}

/// The deploy job of one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobStatus {
    /// GitLab's number of the job.
    pub id: i64,
    /// GitLab's word for its state.
    #[schemars(length(max = 32))]
    pub status: String,
    /// Where a person reads it.
    #[schemars(length(max = 1024))]
    pub web_url: String,
}
