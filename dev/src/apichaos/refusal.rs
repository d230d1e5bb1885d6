//! How the API server says no.

use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::asked::Asked;
use crate::fault::Fault;

/// Makes the `Status` of a failure.
#[must_use]
pub fn status(code: u16, reason: &str, message: &str, retry_after: Option<u64>) -> Value {
    let details = retry_after.map(|seconds| json!({ "retryAfterSeconds": seconds }));
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details.unwrap_or_else(|| json!({})),
        "code": code,
    })
}

/// Makes the `Status` that says that a version is too old to go on from.
#[must_use]
pub fn expired() -> Value {
    status(410, "Expired", "too old resource version: 1 (2)", None)
}

/// Makes the answer with a `Status`.
#[must_use]
pub fn answer(status: &Value) -> Response {
    let code = status["code"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok());
    let code = code.and_then(|code| StatusCode::from_u16(code).ok());
    let mut answer = axum::Json(status).into_response();
    *answer.status_mut() = code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = status
        .pointer("/details/retryAfterSeconds")
        .and_then(Value::as_u64)
    {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// Answers what a fault says in the API server's words; nothing where it says nothing.
#[must_use]
pub fn of(fault: &Fault, asked: &Asked) -> Option<Response> {
    match fault {
        Fault::Status {
            status: code,
            retry_after,
            code: reason,
            message,
        } => {
            let reason = reason.as_deref().unwrap_or_else(|| usual(*code));
            let message = message.as_deref().unwrap_or("injected by the local world");
            Some(answer(&status(*code, reason, message, *retry_after)))
        }
        Fault::Deny => {
            let message = format!(
                "{} is forbidden: User {:?} cannot {} it",
                asked.path, asked.actor, asked.label.verb
            );
            Some(answer(&status(403, "Forbidden", &message, None)))
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

fn usual(code: u16) -> &'static str {
    match code {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "",
    }
}
