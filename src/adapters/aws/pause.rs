//! Pauses: a host that asked to be left alone is, by every session, and by the SDK's own repeats.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_sts::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use http::Uri;
use tokio::time::Instant;

use super::failure;
use crate::adapters::gate::Gate;
use crate::domain::measure::{CallClass, Host};
use crate::ports::{Called, Telemetry};

/// Nothing was sent: the host asked to be left alone this long.
#[derive(Debug, thiserror::Error)]
#[error("the service asked for a pause")]
pub(super) struct Paused(pub(super) Duration);

/// The hosts of one service, one in each region. Those of AWS say by a header how long they want to be left
/// alone, or nothing: then the loop's own waits are enough.
///
/// Only here it is known which attempts are sent, so they are told of here.
pub(super) struct Pauses {
    service: Host,
    telemetry: Arc<dyn Telemetry>,
    hosts: Mutex<HashMap<String, Gate>>,
}

impl fmt::Debug for Pauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pauses").field(&self.service).finish()
    }
}

impl Pauses {
    /// Those of one service.
    pub(super) fn of(service: Host, telemetry: &Arc<dyn Telemetry>) -> Self {
        Self {
            service,
            telemetry: Arc::clone(telemetry),
            hosts: Mutex::default(),
        }
    }

    /// How long a host is to be left alone still.
    fn remaining(&self, host: &str) -> Option<Duration> {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(host)?.remaining(Instant::now())
    }

    /// Leaves a host alone for at least this long.
    fn leave(&self, host: &str, after: Duration) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = hosts.entry(host.to_owned()).or_default();
        gate.close(Instant::now(), after);
    }
}

/// An attempt that is sent: to which host, and since when.
#[derive(Clone, Debug)]
struct Attempt(String, Instant);

impl Storable for Attempt {
    type Storer = StoreReplace<Self>;
}

fn host(uri: &str) -> Option<String> {
    let uri: Uri = uri.parse().ok()?;
    uri.authority().map(ToString::to_string)
}

impl Intercept for Pauses {
    fn name(&self) -> &'static str {
        "pauses"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().unset::<Attempt>();
        let Some(host) = host(context.request().uri()) else {
            return Ok(());
        };
        if let Some(after) = self.remaining(&host) {
            return Err(Paused(after).into());
        }
        let attempt = Attempt(host, Instant::now());
        config.interceptor_state().store_put(attempt);
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !context.response().status().is_success()
            && let Some(after) = failure::asked_wait(context.response())
            && let Some(Attempt(host, _)) = config.load::<Attempt>()
        {
            self.leave(host, after);
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Attempt(_, since)) = config.load::<Attempt>() else {
            return Ok(());
        };
        let operation = config.load::<Metadata>().map_or("", Metadata::name);
        let status = context.response().map(|answer| answer.status().as_u16());
        self.telemetry.called(Called {
            host: self.service,
            verb: self.service.verb(operation),
            class: status.map_or(CallClass::Unanswered, CallClass::of_status),
            took: since.elapsed(),
        });
        Ok(())
    }
}
