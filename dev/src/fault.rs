//! Fault switches: what a stand-in does wrong on request.
//!
//! A rule says which requests it meets and what becomes of them, and how often. Rules are tried in the order they were
//! posted; the first that matches and has hits left is used. The stand-in decides *when* to ask ([`Faults::take`]):
//! once it knows who asks for what, and before it does anything.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod broken;
mod death;
mod matching;
mod page;
mod rules;
mod strike;

pub use broken::{closed_without_answer, half_answered};
pub use matching::{Match, Request, matches_wildcard};
pub use rules::Faults;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Nothing is done; this status is answered.
    Status {
        /// The HTTP status.
        status: u16,
        /// Seconds for the `Retry-After` header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// The AWS error code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// The error's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Nothing is done; the connection is closed without a byte.
    Refuse,
    /// The request is served; the connection is closed without a byte of the answer.
    LostAnswer,
    /// The request is served; the connection is closed in the middle of the answer.
    HalfAnswer,
    /// The request is served after a while.
    Delay {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// The request is served at once; its answer is sent only after a while.
    Late {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// Nothing is done; the request is denied as if the caller had no right to it.
    Deny,
    /// Nothing is done; a page for people is answered with 200, as a proxy in between does.
    Garbage,
    /// Nothing is done; the way to a login page is answered, as a proxy in between does.
    Redirect,
    /// A process dies (SIGKILL) at a moment of the request; whoever asked gets no more than it had by then.
    Kill {
        /// At which moment.
        at: Position,
        /// The file with the process's id.
        pid_file: PathBuf,
    },
    /// A process stands still from a moment of the request on (SIGSTOP), until somebody lets it go on. What it is sent
    /// meanwhile waits for it.
    Stop {
        /// At which moment.
        at: Position,
        /// The file with the process's id.
        pid_file: PathBuf,
    },
}

/// A moment of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// It has arrived; nothing is done yet, and nothing will be.
    Before,
    /// It is served; not a byte is answered.
    Applied,
    /// It is served; the head and half of the body are sent.
    Half,
    /// It is served, and the whole answer is sent.
    Answered,
}

impl Fault {
    /// Names the fault as the journal does.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Refuse => "refuse",
            Self::LostAnswer => "lost_answer",
            Self::HalfAnswer => "half_answer",
            Self::Delay { .. } => "delay",
            Self::Late { .. } => "late",
            Self::Deny => "deny",
            Self::Garbage => "garbage",
            Self::Redirect => "redirect",
            Self::Kill { at, .. } => match at {
                Position::Before => "kill_before",
                Position::Applied => "kill_applied",
                Position::Half => "kill_half",
                Position::Answered => "kill_answered",
            },
            Self::Stop { at, .. } => match at {
                Position::Before => "stop_before",
                Position::Applied => "stop_applied",
                Position::Half => "stop_half",
                Position::Answered => "stop_answered",
            },
        }
    }
}

impl Fault {
    /// Adds to a journal's small facts what the fault told whoever asked: how many seconds to wait (`retryAfter`).
    pub fn note(&self, detail: &mut Map<String, Value>) {
        if let Self::Status {
            retry_after: Some(seconds),
            ..
        } = self
        {
            detail.insert("retryAfter".into(), (*seconds).into());
        }
    }
}

/// A fault, whom it meets and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Whom it meets; everything where nothing is given.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// What goes wrong.
    pub fault: Fault,
    /// How often; once where not given.
    #[serde(default = "once")]
    pub count: u32,
    /// So many requests that it would meet pass first, whatever another rule makes of them; none where not given.
    #[serde(default)]
    pub skip: u32,
}

fn once() -> u32 {
    1
}

#[cfg(test)]
mod tests;
