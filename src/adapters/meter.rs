//! The meter: what is told of our work, as figures that Prometheus collects.
//!
//! Every label has a closed set of values, and every series is there from the start: what is exported depends on nothing
//! that there is in the cluster.

mod census;
mod figures;
mod life;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::adapters::traces::{Part, Traces};
use crate::domain::identity::Kind;
use crate::domain::measure::{KINDS, Obstacle, PassResult};
use crate::domain::step::{Outcome, StepResult};
use crate::domain::verdict::Verdict;
use crate::ports::{Acted, Cache, Called, Clock, Seen, Telemetry};

use figures::{Figures, of_call, of_effect, of_kind, of_obstacle, of_result};
use life::Lives;

/// What a scrape is answered with.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Counts what is told.
pub struct Meter {
    clock: Arc<dyn Clock>,
    registry: Registry,
    figures: Figures,
    lives: Mutex<Lives>,
    cache: OnceLock<Arc<dyn Cache>>,
    traces: Option<Arc<Traces>>,
}

impl Meter {
    /// A meter that has counted nothing.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let (registry, figures) = figures::registered();
        Self {
            clock,
            registry,
            figures,
            lives: Mutex::default(),
            cache: OnceLock::new(),
            traces: None,
        }
    }

    /// Tells the way of each generation to a collector, too.
    #[must_use]
    pub fn tracing(mut self, traces: Option<Arc<Traces>>) -> Self {
        self.traces = traces;
        self
    }

    /// What there is, is counted in this cache from now on. Only the first one that is given counts.
    pub fn count_in(&self, cache: Arc<dyn Cache>) {
        let _ = self.cache.set(cache);
    }

    /// All figures, as OpenMetrics text.
    pub fn text(&self) -> String {
        let now = self.clock.now();
        self.lives().count(now, |kind, obstacle, seconds| {
            self.note_blocked(kind, obstacle, seconds);
        });
        if let Some(cache) = self.cache.get() {
            census::take(&**cache, &self.figures);
        }
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn lives(&self) -> MutexGuard<'_, Lives> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_blocked(&self, kind: Kind, obstacle: Obstacle, seconds: f64) {
        let series = self
            .figures
            .blocked
            .get_or_create(&of_obstacle(kind, obstacle));
        series.inc_by(seconds);
    }
}

impl Telemetry for Meter {
    fn seen(&self, seen: &Seen<'_>) {
        self.lives().see(seen, self.clock.now());
    }

    fn acting(&self, uid: &str) {
        if self.traces.is_some() {
            self.lives().act(uid, self.clock.now());
        }
    }

    fn acted(&self, acted: &Acted<'_>) {
        let result = match acted.outcome.result {
            StepResult::Done(_) | StepResult::AlreadyDone(_) => "done",
            StepResult::Refused(_) => "refused",
            StepResult::Open(_) => "open",
        };
        let action = acted.outcome.intent.action.name();
        let series = of_effect(acted.identity.kind, action, result);
        self.figures.effects.get_or_create(&series).inc();
        if let Some(traces) = &self.traces
            && let Some((journey, began)) = self.lives().acted(acted.uid)
        {
            let ended = self.clock.now();
            traces.passed(&journey, effect(acted.outcome, began, ended));
        }
    }

    fn told(&self, kind: Kind, uid: &str, verdict: &Verdict) {
        self.ended(kind, PassResult::of(verdict));
        let now = self.clock.now();
        let told = self.lives().tell(uid, verdict, now);
        if let Some((obstacle, seconds)) = told.overcome {
            self.note_blocked(kind, obstacle, seconds);
        }
        if let Some(seconds) = told.took {
            let series = self.figures.time_to_ready.get_or_create(&of_kind(kind));
            series.observe(seconds);
        }
        if let (Some(traces), Some(journey)) = (&self.traces, &told.journey) {
            if let Some((obstacle, began)) = told.waited {
                traces.passed(journey, wait(obstacle, began, now));
            }
            if told.took.is_some() {
                traces.arrived(journey, now);
            }
        }
    }

    fn ended(&self, kind: Kind, result: PassResult) {
        let series = of_result(kind, result);
        self.figures.passes.get_or_create(&series).inc();
    }

    fn under_way(&self, kind: Kind, passes: usize) {
        let series = self.figures.under_way.get_or_create(&of_kind(kind));
        series.set(whole(passes));
    }

    fn queued(&self, kind: Kind, objects: usize) {
        let series = self.figures.queued.get_or_create(&of_kind(kind));
        series.set(whole(objects));
    }

    fn took(&self, kind: Kind, time: Duration) {
        let series = self.figures.took.get_or_create(&of_kind(kind));
        series.observe(time.as_secs_f64());
    }

    fn gone(&self, uid: &str) {
        self.lives().forget(uid);
    }

    fn called(&self, called: Called) {
        let series = self.figures.calls.get_or_create(&of_call(&called));
        series.inc();
        let host = [("host", called.host.as_str())];
        let series = self.figures.call_time.get_or_create(&host);
        series.observe(called.took.as_secs_f64());
    }

    fn budget(&self, left: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a limit is a few thousand")]
        self.figures.budget.set(left as f64);
    }

    fn token_ends(&self, at: Option<Timestamp>) {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let at = at.map_or(f64::INFINITY, |at| at.as_second() as f64);
        self.figures.token_ends.set(at);
    }

    fn leads(&self, leads: bool) {
        if !leads {
            // Whoever leads now has the passes, and tells of the waits.
            self.lives().forget_all();
            for kind in KINDS {
                self.under_way(kind, 0);
                self.queued(kind, 0);
            }
        }
        self.figures.leads.set(i64::from(leads));
    }

    fn api_server_answers(&self, answers: bool) {
        self.figures.reachable.set(i64::from(answers));
    }
}

/// An effect, as a part of a journey.
fn effect(outcome: &Outcome, began: Timestamp, ended: Timestamp) -> Part {
    let failure = match &outcome.result {
        StepResult::Done(_) | StepResult::AlreadyDone(_) => None,
        StepResult::Refused(failure) | StepResult::Open(failure) => Some(failure.message.clone()),
    };
    Part {
        name: outcome.intent.action.name().into(),
        began,
        ended,
        details: vec![
            ("harmonix.subject", outcome.intent.action.subject()),
            ("harmonix.intent", outcome.intent.id.to_string()),
        ],
        failure,
    }
}

/// A wait, as a part of a journey.
fn wait(obstacle: Obstacle, began: Timestamp, ended: Timestamp) -> Part {
    Part {
        name: format!("waiting: {}", obstacle.as_str()).into(),
        began,
        ended,
        details: Vec::new(),
        failure: None,
    }
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
