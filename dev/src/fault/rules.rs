//! The rules of one stand-in, and how they are posted.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{delete, get};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::page::{LOGIN, login_page};
use super::{Fault, Request, Rule};

#[derive(Debug, Clone, Serialize)]
struct Armed {
    id: String,
    #[serde(flatten)]
    rule: Rule,
    /// How many it met.
    hits: u32,
    /// How many passed before.
    passed: u32,
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
            passed: 0,
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
            let mut met = None;
            let meeting = rules
                .iter_mut()
                .filter(|armed| armed.hits < armed.rule.count && armed.rule.matches.meets(request));
            for armed in meeting {
                if armed.passed < armed.rule.skip {
                    // Each rule counts for itself: the second of two requests is the second for every rule.
                    armed.passed += 1;
                } else if met.is_none() {
                    armed.hits += 1;
                    met = Some(armed.rule.fault.clone());
                }
            }
            met
        })
    }

    /// Serves `POST`, `GET` and `DELETE /__faults`, and `DELETE /__faults/{id}`; and the page that a redirect leads to.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/__faults", get(list).post(add).delete(clear))
            .route("/__faults/{id}", delete(remove))
            .route(LOGIN, get(async || login_page()))
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
