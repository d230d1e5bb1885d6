//! The journal: every request a stand-in received, one JSON line each.
//!
//! Tests and the demo judge by it: who asked, for what, when, and what was answered. It is append-only; a line is
//! written in one piece once the answer is known, so a reader never sees half a line, and a reader may count on the
//! order of lines being the order of answers.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::chaos::label::Label;

mod reading;

use reading::Marks;

pub use reading::read;

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
    /// What the request is called, where it is one of the controller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// The injected fault, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Entry {
    /// Says whether something was changed by it: it was meant to, it succeeded, and no fault kept it from being served.
    #[must_use]
    pub fn took_effect(&self) -> bool {
        let served = self.fault.as_deref().is_none_or(|fault| {
            !matches!(
                fault,
                "refuse"
                    | "status"
                    | "deny"
                    | "garbage"
                    | "redirect"
                    | "kill_before"
                    | "stop_before"
            )
        });
        self.mutating && served && (200..300).contains(&self.status)
    }
}

/// An append-only file of entries.
#[derive(Debug, Clone)]
pub struct Journal {
    path: Arc<PathBuf>,
    file: Arc<Mutex<File>>,
    marks: Arc<Marks>,
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
            marks: Arc::default(),
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

    /// Reads the entries from the `first`-th line on; the first line is the 0th.
    ///
    /// Whoever follows a long journal asks from where the last answer ended, and what was answered before is then
    /// not read again.
    pub fn entries_from(&self, first: usize) -> io::Result<Vec<Entry>> {
        self.marks.read(&self.path, first)
    }

    /// Serves `GET /__journal`: the journal as a JSON array, with `?from=N` from the N-th line on.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/__journal", get(answer))
            .with_state(self.clone())
    }
}

/// Which part of the journal is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Part {
    from: usize,
}

async fn answer(State(journal): State<Journal>, Query(part): Query<Part>) -> Response {
    match journal.entries_from(part.from) {
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
mod tests;
