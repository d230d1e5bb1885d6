//! The source host: projects, files and pipelines.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::file::{LastCommit, TreeEntry};
use crate::domain::forge::{
    Commit, Job, NewProject, Pipeline, PipelineStart, Project, ProjectSettings, TokenFacts,
};
use crate::domain::intent::IntentId;

/// Groups and projects.
#[async_trait]
pub trait Projects: Send + Sync {
    /// Whether a group exists. Known groups are remembered.
    async fn group_exists(&self, path: &str) -> Result<bool, Failure>;
    /// The description of a group, if it exists: asked for each time.
    async fn group_description(&self, path: &str) -> Result<Option<String>, Failure>;
    /// Makes a group inside its parent group. `Conflict` when it is there.
    async fn create_group(&self, path: &str, description: &str) -> Result<(), Failure>;
    /// Makes a project. `Conflict` when the path is taken.
    async fn create_project(&self, project: &NewProject) -> Result<Project, Failure>;
    /// Looks a project up by its full path.
    async fn project_at(&self, path: &str) -> Result<Option<Project>, Failure>;
    /// Looks a project up by its number.
    async fn project(&self, id: i64) -> Result<Option<Project>, Failure>;
    /// Applies settings.
    async fn apply_settings(
        &self,
        project: &str,
        settings: &ProjectSettings,
    ) -> Result<(), Failure>;
}

/// Files of a repository.
#[async_trait]
pub trait Files: Send + Sync {
    /// Commits, and answers the new commit.
    /// `Conflict` when a file is there already or has changed; `Denied` when rules refuse the push.
    async fn commit(&self, commit: &Commit) -> Result<String, Failure>;
    /// The commit of the branch whose trailer carries this intent, which was made at `since`.
    async fn find_commit(
        &self,
        project: &str,
        branch: &str,
        intent: &IntentId,
        since: Timestamp,
    ) -> Result<Option<String>, Failure>;
    /// The files of the root and everything below `folders`, by blob. `Missing` while the
    /// repository is empty.
    async fn tree(
        &self,
        project: &str,
        branch: &str,
        folders: &[String],
    ) -> Result<Vec<TreeEntry>, Failure>;
    /// A file's content, and the last commit that touched it, as they are at one moment.
    async fn last_commit_of(
        &self,
        project: &str,
        branch: &str,
        path: &str,
    ) -> Result<Option<LastCommit>, Failure>;
}

/// Pipelines and jobs.
#[async_trait]
pub trait Pipelines: Send + Sync {
    /// The newest pipelines of a branch, newest first, at most 100.
    async fn recent(&self, project: &str, branch: &str) -> Result<Vec<Pipeline>, Failure>;
    /// The pipelines of one commit, newest first.
    async fn of_commit(&self, project: &str, sha: &str) -> Result<Vec<Pipeline>, Failure>;
    /// The newest pipeline of exactly this name.
    async fn named(&self, project: &str, name: &str) -> Result<Option<Pipeline>, Failure>;
    /// One pipeline, complete with `yaml_errors`.
    async fn pipeline(&self, project: &str, id: i64) -> Result<Option<Pipeline>, Failure>;
    /// Starts one.
    async fn start(&self, start: &PipelineStart) -> Result<Pipeline, Failure>;
    /// The jobs of one, retried ones left out.
    async fn jobs(&self, project: &str, pipeline: i64) -> Result<Vec<Job>, Failure>;
    /// The last lines of a job's trace, without control sequences, at most `lines`.
    async fn trace_tail(&self, project: &str, job: i64, lines: usize) -> Result<String, Failure>;
    /// One file of a job's artifacts, at most 64 KiB.
    async fn artifact(
        &self,
        project: &str,
        job: i64,
        path: &str,
    ) -> Result<Option<Vec<u8>>, Failure>;
}

/// Our own access.
#[async_trait]
pub trait Access: Send + Sync {
    /// What is known of our token.
    async fn token(&self) -> Result<TokenFacts, Failure>;
}
