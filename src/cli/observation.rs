//! How the process is seen from outside: its probes and metrics, and what feeds them.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;

use crate::adapters::clock::SystemClock;
use crate::adapters::kube::{Reach, Readiness, Rights, Stores};
use crate::adapters::meter::{self, Meter};
use crate::adapters::serve::{self, Answers};
use crate::adapters::traces::Traces;
use crate::ports::Telemetry;

use super::config::RunOptions;

/// What is seen from outside.
pub(super) struct Observation {
    /// Where probes and metrics are served.
    pub(super) address: SocketAddr,
    /// Who is told of our work.
    pub(super) telemetry: Arc<dyn Telemetry>,
    /// Whether the API server answers.
    pub(super) reach: Arc<Reach>,
    meter: Arc<Meter>,
    readiness: Arc<Readiness>,
}

impl Observation {
    /// Begins to answer, until the process ends.
    ///
    /// # Errors
    /// A sentence when nobody can listen there, or the collector's address cannot be used.
    pub(super) async fn begin(options: &RunOptions) -> Result<Self, String> {
        let traces = match &options.otlp_endpoint {
            Some(endpoint) => {
                let (traces, sending) = Traces::to(endpoint)?;
                tokio::spawn(sending);
                Some(traces)
            }
            None => None,
        };
        let meter = Arc::new(Meter::new(Arc::new(SystemClock)).tracing(traces));
        let telemetry: Arc<dyn Telemetry> = meter.clone();
        let reach = Reach::new(Arc::new(SystemClock), Arc::clone(&telemetry));
        let readiness = Arc::new(Readiness::new(Arc::clone(&reach)));
        let answers = {
            let (readiness, meter) = (Arc::clone(&readiness), Arc::clone(&meter));
            Answers {
                ready: Box::new(move || readiness.check()),
                metrics: Box::new(move || (meter::CONTENT_TYPE, meter.text())),
            }
        };
        let (address, serving) = serve::listen(options.listen, answers).await?;
        tokio::spawn(serving);
        Ok(Self {
            address,
            telemetry,
            reach,
            meter,
            readiness,
        })
    }

    /// What there is, is in these caches from now on, and what we may do is told here.
    pub(super) fn watch(&self, stores: &Stores, rights: watch::Receiver<Rights>) {
        self.readiness.wait_for(stores.clone());
        self.readiness.explain_by(rights);
        self.meter.count_in(Arc::new(stores.clone()));
    }
}
