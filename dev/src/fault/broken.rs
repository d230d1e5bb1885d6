//! Answers that never arrive, or arrive in part.
//!
//! The server writes an answer's head into a buffer and flushes it only after it has asked the body for its first
//! frame. A body that fails on that first question ends the connection with the buffer unsent: the client sees the
//! connection close without one byte. A body that first yields half of its bytes, lets them be flushed, and fails
//! then, ends it in the middle. Both behaviours are proven by the tests beside this file, over a real socket.

use std::convert::Infallible;
use std::io;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use http::header::CONTENT_LENGTH;

fn broken() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the connection is closed on request",
    )
}

/// Makes the answer that closes the connection without sending a byte.
#[must_use]
pub fn closed_without_answer() -> Response {
    let fails_at_once = stream::once(async { Err::<Bytes, io::Error>(broken()) });
    Response::new(Body::from_stream(fails_at_once))
}

/// Makes the answer that sends the head and half of the body of `whole`, then closes the connection.
///
/// An answer without a body is cut after its head: it still promises one more byte than it sends.
pub async fn half_answered(whole: Response) -> Response {
    let (mut head, body) = whole.into_parts();
    // A body of ours is held in memory already; one that cannot be read counts as empty, for it is cut anyway.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    head.headers
        .insert(CONTENT_LENGTH, bytes.len().max(1).into());
    let half = bytes.slice(..bytes.len() / 2);
    let first = stream::iter([Ok::<Bytes, Infallible>(half)])
        .map(|half| half.map_err(|never| match never {}));
    let then = stream::once(async {
        // The pause lets the server flush what it has: without it, nothing at all would be sent.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        Err::<Bytes, io::Error>(broken())
    });
    Response::from_parts(head, Body::from_stream(first.chain(then)))
}
