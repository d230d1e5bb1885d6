//! Status of what lives in GitLab: the project, its pipeline, its releases.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The GitLab project of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryStatus {
    /// GitLab's number of the project. It beats the path when a project was renamed.
    pub project_id: i64,
    /// Full path, groups included.
    #[schemars(length(max = 512))]
    pub path: String,
    /// Where a person reads it.
    #[schemars(length(max = 1024))]
    pub web_url: String,
    /// What `git clone` takes.
    #[schemars(length(max = 1024))]
    pub clone_url: String,
    /// The newest commit at which the owned files were seen to be as they should.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub head: String,
    /// Digest of the owned files as last committed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub files: String,
    /// Digest of the settings as last applied.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub settings: String,
}

/// The newest pipeline that builds (applications) or provisions (providers).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PipelineStatus {
    /// GitLab's number of the pipeline.
    pub id: i64,
    /// GitLab's word for its state.
    #[schemars(length(max = 32))]
    pub status: String,
    /// The commit it runs for.
    #[schemars(length(max = 64))]
    pub sha: String,
    /// Where a person reads it.
    #[schemars(length(max = 1024))]
    pub web_url: String,
    /// Names of the jobs that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 255)))]
    pub failed_jobs: Vec<String>,
    /// The intent that started it; empty when a push did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub intent: String,
    /// Value of the retry annotation it answered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 256))]
    pub retry: String,
    /// Digest of the owned files it ran with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub files: String,
}

/// A commit whose build succeeded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseStatus {
    /// The commit.
    #[schemars(length(max = 64))]
    pub commit: String,
    /// The image in the home provider's registry, by digest.
    #[schemars(length(max = 512))]
    pub image: String,
    /// The pipeline that built it. A higher number is a newer release.
    pub pipeline_id: i64,
}

/// The template that the owned files were made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateStatus {
    /// Name in the catalogue.
    #[schemars(length(max = 63))]
    pub name: String,
    /// Version in the catalogue.
    #[schemars(length(max = 32))]
    pub version: String,
}
