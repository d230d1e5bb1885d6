//! Pauses: a host that asked to be left alone is, by every session, and by the SDK's own repeats.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_sts::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::BoxError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use http::Uri;
use tokio::time::Instant;

use super::failure;
use crate::adapters::gate::Gate;

/// Nothing was sent: the host asked to be left alone this long.
#[derive(Debug, thiserror::Error)]
#[error("the service asked for a pause")]
pub(super) struct Paused(pub(super) Duration);

/// The hosts of one service, one in each region. Those of AWS say by a header how long they want to be left
/// alone, or nothing: then the loop's own waits are enough.
#[derive(Debug, Default)]
pub(super) struct Pauses(Mutex<HashMap<String, Gate>>);

impl Pauses {
    /// How long a host is to be left alone still.
    fn remaining(&self, host: &str) -> Option<Duration> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(host)?.remaining(Instant::now())
    }

    /// Leaves a host alone for at least this long.
    fn leave(&self, host: &str, after: Duration) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = hosts.entry(host.to_owned()).or_default();
        gate.close(Instant::now(), after);
    }
}

/// The host that an attempt goes to.
#[derive(Clone, Debug)]
struct Host(String);

impl Storable for Host {
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
        let Some(host) = host(context.request().uri()) else {
            return Ok(());
        };
        if let Some(after) = self.remaining(&host) {
            return Err(Paused(after).into());
        }
        config.interceptor_state().store_put(Host(host));
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
            && let Some(Host(host)) = config.load::<Host>()
        {
            self.leave(host, after);
        }
        Ok(())
    }
}
