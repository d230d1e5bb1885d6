//! Telemetry that nobody listens to.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::identity::Kind;
use crate::domain::measure::PassResult;
use crate::domain::verdict::Verdict;
use crate::ports::{Acted, Called, Seen, Telemetry};

/// Takes everything and keeps nothing: for tests, and for worlds in a model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silence;

impl Telemetry for Silence {
    fn seen(&self, _: &Seen<'_>) {}
    fn acting(&self, _: &str) {}
    fn acted(&self, _: &Acted<'_>) {}
    fn told(&self, _: Kind, _: &str, _: &Verdict) {}
    fn ended(&self, _: Kind, _: PassResult) {}
    fn under_way(&self, _: Kind, _: usize) {}
    fn queued(&self, _: Kind, _: usize) {}
    fn took(&self, _: Kind, _: Duration) {}
    fn gone(&self, _: &str) {}
    fn called(&self, _: Called) {}
    fn budget(&self, _: u64) {}
    fn token_ends(&self, _: Option<Timestamp>) {}
    fn leads(&self, _: bool) {}
    fn api_server_answers(&self, _: bool) {}
}
