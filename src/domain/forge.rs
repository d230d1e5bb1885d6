//! What GitLab holds, in our words: projects, commits, pipelines, jobs.

use std::time::Duration;

use jiff::Timestamp;

use super::file::FileAction;
use super::identity::digest;
use super::intent::undescribed;

/// A project to be made, complete with its ownership marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProject {
    /// Full path of its group, which exists.
    pub group: String,
    /// Path inside the group.
    pub path: String,
    /// Name for people.
    pub name: String,
    /// Description, marker included.
    pub description: String,
    /// `private` or `internal`.
    pub visibility: String,
    /// Where its pipeline file is.
    pub ci_config_path: String,
    /// The default branch.
    pub default_branch: String,
}

/// A project as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// Its number.
    pub id: i64,
    /// Its full path.
    pub path: String,
    /// Where a person reads it.
    pub web_url: String,
    /// What `git clone` takes.
    pub clone_url: String,
    /// Its description.
    pub description: String,
    /// Its default branch; none while it is empty.
    pub default_branch: Option<String>,
    /// Whether it was archived.
    pub archived: bool,
    /// Whether it waits for deletion.
    pub being_deleted: bool,
    /// Its settings, where GitLab shows them all.
    pub settings: Option<ProjectSettings>,
}

/// Settings that exist only on an existing project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectSettings {
    /// Who may start pipelines with variables, as GitLab spells roles.
    pub pipeline_variables_role: String,
    /// Whether a job's token may push.
    pub job_token_may_push: bool,
    /// Whether a newer pipeline cancels older ones that wait.
    pub cancel_redundant_pipelines: bool,
    /// The description, marker included.
    pub description: String,
}

impl ProjectSettings {
    /// Digest of the settings; which intent a project was made by is none.
    pub fn digest(&self) -> String {
        let text = format!(
            "{}\0{}\0{}\0{}",
            self.pipeline_variables_role,
            self.job_token_may_push,
            self.cancel_redundant_pipelines,
            undescribed(&self.description)
        );
        digest([text.as_bytes()])
    }
}

/// One commit of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Full path of the project.
    pub project: String,
    /// The branch; made by the first commit.
    pub branch: String,
    /// The message, trailers included.
    pub message: String,
    /// What it does.
    pub actions: Vec<FileAction>,
}

/// A pipeline as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pipeline {
    /// Its number.
    pub id: i64,
    /// Its name, as `workflow:name` made it; empty when it has none.
    pub name: String,
    /// GitLab's word for its state.
    pub status: String,
    /// GitLab's word for what started it (`push`, `api`, ...).
    pub source: String,
    /// The commit.
    pub sha: String,
    /// Where a person reads it.
    pub web_url: String,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Why GitLab could not make it.
    pub yaml_errors: Option<String>,
}

/// A job as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// GitLab's word for its state.
    pub status: String,
    /// GitLab's word for why it failed.
    pub failure_reason: String,
    /// Where a person reads it.
    pub web_url: String,
    /// Whether its failure leaves the pipeline green.
    pub allow_failure: bool,
    /// The tags that its runner must have.
    pub tags: Vec<String>,
    /// How long it was, or has been, in the queue of the runners; none where it never was.
    pub queued: Option<Duration>,
}

/// A pipeline to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineStart {
    /// Full path of the project.
    pub project: String,
    /// The branch.
    pub branch: String,
    /// Variables, in order.
    pub variables: Vec<(String, String)>,
}

/// What is known of our own token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFacts {
    /// The user it speaks for.
    pub user: String,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// The day it ends, if it does (a date such as `2027-01-31`).
    pub expires_on: Option<String>,
}
