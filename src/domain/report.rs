//! Reports: what is told of a pass. Status, notices and the time of the next look, computed once.

mod application;
mod environment;
mod memory;
mod project;
mod provider;
mod readiness;

pub use application::{application, blocked_application};
pub use environment::environment;
pub use memory::{Journal, absorb_application, absorb_provider};
pub(crate) use project::{follow, learn_project};
pub use provider::{blocked_provider, provider};

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::condition::ConditionType;

use super::condition::Claim;
use super::notice::{Notice, NoticeKind};
use super::settings::Settings;
use super::verdict::{Backoff, Verdict};

/// What is told of one pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Report<S> {
    /// The whole status.
    pub status: S,
    /// A transition worth an event.
    pub notice: Option<Notice>,
    /// When to look again, before jitter. None: only when something wakes us.
    pub requeue: Option<Duration>,
    /// The verdict that was told.
    pub verdict: Verdict,
}

/// What is the same for all reports of a pass.
pub struct Telling<'a> {
    /// The generation that was decided on.
    pub generation: i64,
    /// Conditions as they stand in the object.
    pub previous: &'a [Condition],
    /// Warnings that do not depend on the object.
    pub advisories: &'a [Claim],
    /// Passes in a row that ended blocked.
    pub failures: u32,
    /// What the installation was started with.
    pub settings: &'a Settings,
    /// Now.
    pub now: Timestamp,
}

/// The longest wait between two tries of something that fails.
const LONGEST_BACKOFF: Duration = Duration::from_mins(5);

impl Telling<'_> {
    /// When to look again after `verdict`.
    fn requeue(&self, verdict: &Verdict) -> Duration {
        match verdict {
            Verdict::Settled | Verdict::Waiting(..) | Verdict::Stalled(..) | Verdict::Suspended => {
                self.settings.resync_interval
            }
            Verdict::Progressing(..) => self.settings.poll_interval,
            Verdict::Blocked(_, _, Backoff::Exactly(after)) => *after,
            Verdict::Blocked(_, _, Backoff::Growing) => {
                let factor = 2_u32.saturating_pow(self.failures.min(16));
                self.settings
                    .poll_interval
                    .saturating_mul(factor)
                    .min(LONGEST_BACKOFF)
            }
        }
    }

    /// The event that a change of `Ready` is worth.
    fn notice(&self, conditions: &[Condition], verdict: &Verdict) -> Option<Notice> {
        let ready = |conditions: &[Condition]| {
            conditions
                .iter()
                .find(|c| c.type_ == ConditionType::Ready.as_str())
                .map(|c| (c.status.clone(), c.reason.clone()))
        };
        if ready(self.previous) == ready(conditions) {
            return None;
        }
        let (reason, message) = verdict.reason();
        let kind = match verdict {
            Verdict::Stalled(..) | Verdict::Blocked(..) => NoticeKind::Warning,
            Verdict::Settled
            | Verdict::Progressing(..)
            | Verdict::Waiting(..)
            | Verdict::Suspended => NoticeKind::Normal,
        };
        Some(Notice::new(kind, reason.as_str(), message))
    }
}
