//! Election: the one that looks after the lease, and says whether this process leads.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::domain::lease::{Candidate, Claim, Decision, Held, Moment, Seen};
use crate::ports::{Clock, LeaseError, Leases};

use super::leadership::{Leadership, Term};

/// How often one turn begins anew where the lease changed in between. Whoever lost a race then looks again a little later.
const TRIES: usize = 2;

/// Takes part in the election of one process among several.
pub struct Election {
    leases: Arc<dyn Leases>,
    clock: Arc<dyn Clock>,
    candidate: Candidate,
    told: watch::Sender<Option<Term>>,
    /// Moments count from here.
    began: Instant,
    /// Whether what was seen last is no longer so.
    outdated: bool,
    reachable: bool,
}

impl Election {
    /// A process that does not lead yet. `identity` is its own alone; others wait for `duration` after it was last seen to
    /// renew its lease.
    pub fn new(
        leases: Arc<dyn Leases>,
        clock: Arc<dyn Clock>,
        identity: String,
        duration: Duration,
    ) -> (Self, Leadership) {
        let (told, leadership) = Leadership::told();
        let election = Self {
            leases,
            clock,
            candidate: Candidate::new(identity, duration),
            told,
            began: Instant::now(),
            outdated: true,
            reachable: true,
        };
        (election, leadership)
    }

    /// Takes part until `over` resolves, then lets go of the lease, so that another process begins at once.
    pub async fn run(mut self, over: impl Future<Output = ()> + Send) {
        let mut over = pin!(over);
        loop {
            let after = self.turn().await;
            self.publish();
            tokio::select! {
                biased;
                () = &mut over => break,
                () = tokio::time::sleep(after) => {}
            }
        }
        self.release().await;
    }

    /// Does what is to be done about the lease now. Answers when to look after it again.
    async fn turn(&mut self) -> Duration {
        for _ in 0..TRIES {
            // Whoever holds it knows what it says: nobody else writes it.
            if self.outdated || self.candidate.holds(self.now()).is_none() {
                match self.ask(self.leases.read()).await {
                    Ok(seen) => {
                        self.candidate.saw(seen, self.now());
                        self.outdated = false;
                        self.publish();
                    }
                    Err(error) => return self.unanswered(&error),
                }
            }
            let claim = match self.candidate.decide(self.now(), self.clock.now()) {
                Decision::Hold(after) | Decision::Wait(after) => return after,
                Decision::Renew(claim) | Decision::Take(claim) => claim,
            };
            let sent = self.now();
            match self.write(&claim).await {
                Ok(seen) => {
                    self.candidate.wrote(seen, sent);
                    self.publish();
                    return self.next();
                }
                Err(LeaseError::Changed) => self.outdated = true,
                Err(error @ LeaseError::Unavailable(_)) => return self.unanswered(&error),
            }
        }
        self.candidate.retry()
    }

    /// When to look after a lease that was written just now.
    fn next(&self) -> Duration {
        match self.candidate.decide(self.now(), self.clock.now()) {
            Decision::Hold(after) | Decision::Wait(after) => after,
            Decision::Renew(_) | Decision::Take(_) => self.candidate.retry(),
        }
    }

    async fn release(&mut self) {
        let Some(claim) = self.candidate.release(self.clock.now()) else {
            return;
        };
        // From now on another process may begin.
        self.told.send_replace(None);
        match self.write(&claim).await {
            Ok(_) => tracing::info!("the lease is released"),
            Err(error) => {
                tracing::warn!(%error, "the lease was not released; others wait until its time is over");
            }
        }
    }

    async fn write(&self, claim: &Claim) -> Result<Seen, LeaseError> {
        let leases = Arc::clone(&self.leases);
        match &claim.over {
            Some(version) => self.ask(leases.replace(version, &claim.lease)).await,
            None => self.ask(leases.create(&claim.lease)).await,
        }
    }

    /// Makes one request, and waits no longer than there is time for.
    async fn ask<T>(
        &self,
        request: impl Future<Output = Result<T, LeaseError>> + Send,
    ) -> Result<T, LeaseError> {
        let patience = self.candidate.patience();
        timeout(patience, request).await.unwrap_or_else(|_| {
            Err(LeaseError::Unavailable(format!(
                "the API server did not answer within {} ms",
                patience.as_millis()
            )))
        })
    }

    /// Says, once, that nobody knows what the lease says. Answers when to ask again.
    fn unanswered(&mut self, error: &LeaseError) -> Duration {
        // What was written without an answer may have been written.
        self.outdated = true;
        if self.reachable {
            self.reachable = false;
            tracing::warn!(%error, "the lease cannot be looked after; it is tried again until it can");
        }
        self.candidate.retry()
    }

    /// Says whether this process leads.
    fn publish(&mut self) {
        if !self.outdated && !self.reachable {
            self.reachable = true;
            tracing::info!("the lease can be looked after again");
        }
        let before = *self.told.borrow();
        let now = self.candidate.holds(self.now());
        let term = now.map(|held| self.term(held, before));
        match (before, term) {
            (before, Some(term)) if before.map(|before| before.epoch) != Some(term.epoch) => {
                tracing::info!(epoch = term.epoch.number(), "this process leads now");
            }
            (Some(before), None) => {
                let holder = self.candidate.seen().map(|lease| lease.holder.as_str());
                tracing::warn!(
                    epoch = before.epoch.number(),
                    holder,
                    "this process does not lead any more: passes under way are broken off, and no other begins"
                );
            }
            (Some(_) | None, Some(_)) | (None, None) => {}
        }
        if before != term {
            self.told.send_replace(term);
        }
    }

    fn term(&self, held: Held, before: Option<Term>) -> Term {
        let same = before.filter(|before| before.epoch == held.epoch);
        Term {
            epoch: held.epoch,
            began: same.map_or_else(|| self.clock.now(), |before| before.began),
            until: Some(self.began + held.until),
        }
    }

    fn now(&self) -> Moment {
        self.began.elapsed()
    }
}

#[cfg(test)]
mod tests;
