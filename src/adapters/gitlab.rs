//! GitLab, through the `gitlab` crate: its endpoint builders say what is asked, its `AsyncClient` is
//! the seam under which requests travel.
//!
//! The crate's own client is not used. It asks `GET /user` when it is made, which the budget of a
//! new application forbids; it follows redirects with the token in a header of its own, which no
//! HTTP library takes off for a foreign host; and it has neither a deadline nor a bound on what it
//! reads. [`Connection`](connection) is a client of ours over the same HTTP library without these.
//!
//! From the outside in: a port's verb ([`project`], [`file`], ...) builds an endpoint; [`GitlabHost::ask`]
//! sends it as one [`Attempt`]; [`wire`] keeps the host's rate gate, the limit of concurrent requests
//! and the deadline; [`failure`] says once what a refusal means. Nothing here retries or waits for
//! better times: that belongs to the loop.

mod access;
mod address;
mod attempt;
mod connection;
mod failure;
mod file;
mod group;
mod history;
mod job;
mod pipeline;
mod project;
mod said;
mod token;
mod trace;
mod tree;
mod wait;
mod wire;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use gitlab::api::{self, AsyncQuery, Endpoint, Pageable, Pagination};
use serde::de::DeserializeOwned;

use crate::domain::failure::{Failure, FailureKind};
use crate::ports::Telemetry;

pub use address::GitlabAddress;
pub use wire::{GitlabClient, Keep, WireError};

use attempt::Attempt;
use connection::Connection;
use group::Groups;
use wire::Wire;

/// What one answer may weigh.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// One GitLab instance: implements the ports `Projects`, `Files`, `Pipelines` and `Access`.
pub struct GitlabHost {
    wire: Wire,
    groups: Groups,
}

impl GitlabHost {
    /// Prepares to talk to the instance at `address`. Sends nothing: a token that does not work is
    /// the failure of the first request, not of the start.
    ///
    /// # Errors
    /// A sentence when the address or the CA bundle cannot be used.
    pub fn new(address: GitlabAddress) -> Result<Self, String> {
        let timeout = address.timeout;
        Ok(Self::over(Box::new(Connection::open(address)?), timeout))
    }

    /// Talks through a client made elsewhere, with this deadline for each request.
    pub fn over(client: Box<GitlabClient>, timeout: Duration) -> Self {
        Self {
            wire: Wire::new(client, timeout),
            groups: Groups::default(),
        }
    }

    /// Tells of its requests.
    #[must_use]
    pub fn telling(mut self, telemetry: Arc<dyn Telemetry>) -> Self {
        self.wire.telemetry = telemetry;
        self
    }

    /// Sends one request and reads its answer.
    async fn ask<T, E>(&self, attempt: &Attempt, endpoint: E) -> Result<T, Failure>
    where
        T: DeserializeOwned + 'static,
        E: Endpoint + Sync,
    {
        let call = self.wire.call(Keep::Whole(ANSWER_LIMIT));
        endpoint
            .query_async(&call)
            .await
            .map_err(|error| failure::classify(attempt, error))
    }

    /// Lists at most `limit` things, 100 per request.
    async fn list<T, E>(
        &self,
        attempt: &Attempt,
        endpoint: E,
        limit: usize,
    ) -> Result<Vec<T>, Failure>
    where
        T: DeserializeOwned + Send + 'static,
        E: Endpoint + Pageable + Sync + Send,
    {
        let call = self.wire.call(Keep::Whole(ANSWER_LIMIT));
        let mut found: Vec<T> = api::paged(endpoint, Pagination::Limit(limit))
            .query_async(&call)
            .await
            .map_err(|error| failure::classify(attempt, error))?;
        found.truncate(limit);
        Ok(found)
    }

    /// Reads an answer that is not JSON.
    async fn read<E>(&self, attempt: &Attempt, endpoint: E, keep: Keep) -> Result<Vec<u8>, Failure>
    where
        E: Endpoint + Sync,
    {
        let call = self.wire.call(keep);
        api::raw(endpoint)
            .query_async(&call)
            .await
            .map_err(|error| failure::classify(attempt, error))
    }
}

/// Absence as an answer.
fn found<T>(result: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(failure) if failure.kind == FailureKind::Missing => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// An endpoint that its builder accepted, or the failure that says why it did not.
fn built<T, E: Display>(attempt: &Attempt, endpoint: Result<T, E>) -> Result<T, Failure> {
    endpoint.map_err(|error| failure::unsaid(attempt, &error))
}
