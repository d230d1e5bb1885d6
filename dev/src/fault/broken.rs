//! Answers that never arrive, or arrive in part.
//!
//! The server writes an answer's head into a buffer and flushes it only after it has asked the body for its first
//! frame. A body that fails on that first question ends the connection with the buffer unsent: the client sees the
//! connection close without one byte. A body that first yields half of its bytes, lets them be flushed, and fails
//! then, ends it in the middle. Both behaviours are proven by the tests beside this file, over a real socket.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use http::header::CONTENT_LENGTH;
use http::response::Parts;

/// As long as a server takes at most to send what it holds.
const FLUSHED: Duration = Duration::from_millis(20);

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
    half_answered_then(whole, async {}).await
}

/// Makes the same answer, where `then` is done once half is sent and before the connection is closed.
pub async fn half_answered_then(
    whole: Response,
    then: impl Future<Output = ()> + Send + 'static,
) -> Response {
    let (mut head, bytes) = held(whole).await;
    head.headers
        .insert(CONTENT_LENGTH, bytes.len().max(1).into());
    let half = bytes.slice(..bytes.len() / 2);
    let first = stream::iter([Ok(half)]);
    let then = stream::once(async {
        // The pause lets the server flush what it has: without it, nothing at all would be sent.
        tokio::time::sleep(FLUSHED).await;
        then.await;
        Err::<Bytes, io::Error>(broken())
    });
    Response::from_parts(head, Body::from_stream(first.chain(then)))
}

/// Makes the answer that is sent whole, where `then` is done right after its last byte.
///
/// The server gives the body up once it has all of it and flushes it before it does anything else; a millisecond
/// later is the earliest moment at which that is sure to have happened.
pub async fn after_it_was_sent(
    whole: Response,
    then: impl Future<Output = ()> + Send + 'static,
) -> Response {
    let (mut head, bytes) = held(whole).await;
    head.headers.insert(CONTENT_LENGTH, bytes.len().into());
    let given_up = GivenUp(Some(Box::pin(then)));
    let all = stream::iter([Ok::<Bytes, Infallible>(bytes)]).map(move |bytes| {
        let _until_here = &given_up;
        bytes
    });
    Response::from_parts(head, Body::from_stream(all))
}

/// Does something once it is dropped.
struct GivenUp(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        let Some(then) = self.0.take() else { return };
        tokio::spawn(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            then.await;
        });
    }
}

async fn held(whole: Response) -> (Parts, Bytes) {
    let (head, body) = whole.into_parts();
    // A body of ours is held in memory already; one that cannot be read counts as empty, for it is cut anyway.
    (head, to_bytes(body, usize::MAX).await.unwrap_or_default())
}
