//! Faults: what may go wrong around one write.

use harmonix::domain::failure::{Failure, FailureKind};
use harmonix::ports::StoreError;

use super::{State, World};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing happens, and an error says so without saying whether it did.
    Refused,
    /// Nothing happens: it is refused by rights.
    Denied,
    /// It happens, and the answer is lost.
    Lost,
    /// It happens, then once more: a proxy repeated the request. The second answer is seen.
    Twice,
    /// The process dies before it is sent.
    CrashBefore,
    /// The process dies after it happened.
    CrashAfter,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Refused,
        Self::Denied,
        Self::Lost,
        Self::Twice,
        Self::CrashBefore,
        Self::CrashAfter,
    ];
}

/// One fault, at the write of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The write's number, counted from one.
    pub at: usize,
    /// What goes wrong.
    pub kind: FaultKind,
}

/// An error that may also say that something is forbidden.
pub(crate) trait Refusal: Sized {
    fn denied(self) -> Self {
        self
    }
}

impl Refusal for Failure {
    fn denied(self) -> Self {
        Self {
            kind: FailureKind::Denied,
            ..self
        }
    }
}

impl Refusal for StoreError {}

/// Whether a write outside or to one of our own objects is told to the log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Outside,
    Ours,
}

impl World {
    /// One write, with whatever goes wrong around it.
    pub(crate) async fn write<T, E: Refusal>(
        &self,
        side: Side,
        what: &str,
        lost: E,
        mut apply: impl FnMut(&mut State) -> Result<T, E>,
    ) -> Result<T, E> {
        let kind = {
            let mut state = self.state();
            state.calls += 1;
            if side == Side::Outside {
                state.attempts.push(what.to_owned());
            }
            let calls = state.calls;
            if state.refused.iter().any(|begin| what.starts_with(begin)) {
                return Err(lost.denied());
            }
            let struck = state.fault.filter(|fault| fault.at == calls);
            if struck.is_some() {
                state.fault = state.then.take();
            }
            struck.map(|fault| fault.kind)
        };
        let mut once = || {
            let mut state = self.state();
            let result = apply(&mut state);
            if result.is_ok() {
                match side {
                    Side::Outside => {
                        state.effects.push(what.to_owned());
                        state.outside.push(what.to_owned());
                    }
                    Side::Ours => state.writes.push(what.to_owned()),
                }
                let meddle = state
                    .meddle
                    .take_if(|meddle| what.starts_with(&meddle.after));
                if let Some(meddle) = meddle {
                    (meddle.act)(&mut state);
                }
            }
            result
        };
        match kind {
            None => once(),
            Some(FaultKind::Refused) => {
                let mut state = self.state();
                state.second += state.unanswered_takes;
                Err(lost)
            }
            Some(FaultKind::Denied) => Err(lost.denied()),
            Some(FaultKind::Lost) => once().and(Err(lost)),
            // GitLab starts a pipeline for each request.
            Some(FaultKind::Twice) if what.starts_with("pipeline ") => once(),
            Some(FaultKind::Twice) => {
                let first = once();
                if first.is_ok() { once() } else { first }
            }
            Some(FaultKind::CrashBefore) => self.die().await,
            Some(FaultKind::CrashAfter) => {
                let _ = once();
                self.die().await
            }
        }
    }

    async fn die<T>(&self) -> T {
        self.crash.notify_one();
        std::future::pending().await
    }
}
