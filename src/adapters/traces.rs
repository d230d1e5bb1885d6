//! Traces: what one generation of an object took, from its write until everything was as it says, sent to a collector by
//! OTLP over HTTP. One generation is one trace: its identity follows from the object's uid and the generation, so that every
//! pass and every process adds to the same one.
//!
//! Nobody waits for the collector: what it does not take in time is dropped.

mod exporter;

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use jiff::Timestamp;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use url::Url;

use crate::domain::identity::Identity;

/// Spans that may wait for the collector.
const WAITING: usize = 4096;

/// One generation of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// Which object.
    pub identity: Identity,
    /// Its uid.
    pub uid: String,
    /// The generation.
    pub generation: i64,
    /// When it was written.
    pub since: Timestamp,
}

/// A part of a journey.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is called.
    pub name: Cow<'static, str>,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What more there is to say, by name.
    pub details: Vec<(&'static str, String)>,
    /// Why it failed, where it did.
    pub failure: Option<String>,
}

/// Where journeys are told.
pub struct Traces {
    door: mpsc::Sender<SpanData>,
    scope: InstrumentationScope,
    is_full: AtomicBool,
}

impl Traces {
    /// Prepares to send to the collector at `endpoint`. Sends nothing yet; what is answered beside does, until this is
    /// dropped.
    ///
    /// # Errors
    /// A sentence when the endpoint cannot be used.
    pub fn to(
        endpoint: &Url,
    ) -> Result<(Arc<Self>, impl Future<Output = ()> + Send + use<>), String> {
        let exporter = exporter::to(endpoint)?;
        let (door, spans) = mpsc::channel(WAITING);
        let scope =
            InstrumentationScope::builder("harmonix").with_version(env!("CARGO_PKG_VERSION"));
        let traces = Self {
            door,
            scope: scope.build(),
            is_full: AtomicBool::new(false),
        };
        Ok((Arc::new(traces), exporter::send(exporter, spans)))
    }

    /// A journey ended: everything is as its generation says.
    pub fn arrived(&self, journey: &Journey, at: Timestamp) {
        self.tell(SpanData {
            parent_span_id: SpanId::INVALID,
            ..self.span(
                journey,
                root(journey),
                journey.identity.kind.as_str().into(),
                (journey.since, at),
            )
        });
    }

    /// A part of a journey ended.
    pub fn passed(&self, journey: &Journey, part: Part) {
        let began = part.began.as_nanosecond().to_string();
        // Two of one name may begin in one moment.
        let details = part.details.iter().map(|(_, value)| value.as_str());
        let own: Vec<&str> = [&*part.name, &began].into_iter().chain(details).collect();
        let id = span_id(journey, &own);
        let mut span = self.span(journey, id, part.name, (part.began, part.ended));
        let details = part.details.into_iter();
        span.attributes
            .extend(details.map(|(name, value)| KeyValue::new(name, value)));
        if let Some(failure) = part.failure {
            span.status = Status::error(failure);
        }
        self.tell(span);
    }

    fn span(
        &self,
        journey: &Journey,
        id: SpanId,
        name: Cow<'static, str>,
        (began, ended): (Timestamp, Timestamp),
    ) -> SpanData {
        let trace = TraceId::from_bytes(digest(journey, &["trace"]));
        let mut attributes = vec![
            KeyValue::new("harmonix.kind", journey.identity.kind.as_str()),
            KeyValue::new("harmonix.name", journey.identity.name.clone()),
            KeyValue::new("harmonix.uid", journey.uid.clone()),
            KeyValue::new("harmonix.generation", journey.generation),
        ];
        if !journey.identity.namespace.is_empty() {
            let namespace = journey.identity.namespace.clone();
            attributes.push(KeyValue::new("k8s.namespace.name", namespace));
        }
        SpanData {
            span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::NONE),
            parent_span_id: root(journey),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name,
            start_time: SystemTime::from(began),
            end_time: SystemTime::from(ended.max(began)),
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        }
    }

    fn tell(&self, span: SpanData) {
        let full = self.door.try_send(span).is_err();
        if full && !self.is_full.swap(true, Ordering::Relaxed) {
            tracing::warn!("the collector is too slow for the traces; some are dropped");
        } else if !full {
            self.is_full.store(false, Ordering::Relaxed);
        }
    }
}

fn root(journey: &Journey) -> SpanId {
    span_id(journey, &["root"])
}

fn span_id(journey: &Journey, parts: &[&str]) -> SpanId {
    SpanId::from_bytes(digest(journey, parts))
}

/// The first bytes of what identifies a thing of this journey. Never zero, which would be no identity, but by a chance of
/// one in 2^64.
fn digest<const N: usize>(journey: &Journey, parts: &[&str]) -> [u8; N] {
    let mut hash = Sha256::new();
    let generation = journey.generation.to_string();
    for part in [journey.uid.as_str(), generation.as_str()]
        .iter()
        .chain(parts)
    {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    bytes
}
