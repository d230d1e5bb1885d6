//! Answers: status, headers and body, as GitLab gives them.

use std::ops::{Deref, DerefMut};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

/// What a handler gives back; an error is an answer as well.
pub type Reply = Result<Answer, Answer>;

/// One answer; boxed, for it travels as an error through most functions of the API.
#[derive(Debug, Clone)]
pub struct Answer(Box<Parts>);

/// The parts of an answer.
#[derive(Debug, Clone)]
pub struct Parts {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers beyond those that every answer has.
    pub headers: Vec<(HeaderName, String)>,
    /// Body.
    pub body: Bytes,
    /// Small facts for the journal.
    pub detail: Map<String, Value>,
}

impl Deref for Answer {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl DerefMut for Answer {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

impl Answer {
    /// Answers JSON.
    pub fn json(status: StatusCode, body: &Value) -> Self {
        let mut answer = Self::bytes(status, "application/json", body.to_string().into_bytes());
        answer.headers.push((header::VARY, "Origin".into()));
        answer
    }

    /// Answers 200 with JSON.
    pub fn ok(body: &Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// Answers 201 with JSON.
    pub fn created(body: &Value) -> Self {
        Self::json(StatusCode::CREATED, body)
    }

    /// Answers bytes of some type.
    pub fn bytes(status: StatusCode, content_type: &str, body: Vec<u8>) -> Self {
        let mut answer = Self::empty(status).with_header(header::CONTENT_TYPE, content_type);
        answer.body = body.into();
        answer
    }

    /// Answers a status alone.
    pub fn empty(status: StatusCode) -> Self {
        let parts = Parts {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            detail: Map::new(),
        };
        Self(Box::new(parts))
    }

    /// Answers an error whose body is `{"message": …}`.
    pub fn message(status: StatusCode, message: impl Into<Value>) -> Self {
        Self::json(status, &json!({ "message": message.into() }))
    }

    /// Answers 400 with a sentence.
    pub fn bad_request(message: impl Into<Value>) -> Self {
        Self::message(StatusCode::BAD_REQUEST, message)
    }

    /// Answers 400 as GitLab does for a parameter that is missing or of the wrong kind.
    pub fn bad_parameter(error: impl Into<String>) -> Self {
        Self::json(StatusCode::BAD_REQUEST, &json!({ "error": error.into() }))
    }

    /// Answers 401.
    pub fn unauthorized() -> Self {
        Self::message(StatusCode::UNAUTHORIZED, "401 Unauthorized")
    }

    /// Answers 403, with the reason where there is one.
    pub fn forbidden(reason: Option<&str>) -> Self {
        let message = match reason {
            Some(reason) => format!("403 Forbidden - {reason}"),
            None => "403 Forbidden".into(),
        };
        Self::message(StatusCode::FORBIDDEN, message)
    }

    /// Answers 404 for a kind of thing.
    pub fn not_found(what: &str) -> Self {
        let message = if what.is_empty() {
            "404 Not found".into()
        } else {
            format!("404 {what} Not Found")
        };
        Self::message(StatusCode::NOT_FOUND, message)
    }

    /// Answers 500 for a failure of our own, and tells the log.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "the stand-in could not serve a request");
        Self::message(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("500 Internal Server Error: {error}"),
        )
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a fact for the journal.
    #[must_use]
    pub fn with_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.into(), value.into());
        self
    }

    /// Makes the HTTP response.
    pub fn into_response(self) -> Response {
        let parts = *self.0;
        let mut response = Response::new(Body::from(parts.body));
        *response.status_mut() = parts.status;
        for (name, value) in parts.headers {
            match HeaderValue::from_str(&value) {
                Ok(value) => {
                    response.headers_mut().append(name, value);
                }
                Err(_) => tracing::warn!(%name, %value, "left out a header that HTTP cannot carry"),
            }
        }
        response
    }
}

impl From<std::io::Error> for Answer {
    fn from(error: std::io::Error) -> Self {
        Self::internal(&error)
    }
}
