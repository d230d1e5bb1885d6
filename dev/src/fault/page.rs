//! What a proxy in between answers in a server's place: pages for people.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};

/// Where the login page is.
pub const LOGIN: &str = "/__login";

const TEXT: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
    <body><h1>Sign in to continue</h1><form method=\"post\"><input name=\"user\"></form></body></html>\n";

/// Answers the page itself, with status 200.
#[must_use]
pub fn login_page() -> Response {
    let mut page = Response::new(Body::from(TEXT));
    page.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    page
}

/// Answers the way to the page.
#[must_use]
pub fn to_login() -> Response {
    let mut way = Response::new(Body::empty());
    *way.status_mut() = StatusCode::FOUND;
    way.headers_mut()
        .insert(LOCATION, HeaderValue::from_static(LOGIN));
    way
}
