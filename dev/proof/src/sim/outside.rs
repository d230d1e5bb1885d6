//! GitLab and AWS behind the ports, with the time that requests take and whatever happens to them.

mod aws;
mod clock;
mod gitlab;

use std::time::Duration;

use futures::FutureExt as _;
use harmonix::domain::failure::{Failure, FailureKind, Party as Whom};

use super::flight::Flight;
use super::schedule::{Door, Mishap, Party};
use super::universe::Universe;

/// How long a client waits for an answer.
const PATIENCE: u64 = 10_000;
/// How late a request may still do something: the installation's grace is longer than that.
const LATEST: u64 = 19_000;

/// GitLab, AWS and time, as the controller reaches them in a universe.
#[derive(Clone)]
pub struct Outside {
    universe: Universe,
}

impl Outside {
    /// The outside of a universe.
    pub fn new(universe: &Universe) -> Self {
        Self {
            universe: universe.clone(),
        }
    }

    /// One request: what is done, when it arrives, and what becomes of the answer.
    async fn ask<T: Send + 'static>(
        &self,
        door: Door,
        what: &str,
        repeats: bool,
        mut operation: impl FnMut(&Universe) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        if door.party() == Party::GitLab
            && let Some(left) = self.universe.gate()
        {
            return Err(failure(door, FailureKind::Throttled(left)));
        }
        let mut admission = self.universe.admit(door, what);
        let mishap = admission.mishap;
        match mishap {
            Some(Mishap::Refused | Mishap::Denied | Mishap::Unknown | Mishap::Throttled(_)) => {
                pause(admission.there + admission.back).await;
                return Err(failure(door, self.refusal(door, mishap)));
            }
            Some(Mishap::Hang) => {
                pause(PATIENCE).await;
                return Err(failure(door, FailureKind::Retryable));
            }
            Some(Mishap::CrashBefore) => return self.universe.die().await,
            Some(Mishap::Late) if door.writes() => {
                admission.there = admission.draw.within(1_000..LATEST);
            }
            Some(Mishap::CrashDuring) => {
                admission.there = admission.draw.within(0..LATEST);
            }
            None
            | Some(
                Mishap::Lost
                | Mishap::Half
                | Mishap::Twice
                | Mishap::Late
                | Mishap::Rival
                | Mishap::CrashAfter,
            ) => {}
        }
        let universe = self.universe.clone();
        let twice = mishap == Some(Mishap::Twice) && repeats;
        let mut flight = Flight::new(&self.universe, &mut admission, move || {
            universe.set_clock();
            let mut result = operation(&universe);
            if twice && result.is_ok() {
                result = operation(&universe);
            }
            if door.writes() {
                universe.wrote();
                universe.follow_pipelines();
            }
            result
        });
        match mishap {
            Some(Mishap::Late) if door.writes() => {
                flight.let_go();
                pause(PATIENCE).await;
                return Err(failure(door, FailureKind::Retryable));
            }
            Some(Mishap::CrashDuring) => {
                flight.let_go();
                return self.universe.die().await;
            }
            _ => {}
        }
        let result = flight.land().await;
        match mishap {
            Some(Mishap::CrashAfter) => return self.universe.die().await,
            Some(Mishap::Lost | Mishap::Half | Mishap::Late) => {
                let long = admission.draw.percent(50);
                pause(if long { PATIENCE } else { admission.back }).await;
                return result.and(Err(failure(door, FailureKind::Retryable)));
            }
            _ => {}
        }
        pause(admission.back).await;
        result
    }

    /// What kind of refusal it is; GitLab's wish to be left alone holds for everybody.
    fn refusal(&self, door: Door, mishap: Option<Mishap>) -> FailureKind {
        match mishap {
            Some(Mishap::Throttled(seconds)) => {
                let after = Duration::from_secs(seconds);
                if door.party() == Party::GitLab {
                    self.universe.close_gate(after);
                }
                FailureKind::Throttled(after)
            }
            Some(Mishap::Denied) => FailureKind::Denied,
            _ => FailureKind::Retryable,
        }
    }
}

async fn pause(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

fn failure(door: Door, kind: FailureKind) -> Failure {
    let party = match door.party() {
        Party::GitLab | Party::Kubernetes => Whom::GitLab,
        Party::Aws => Whom::Aws,
        Party::Sts => Whom::Sts,
    };
    Failure {
        party,
        kind,
        message: format!("{party} did not do it"),
    }
}

/// What a model answers, which never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the model never waits")
}

impl Universe {
    /// The process dies here.
    pub async fn die<T>(&self) -> T {
        self.kill(800);
        std::future::pending().await
    }
}
