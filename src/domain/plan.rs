//! Plans: what to do next, and what to say if nothing is to be done. Pure and total.
//!
//! A plan is one stage: steps in order, each only after the one before it succeeded. What comes
//! after depends on what is seen then, so there is never a second stage to remember.

mod application;
mod effects;
mod pipeline;
mod provider;
mod repository;
mod rollout;

pub use application::application;
pub(crate) use application::is_unusable;
pub use effects::{Settlement, awaited, has_time, settle};
pub use pipeline::{PipelineState, pipeline_state, takes_long};
pub use provider::{provider, provisioned};
pub use rollout::{Rollouts, decide as rollouts};

use crate::api::PipelineStatus;

use super::condition::Claim;
use super::step::{Outcome, Step};
use super::target::Scope;
use super::verdict::Verdict;

/// What a pass decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Intents whose outcome was found outside.
    pub settled: Vec<Outcome>,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// Conditions as far as this plan knows them; `Ready` and the kstatus ones come from the verdict.
    pub claims: Vec<Claim>,
    /// What to say.
    pub verdict: Verdict,
    /// Whether open intents are to be forgotten: nobody wants them any more, and whoever wants the same
    /// later wants it anew.
    pub gives_up: bool,
}

/// Whether a person asked for another try since this pipeline. Taking the annotation away asks for
/// nothing.
fn is_retried(scope: &Scope, pipeline: Option<&PipelineStatus>) -> bool {
    let answered = pipeline.map_or("", |pipeline| pipeline.retry.as_str());
    !scope.retry.is_empty() && scope.retry != answered
}

impl Plan {
    /// A plan that does nothing.
    pub fn quiet(verdict: Verdict) -> Self {
        Self {
            settled: Vec::new(),
            steps: Vec::new(),
            claims: Vec::new(),
            verdict,
            gives_up: false,
        }
    }
}
