//! What a request turned out to be.

use std::collections::BTreeMap;

use http::{Method, StatusCode, header};
use serde_json::json;

use super::super::answer::Answer;
use super::super::endpoint::{self, Endpoint, Found};
use super::super::instance::Instance;
use super::super::params::Params;
use super::super::smart::{self, Wanted};
use crate::fault::Fault;

/// What a request turned out to be.
pub enum Target {
    Endpoint(&'static Endpoint, BTreeMap<&'static str, String>),
    /// Git's own protocol.
    Git(Wanted),
    /// Nothing that is served, with what is answered then.
    None(Answer),
}

impl Target {
    /// Answers the journal's name for it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Endpoint(endpoint, _) => endpoint.action,
            Self::Git(wanted) => wanted.action(),
            Self::None(_) => "unknown",
        }
    }

    /// Says whether it changes anything.
    pub fn mutating(&self, method: &Method) -> bool {
        match self {
            Self::Endpoint(endpoint, _) => endpoint.mutating,
            Self::Git(wanted) => wanted.service == smart::Service::Push,
            Self::None(_) => !matches!(*method, Method::GET | Method::HEAD),
        }
    }

    /// Finds out what is asked for.
    pub fn of(method: &Method, path: &str, query: &str) -> Self {
        if let Some(wanted) = Wanted::read(method, path, query) {
            return Self::Git(wanted);
        }
        match endpoint::find(method, path) {
            Found::Endpoint(endpoint, parts) => Self::Endpoint(endpoint, parts),
            Found::OtherMethods(methods) => Self::None(
                Answer::json(
                    StatusCode::METHOD_NOT_ALLOWED,
                    &json!({ "error": "405 Not Allowed" }),
                )
                .with_header(header::ALLOW, methods.join(", ")),
            ),
            Found::Nothing => Self::None(Answer::json(
                StatusCode::NOT_FOUND,
                &json!({ "error": "404 Not Found" }),
            )),
        }
    }

    /// Answers the full path of the project that a request is about.
    pub fn project(&self, instance: &Instance, params: Option<&Params>) -> Option<String> {
        match self {
            Self::None(_) => None,
            Self::Git(wanted) => Some(wanted.project.clone()),
            Self::Endpoint(endpoint, parts) => instance.store.read(|data| match parts.get("id") {
                Some(id) if endpoint.path.starts_with("/api/v4/projects/") => Some(
                    data.project(id)
                        .map_or_else(|| id.clone(), |project| project.full_path.clone()),
                ),
                Some(id) => Some(
                    data.group(id)
                        .map_or_else(|| id.clone(), |group| group.full_path.clone()),
                ),
                None => {
                    let path = params?.text("path").or_else(|| params?.text("name"))?;
                    let above = params?
                        .text("namespace_id")
                        .or_else(|| params?.text("parent_id"));
                    let above =
                        above.and_then(|id| data.group(&id).map(|group| group.full_path.clone()));
                    Some(above.map_or_else(|| path.clone(), |above| format!("{above}/{path}")))
                }
            }),
        }
    }
}

/// Answers what a fault makes GitLab itself answer instead of serving.
pub fn instead(fault: &Fault) -> Option<Answer> {
    match fault {
        Fault::Deny => Some(Answer::forbidden(None)),
        Fault::Status {
            status,
            retry_after,
            code: _,
            message,
        } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let answer = match (status, message) {
                // GitLab's front answers this before its API is asked.
                (StatusCode::TOO_MANY_REQUESTS, None) => {
                    Answer::bytes(status, "text/plain", b"Retry later\n".to_vec())
                }
                (_, Some(message)) => Answer::message(status, message.as_str()),
                (_, None) => Answer::message(status, status.to_string()),
            };
            let seconds = retry_after.map(|seconds| (header::RETRY_AFTER, seconds.to_string()));
            Some(seconds.into_iter().fold(answer, |answer, (name, value)| {
                answer.with_header(name, value)
            }))
        }
        Fault::Refuse
        | Fault::LostAnswer
        | Fault::HalfAnswer
        | Fault::Delay { .. }
        | Fault::Late { .. }
        | Fault::Garbage
        | Fault::Redirect
        | Fault::Kill { .. }
        | Fault::Stop { .. } => None,
    }
}
