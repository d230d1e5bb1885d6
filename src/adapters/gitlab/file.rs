//! Files: one commit with many actions, and what a repository holds.

use async_trait::async_trait;
use gitlab::api::projects::repository::commits::{CommitAction, CommitActionType, CreateCommit};
use gitlab::api::projects::repository::files::{self, Encoding};
use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::failure::Failure;
use crate::domain::file::{FileAction, LastCommit, TreeEntry};
use crate::domain::forge::Commit;
use crate::domain::intent::IntentId;
use crate::ports::Files;

use super::attempt::{Attempt, Nature};
use super::history::{History, Listed};
use super::tree::{Below, Entry, Tree};
use super::{GitlabHost, built, found};

/// How many commits are searched for a trailer: more than anybody pushes while an answer is lost.
const SEARCHED: usize = 2000;

/// More files than a repository of ours ever lists: it bounds the paging.
const LISTED: usize = 5000;

#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Blame {
    blob_id: Option<String>,
    last_commit_id: Option<String>,
}

/// What GitLab is asked to do for one action of ours.
fn actions<'a>(
    attempt: &Attempt,
    action: &'a FileAction,
) -> Result<Vec<CommitAction<'a>>, Failure> {
    let mut builder = CommitAction::builder();
    let executable = match action {
        FileAction::Create(file) => {
            builder
                .action(CommitActionType::Create)
                .file_path(&file.path)
                .content(file.content.as_bytes())
                .encoding(Encoding::Base64);
            file.executable.then_some(&file.path)
        }
        FileAction::Update { file, last_commit } => {
            builder
                .action(CommitActionType::Update)
                .file_path(&file.path)
                .content(file.content.as_bytes())
                .encoding(Encoding::Base64)
                .last_commit_id(last_commit);
            file.executable.then_some(&file.path)
        }
        FileAction::Delete { path, last_commit } => {
            builder
                .action(CommitActionType::Delete)
                .file_path(path)
                .last_commit_id(last_commit);
            None
        }
    };
    let mut actions = vec![built(attempt, builder.build())?];
    if let Some(path) = executable {
        // GitLab drops the flag from every other kind of action.
        let chmod = CommitAction::builder()
            .action(CommitActionType::Chmod)
            .file_path(path)
            .execute_filemode(true)
            .build();
        actions.push(built(attempt, chmod)?);
    }
    Ok(actions)
}

#[async_trait]
impl Files for GitlabHost {
    async fn commit(&self, commit: &Commit) -> Result<String, Failure> {
        let attempt = Attempt::new(format!(
            "committing {} to the branch {} of {}",
            match commit.actions.len() {
                1 => "1 file".to_owned(),
                count => format!("{count} files"),
            },
            commit.branch,
            commit.project
        ))
        .of(Nature::Push);
        let mut all = Vec::with_capacity(commit.actions.len());
        for action in &commit.actions {
            all.extend(actions(&attempt, action)?);
        }
        let endpoint = CreateCommit::builder()
            .project(&commit.project)
            .branch(&commit.branch)
            .commit_message(&commit.message)
            .actions(all)
            .stats(false)
            .build();
        let made: Made = self.ask(&attempt, built(&attempt, endpoint)?).await?;
        Ok(made.id)
    }

    async fn find_commit(
        &self,
        project: &str,
        branch: &str,
        intent: &IntentId,
        since: Timestamp,
    ) -> Result<Option<String>, Failure> {
        let attempt = Attempt::new(format!("listing the commits of {project}"));
        let endpoint = History {
            project: project.into(),
            branch,
            since,
        };
        let listed: Result<Vec<Listed>, Failure> = self.list(&attempt, endpoint, SEARCHED).await;
        // A repository without the branch has no commit of ours.
        let commits = found(listed)?.unwrap_or_default();
        Ok(commits
            .into_iter()
            .find(|commit| commit.carries(intent))
            .map(|commit| commit.id))
    }

    async fn tree(
        &self,
        project: &str,
        branch: &str,
        folders: &[String],
    ) -> Result<Vec<TreeEntry>, Failure> {
        let attempt = Attempt::new(format!("listing the files of {project}"));
        let tree = |below| Tree {
            project: project.into(),
            branch,
            below,
        };
        let mut entries: Vec<Entry> = self.list(&attempt, tree(Below::Root), LISTED).await?;
        for folder in folders {
            if !entries
                .iter()
                .any(|entry| entry.kind == "tree" && &entry.path == folder)
            {
                continue;
            }
            let inside = self
                .list(&attempt, tree(Below::Folder(folder)), LISTED)
                .await;
            // Somebody may have removed the folder since the root was listed.
            entries.extend(found::<Vec<Entry>>(inside)?.unwrap_or_default());
        }
        Ok(entries
            .into_iter()
            .filter(|entry| entry.kind == "blob")
            .map(|entry| TreeEntry {
                path: entry.path,
                blob: entry.id,
            })
            .collect())
    }

    async fn last_commit_of(
        &self,
        project: &str,
        branch: &str,
        path: &str,
    ) -> Result<Option<LastCommit>, Failure> {
        let attempt = Attempt::new(format!("looking up the file {path} of {project}"));
        let endpoint = files::File::builder()
            .project(project)
            .file_path(path)
            .ref_(branch)
            .build();
        let blame: Result<Blame, Failure> = self.ask(&attempt, built(&attempt, endpoint)?).await;
        Ok(found(blame)?.and_then(|blame| {
            Some(LastCommit {
                commit: blame.last_commit_id?,
                blob: blame.blob_id?,
            })
        }))
    }
}
