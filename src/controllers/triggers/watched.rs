//! Passes, as they are counted: how many are under way, how long each took, and how those ended that came to no verdict.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::Instant;

use crate::domain::identity::Kind;
use crate::domain::measure::PassResult;
use crate::ports::Telemetry;

/// The passes of one kind.
#[derive(Clone)]
pub(super) struct Watched {
    kind: Kind,
    telemetry: Arc<dyn Telemetry>,
    under_way: Arc<AtomicUsize>,
}

/// One pass that is under way.
pub(super) struct Pass {
    passes: Watched,
    began: Instant,
}

impl Watched {
    /// Of this kind, none yet.
    pub(super) fn new(kind: Kind, telemetry: &Arc<dyn Telemetry>) -> Self {
        Self {
            kind,
            telemetry: Arc::clone(telemetry),
            under_way: Arc::default(),
        }
    }

    /// One more.
    pub(super) fn begin(&self) -> Pass {
        let before = self.under_way.fetch_add(1, Ordering::Relaxed);
        self.telemetry.under_way(self.kind, before + 1);
        Pass {
            passes: self.clone(),
            began: Instant::now(),
        }
    }
}

impl Pass {
    /// It ended; with this result where it came to no verdict.
    pub(super) fn end(self, without_verdict: Option<PassResult>) {
        let Watched {
            kind,
            telemetry,
            under_way,
        } = self.passes;
        let before = under_way.fetch_sub(1, Ordering::Relaxed);
        telemetry.under_way(kind, before.saturating_sub(1));
        telemetry.took(kind, self.began.elapsed());
        if let Some(result) = without_verdict {
            telemetry.ended(kind, result);
        }
    }
}
