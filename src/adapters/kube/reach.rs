//! Reach: whether the API server answers, as every request to it shows. Nothing is asked for this alone: there are four
//! watches, each of which is opened anew within five minutes, and at once where it broke.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Method, Request, Response, StatusCode, Uri};
use jiff::Timestamp;
use tokio::time::Instant;
use tower::{BoxError, Layer, Service};

use super::right;
use crate::adapters::cause::chain;
use crate::domain::measure::{CallClass, Host, Verb};
use crate::ports::{Called, Clock, Telemetry};

/// Whoever gives up waiting for an answer after longer than this had none; sooner, somebody else gave up on him.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of the API server.
pub struct Reach {
    clock: Arc<dyn Clock>,
    telemetry: Arc<dyn Telemetry>,
    trouble: Mutex<Option<Trouble>>,
}

struct Trouble {
    since: Timestamp,
    why: String,
}

impl Reach {
    /// Nothing is known yet.
    pub fn new(clock: Arc<dyn Clock>, telemetry: Arc<dyn Telemetry>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            telemetry,
            trouble: Mutex::new(None),
        })
    }

    /// What looks at each request on its way, as the door takes it.
    pub fn watching(self: &Arc<Self>) -> Watching {
        Watching(Arc::clone(self))
    }

    /// Why the API server cannot be relied on, in one sentence; nothing while it answers.
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.held();
        let Trouble { since, why } = trouble.as_ref()?;
        Some(format!(
            "the API server does not answer as it should since {since:.0}: {why}"
        ))
    }

    fn held(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, why: Option<String>) {
        let mut trouble = self.held();
        self.telemetry.api_server_answers(why.is_none());
        match (why, trouble.as_mut()) {
            (None, None) => {}
            (None, Some(_)) => {
                tracing::info!("the API server answers as it should again");
                *trouble = None;
            }
            (Some(why), Some(known)) => known.why = why,
            (Some(why), None) => {
                tracing::warn!(
                    why,
                    "the API server does not answer as it should; it is asked again until it does"
                );
                *trouble = Some(Trouble {
                    since: self.clock.now(),
                    why,
                });
            }
        }
    }
}

/// Puts [`Requests`] in front of a client.
pub struct Watching(Arc<Reach>);

impl<S> Layer<S> for Watching {
    type Service = Requests<S>;

    fn layer(&self, inner: S) -> Requests<S> {
        Requests {
            inner,
            reach: Arc::clone(&self.0),
        }
    }
}

/// Every request, on its way.
pub struct Requests<S> {
    inner: S,
    reach: Arc<Reach>,
}

impl<S, A, B> Service<Request<A>> for Requests<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<B>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let uri = request.uri();
        let sent = Sent {
            reach: Arc::clone(&self.reach),
            verb: verb(request.method(), uri),
            // Nobody tries again to tell an event, so nothing would show that all is well again.
            decides: !uri.path().contains("/events"),
            since: Instant::now(),
            ended: false,
        };
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await.map_err(Into::into);
            sent.end(answer.as_ref().map(Response::status));
            answer
        }
        .boxed()
    }
}

/// One request that is on its way.
struct Sent {
    reach: Arc<Reach>,
    verb: Verb,
    decides: bool,
    since: Instant,
    ended: bool,
}

impl Sent {
    fn end(mut self, answer: Result<StatusCode, &BoxError>) {
        self.ended = true;
        let (class, trouble) = match answer {
            Ok(status) if status.is_server_error() => (
                CallClass::of_status(status.as_u16()),
                Some(format!("it answered {status}")),
            ),
            Ok(status) => (CallClass::of_status(status.as_u16()), None),
            Err(error) => (CallClass::Unanswered, Some(chain(&**error))),
        };
        self.tell(class);
        if self.decides {
            self.reach.note(trouble);
        }
    }

    fn tell(&self, class: CallClass) {
        self.reach.telemetry.called(Called {
            host: Host::Kubernetes,
            verb: self.verb,
            class,
            took: self.since.elapsed(),
        });
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.tell(CallClass::Unanswered);
        let waited = self.since.elapsed();
        if self.decides && waited > PATIENCE {
            let why = format!("no answer within {} s", waited.as_secs());
            self.reach.note(Some(why));
        }
    }
}

/// The verb that rights know a request by.
fn verb(method: &Method, uri: &Uri) -> Verb {
    let right = right::needed(right::CONTROLLER, method, uri);
    right.map_or(Verb::Other, |right| {
        Host::Kubernetes.verb(right.verb.as_str())
    })
}

#[cfg(test)]
mod tests;
