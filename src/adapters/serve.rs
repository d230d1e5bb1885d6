//! What is served to the cluster itself: probes and metrics. Nothing else is answered.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

/// What is answered, as it is when somebody asks.
pub struct Answers {
    /// Whether the process is ready, or why it is not.
    pub ready: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// The metrics, and their content type.
    pub metrics: Box<dyn Fn() -> (&'static str, String) + Send + Sync>,
}

/// Begins to listen. Answers where, and what serves there until it is dropped.
///
/// # Errors
/// A sentence when nobody can listen there.
pub async fn listen(
    address: SocketAddr,
    answers: Answers,
) -> Result<(SocketAddr, impl Future<Output = ()> + Send + 'static), String> {
    let sentence = |error: std::io::Error| {
        format!("nobody can listen on {address} ({error}); give another address with --listen")
    };
    let listener = TcpListener::bind(address).await.map_err(sentence)?;
    let here = listener.local_addr().map_err(sentence)?;
    let serving = async move {
        // It goes on whatever a connection does, so there is no error to tell.
        let _ = axum::serve(listener, router(answers)).await;
    };
    Ok((here, serving))
}

fn router(answers: Answers) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(async || {
            let known = "only /livez, /readyz and /metrics are answered here\n";
            (StatusCode::NOT_FOUND, known)
        })
        .with_state(Arc::new(answers))
}

async fn ready(State(answers): State<Arc<Answers>>) -> impl IntoResponse {
    match (answers.ready)() {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

async fn metrics(State(answers): State<Arc<Answers>>) -> impl IntoResponse {
    let (kind, text) = (answers.metrics)();
    ([(CONTENT_TYPE, kind)], text)
}

#[cfg(test)]
mod tests;
