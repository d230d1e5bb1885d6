//! What every request passes: the rate gate, the limit of concurrent requests, the deadline.
//!
//! The gate is asked before a request stands in any queue, so that nobody waits in vain, and once more directly before
//! it is sent: it travels with the request, because only the client knows that moment.
//!
//! Only answers that are a success reach the crate, which would drop most of what a refusal says.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gitlab::api::{ApiError, AsyncClient, RestClient};
use http::header::LOCATION;
use http::request::Builder;
use http::{Response, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use super::said::Said;
use super::wait::asked_wait;
use crate::adapters::gate::Gate;
use crate::adapters::silence::Silence;
use crate::domain::measure::{CallClass, Host, Verb};
use crate::ports::{Called, Telemetry};

/// Requests to one host that may be under way at once.
const CONCURRENT: usize = 16;

/// What requests travel through.
pub type GitlabClient = dyn AsyncClient<Error = WireError> + Send + Sync;

/// How much of an answer is wanted. Travels in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All of it; more bytes than this are a failure.
    Whole(usize),
    /// The last bytes of it.
    Tail(usize),
}

/// Why there is no answer that the crate could read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// There is no token to send. Nothing was sent.
    #[error("{0}")]
    Token(String),
    /// GitLab asked us to wait this long.
    #[error("GitLab asked for a pause")]
    Throttled {
        /// How long.
        after: Duration,
        /// What this answer said; none when nothing was sent because an earlier one said so.
        said: Option<Said>,
    },
    /// No complete answer in this time.
    #[error("there was no complete answer within {0:?}")]
    Deadline(Duration),
    /// No complete answer.
    #[error("{0}")]
    Transport(String),
    /// The answer is longer than anything we asked for could be.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// A complete answer that is not a success.
    #[error("GitLab answered {}", .0.status)]
    Refused(Refusal),
}

/// A complete answer that is not a success.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Its status.
    pub status: StatusCode,
    /// What it said.
    pub said: Said,
    /// Where it sent us, if it did.
    pub location: Option<Location>,
}

/// Where a redirect leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// To a project's number, in the same API: the project was renamed or moved.
    Project(String),
    /// Anywhere else, to this host.
    Elsewhere(String),
}

/// Whether a request may be sent now; what its sender learns where it may not.
pub(super) fn pass(gate: &Gate) -> Result<(), WireError> {
    gate.remaining(Instant::now()).map_or(Ok(()), |after| {
        Err(WireError::Throttled { after, said: None })
    })
}

pub(super) struct Wire {
    client: Box<GitlabClient>,
    gate: Arc<Gate>,
    places: Semaphore,
    timeout: Duration,
    pub(super) telemetry: Arc<dyn Telemetry>,
}

impl Wire {
    pub(super) fn new(client: Box<GitlabClient>, timeout: Duration) -> Self {
        Self {
            client,
            gate: Arc::default(),
            places: Semaphore::new(CONCURRENT),
            timeout,
            telemetry: Arc::new(Silence),
        }
    }

    /// A client for requests whose answers are wanted this far.
    pub(super) const fn call(&self, keep: Keep) -> Call<'_> {
        Call { wire: self, keep }
    }

    async fn send(
        &self,
        mut request: Builder,
        body: Vec<u8>,
    ) -> Result<Response<Bytes>, ApiError<WireError>> {
        pass(&self.gate).map_err(ApiError::client)?;
        if let Some(extensions) = request.extensions_mut() {
            extensions.insert(Arc::clone(&self.gate));
        }
        let place = self.places.acquire().await;
        // It may have closed while we stood in the queue.
        pass(&self.gate).map_err(ApiError::client)?;
        let verb = verb(&request);
        let since = Instant::now();
        let answer =
            tokio::time::timeout(self.timeout, self.client.rest_async(request, body)).await;
        drop(place);
        self.tell(verb, answer.as_ref().ok(), since.elapsed());
        let answer = answer.map_err(|_| ApiError::client(WireError::Deadline(self.timeout)))??;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let said = Said::read(answer.body());
        let wait = asked_wait(status, answer.headers());
        if let Some(after) = wait {
            self.gate.close(Instant::now(), after);
        }
        // Any other refusal means what it says: what it was asked for may have happened.
        if let (StatusCode::TOO_MANY_REQUESTS, Some(after)) = (status, wait) {
            let said = Some(said);
            return Err(ApiError::client(WireError::Throttled { after, said }));
        }
        let location = answer
            .headers()
            .get(LOCATION)
            .filter(|_| status.is_redirection())
            .map(|to| self.location(&String::from_utf8_lossy(to.as_bytes())));
        Err(ApiError::client(WireError::Refused(Refusal {
            status,
            said,
            location,
        })))
    }

    /// Tells of a request that was sent; what did not get so far is none.
    fn tell(&self, verb: Verb, answer: Option<&Answer>, took: Duration) {
        let class = match answer {
            Some(Ok(answer)) => {
                if let Some(left) = remaining(answer.headers()) {
                    self.telemetry.budget(left);
                }
                CallClass::of_status(answer.status().as_u16())
            }
            Some(Err(ApiError::Client {
                source: WireError::Token(_) | WireError::Throttled { .. },
            })) => return,
            Some(Err(_)) | None => CallClass::Unanswered,
        };
        self.telemetry.called(Called {
            host: Host::GitLab,
            verb,
            class,
            took,
        });
    }

    fn location(&self, to: &str) -> Location {
        let Ok(projects) = self.client.rest_endpoint("projects/") else {
            return Location::Elsewhere(String::new());
        };
        let Ok(to) = projects.join(to) else {
            return Location::Elsewhere(String::new());
        };
        let number = to.as_str().strip_prefix(projects.as_str()).map(|rest| {
            rest.chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
        });
        match number {
            Some(number) if !number.is_empty() => Location::Project(number),
            Some(_) | None => Location::Elsewhere(to.origin().ascii_serialization()),
        }
    }
}

type Answer = Result<Response<Bytes>, ApiError<WireError>>;

fn verb(request: &Builder) -> Verb {
    let method = request.method_ref().map_or("", http::Method::as_str);
    Host::GitLab.verb(&method.to_ascii_lowercase())
}

/// How many requests GitLab says it still takes.
fn remaining(headers: &http::HeaderMap) -> Option<u64> {
    let left = headers.get("ratelimit-remaining")?;
    left.to_str().ok()?.trim().parse().ok()
}

/// One call through the wire: the crate's client for it.
pub(super) struct Call<'a> {
    wire: &'a Wire,
    keep: Keep,
}

impl RestClient for Call<'_> {
    type Error = WireError;

    fn rest_endpoint(&self, endpoint: &str) -> Result<Url, ApiError<WireError>> {
        self.wire.client.rest_endpoint(endpoint)
    }
}

#[async_trait]
impl AsyncClient for Call<'_> {
    async fn rest_async(
        &self,
        mut request: Builder,
        body: Vec<u8>,
    ) -> Result<Response<Bytes>, ApiError<WireError>> {
        if let Some(extensions) = request.extensions_mut() {
            extensions.insert(self.keep);
        }
        self.wire.send(request, body).await
    }
}
