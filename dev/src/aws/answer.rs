//! Answers, and the shape errors have in each of AWS's protocols.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::call::Protocol;

/// A whole answer, held in memory until the journal has its line.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers that matter to a client.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// Answers a JSON document with status 200.
    #[must_use]
    pub fn json(document: &Value) -> Self {
        Self::new(
            StatusCode::OK,
            "application/x-amz-json-1.1",
            document.to_string(),
        )
    }

    /// Answers an XML document with status 200.
    #[must_use]
    pub fn xml(document: String) -> Self {
        Self::new(StatusCode::OK, "text/xml", document)
    }

    fn new(status: StatusCode, kind: &'static str, body: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    /// Reads the body as JSON, where it is.
    #[must_use]
    pub fn document(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Replaces the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Turns this into what the server sends.
    #[must_use]
    pub fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Why a call was not served, before it has the shape of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of refusal, which decides code and status in each protocol.
    pub kind: RefusalKind,
    /// The sentence.
    pub message: String,
}

/// The kinds of refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalKind {
    /// Nobody known by that key.
    UnknownKey,
    /// The session is over.
    Expired,
    /// The caller may not do that.
    Denied,
    /// Anything else: an error code of the service and its HTTP status.
    Code(String, u16),
}

impl Refusal {
    /// Refuses what the caller may not do.
    #[must_use]
    pub fn denied(message: impl Into<String>) -> Self {
        Self {
            kind: RefusalKind::Denied,
            message: message.into(),
        }
    }

    /// Refuses with an error code of the service and status 400.
    #[must_use]
    pub fn code(code: &str, message: impl Into<String>) -> Self {
        Self::with_status(code, 400, message)
    }

    /// Refuses with an error code of the service and a status.
    #[must_use]
    pub fn with_status(code: &str, status: u16, message: impl Into<String>) -> Self {
        Self {
            kind: RefusalKind::Code(code.to_owned(), status),
            message: message.into(),
        }
    }

    /// Says that something behind the gate did not answer as it must.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::with_status("InternalFailure", 500, message)
    }

    /// Names the error code and HTTP status this has in a protocol.
    #[must_use]
    pub fn code_in(&self, protocol: Protocol) -> (&str, u16) {
        use Protocol::{Ec2, Json, Query, Rest};
        match (&self.kind, protocol) {
            (RefusalKind::UnknownKey, Query) => ("InvalidClientTokenId", 403),
            (RefusalKind::UnknownKey, Ec2) => ("AuthFailure", 401),
            (RefusalKind::UnknownKey, Json) => ("UnrecognizedClientException", 400),
            (RefusalKind::UnknownKey, Rest) => ("UnrecognizedClientException", 403),
            (RefusalKind::Expired, Query) => ("ExpiredToken", 403),
            (RefusalKind::Expired, Ec2) => ("RequestExpired", 400),
            (RefusalKind::Expired, Json) => ("ExpiredTokenException", 400),
            (RefusalKind::Expired, Rest) => ("ExpiredTokenException", 403),
            (RefusalKind::Denied, Query) => ("AccessDenied", 403),
            (RefusalKind::Denied, Ec2) => ("UnauthorizedOperation", 403),
            (RefusalKind::Denied, Json) => ("AccessDeniedException", 400),
            (RefusalKind::Denied, Rest) => ("AccessDeniedException", 403),
            (RefusalKind::Code(code, status), _) => (code, *status),
        }
    }

    /// Gives this the shape of a protocol.
    #[must_use]
    pub fn answer(&self, protocol: Protocol, retry_after: Option<u64>) -> Answer {
        let (code, status) = self.code_in(protocol);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = escaped(&self.message);
        let mut answer = match protocol {
            Protocol::Query => Answer::new(
                status,
                "text/xml",
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
                     <Message>{message}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
                ),
            ),
            Protocol::Ec2 => Answer::new(
                status,
                "text/xml",
                format!(
                    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                     <RequestID>{REQUEST_ID}</RequestID></Response>"
                ),
            ),
            Protocol::Json => Answer::new(
                status,
                "application/x-amz-json-1.1",
                json!({ "__type": code, "message": self.message }).to_string(),
            ),
            Protocol::Rest => {
                let body = json!({ "message": self.message, "code": code }).to_string();
                Answer::new(status, "application/json", body)
            }
        };
        if let Ok(code) = HeaderValue::from_str(code) {
            answer.headers.insert("x-amzn-errortype", code);
        }
        if let Some(seconds) = retry_after {
            answer.headers.insert(RETRY_AFTER, seconds.into());
        }
        answer
    }
}

/// The request id of every answer the gate makes itself.
pub const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// Makes a text fit to stand in XML.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
