//! Fault switches: what a stand-in does wrong on request.
//!
//! A rule says which requests it meets and what becomes of them, and how often. Rules are tried in the order they were
//! posted; the first that matches and has hits left is used. The stand-in decides *when* to ask ([`Faults::take`]):
//! once it knows who asks for what, and before it does anything.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{delete, get};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

mod broken;

pub use broken::{closed_without_answer, half_answered};

/// Which requests a rule meets; all given fields must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// The journal's action; `*` stands for any text: `ecs:*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// A part of the path (GitLab) or of the resource (AWS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_contains: Option<String>,
    /// The journal's actor; `*` stands for any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The AWS account acted in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// A part of the ARN of the role that is asked for, or that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_contains: Option<String>,
}

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
    /// Nothing is done; the request is denied as if the caller had no right to it.
    Deny,
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
            Self::Deny => "deny",
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
}

fn once() -> u32 {
    1
}

/// What is known of a request when the rules are asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The journal's action.
    pub action: &'a str,
    /// The path (GitLab) or the resource (AWS).
    pub path: &'a str,
    /// The journal's actor.
    pub actor: &'a str,
    /// The AWS account acted in.
    pub account: Option<&'a str>,
    /// The ARN of the role that is asked for, or that asks.
    pub role: Option<&'a str>,
}

impl Match {
    fn meets(&self, request: &Request<'_>) -> bool {
        let like = |pattern: &Option<String>, text: &str| {
            pattern
                .as_deref()
                .is_none_or(|pattern| matches_wildcard(pattern, text))
        };
        let part = |part: &Option<String>, text: &str| {
            part.as_deref().is_none_or(|part| text.contains(part))
        };
        like(&self.action, request.action)
            && like(&self.actor, request.actor)
            && part(&self.path_contains, request.path)
            && self
                .account
                .as_deref()
                .is_none_or(|wanted| request.account == Some(wanted))
            && part(&self.role_contains, request.role.unwrap_or_default())
    }
}

/// Says whether `text` matches `pattern`, where `*` stands for any text and `?` for any one character.
#[must_use]
pub fn matches_wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` was, and the text position it currently swallows up to.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, swallowed)) = star {
            star = Some((at, swallowed + 1));
            p = at + 1;
            t = swallowed + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[derive(Debug, Clone, Serialize)]
struct Armed {
    id: String,
    #[serde(flatten)]
    rule: Rule,
    hits: u32,
}

/// The rules of one stand-in.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Armed>>>,
}

impl Faults {
    fn with<T>(&self, use_rules: impl FnOnce(&mut Vec<Armed>) -> T) -> T {
        use_rules(&mut self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a rule and answers its id.
    pub fn add(&self, rule: Rule) -> String {
        let id = Uuid::from_u128(rand::random()).simple().to_string();
        let armed = Armed {
            id: id.clone(),
            rule,
            hits: 0,
        };
        self.with(|rules| rules.push(armed));
        id
    }

    /// Forgets one rule.
    pub fn remove(&self, id: &str) {
        self.with(|rules| rules.retain(|armed| armed.id != id));
    }

    /// Forgets all rules.
    pub fn clear(&self) {
        self.with(Vec::clear);
    }

    /// Answers the fault that meets this request, and counts it as used.
    #[must_use]
    pub fn take(&self, request: &Request<'_>) -> Option<Fault> {
        self.with(|rules| {
            let armed = rules
                .iter_mut()
                .find(|armed| armed.hits < armed.rule.count && armed.rule.matches.meets(request))?;
            armed.hits += 1;
            Some(armed.rule.fault.clone())
        })
    }

    /// Serves `POST`, `GET` and `DELETE /__faults`, and `DELETE /__faults/{id}`.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/__faults", get(list).post(add).delete(clear))
            .route("/__faults/{id}", delete(remove))
            .with_state(self.clone())
    }
}

async fn list(State(faults): State<Faults>) -> Response {
    Json(faults.with(|rules| rules.clone())).into_response()
}

async fn add(State(faults): State<Faults>, Json(rule): Json<Rule>) -> Response {
    Json(json!({ "id": faults.add(rule) })).into_response()
}

async fn remove(State(faults): State<Faults>, Path(id): Path<String>) -> StatusCode {
    faults.remove(&id);
    StatusCode::NO_CONTENT
}

async fn clear(State(faults): State<Faults>) -> StatusCode {
    faults.clear();
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests;
