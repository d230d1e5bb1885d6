//! The journal: every request a stand-in received, one JSON line each.
//!
//! Tests and the demo judge by it: who asked, for what, when, and what was answered. It is append-only; a line is
//! written in one piece once the answer is known, so a reader never sees half a line, and a reader may count on the
//! order of lines being the order of answers.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What one request was and how it was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When the answer was known; it is sent right after.
    pub time: Timestamp,
    /// When the request arrived; GitLab's journal says so, since its pauses are judged by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<Timestamp>,
    /// `gitlab`, or the AWS service: `sts`, `ecs`, `dynamodb` and so on.
    pub service: String,
    /// The HTTP method.
    pub method: String,
    /// The path as asked; empty for AWS, whose operations are not paths.
    pub path: String,
    /// The operation: `projects.create`, `ecs:DescribeServices`.
    pub action: String,
    /// Who asked: the user's name in GitLab, the principal's ARN in AWS.
    pub actor: String,
    /// The AWS account the request acts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The thing acted upon, where the request names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Whether the operation changes anything.
    pub mutating: bool,
    /// The HTTP status of the answer, also where a fault then lost it; 0 where nothing was done and nothing answered.
    pub status: u16,
    /// Small facts worth counting by: project path, intent, table and key, role.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub detail: Map<String, Value>,
    /// The injected fault, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// An append-only file of entries.
#[derive(Debug, Clone)]
pub struct Journal {
    path: Arc<PathBuf>,
    file: Arc<Mutex<File>>,
}

impl Journal {
    /// Opens the journal for appending, making the file and its folder where absent.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        Ok(Self {
            path: Arc::new(path),
            file: Arc::new(Mutex::new(file)),
        })
    }

    /// Appends one entry.
    ///
    /// A failure is told in the log and not to the caller: the request was served, and whoever judges by the
    /// journal will miss the line and look there.
    pub fn record(&self, entry: &Entry) {
        if let Err(error) = self.append(entry) {
            tracing::error!(
                journal = %self.path.display(), action = %entry.action, %error,
                "the journal could not be written; every judgement by it is incomplete from here on"
            );
        }
    }

    fn append(&self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        // One write of a whole line: a poisoned lock means only that another writer panicked between lines.
        self.file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(&line)
    }

    /// Reads all entries back.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        read(&self.path)
    }

    /// Serves `GET /__journal`: the journal as a JSON array.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/__journal", get(answer))
            .with_state(self.clone())
    }
}

/// Reads the journal at `path`; a file that does not exist is an empty journal.
pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    BufReader::new(file)
        .lines()
        .map(|line| serde_json::from_str(&line?).map_err(io::Error::from))
        .collect()
}

async fn answer(State(journal): State<Journal>) -> Response {
    match journal.entries() {
        Ok(entries) => Json(entries).into_response(),
        Err(error) => {
            let sentence = format!(
                "the journal {} cannot be read: {error}",
                journal.path.display()
            );
            (StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(action: &str) -> Entry {
        Entry {
            time: Timestamp::UNIX_EPOCH,
            arrived: None,
            service: "gitlab".into(),
            method: "POST".into(),
            path: "/api/v4/projects".into(),
            action: action.into(),
            actor: "harmonix".into(),
            account: None,
            resource: None,
            mutating: true,
            status: 201,
            detail: Map::new(),
            fault: None,
        }
    }

    #[test]
    fn entries_are_read_back_in_the_order_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path().join("journal/gitlab.jsonl")).unwrap();
        journal.record(&entry("projects.create"));
        journal.record(&entry("commits.create"));
        let again = Journal::open(folder.path().join("journal/gitlab.jsonl")).unwrap();
        again.record(&entry("pipelines.create"));
        let actions: Vec<_> = journal
            .entries()
            .unwrap()
            .into_iter()
            .map(|e| e.action)
            .collect();
        assert_eq!(
            actions,
            ["projects.create", "commits.create", "pipelines.create"]
        );
    }

    #[test]
    fn a_journal_that_was_never_written_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(&folder.path().join("none.jsonl")).unwrap(), Vec::new());
    }
}
