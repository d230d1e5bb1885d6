//! Leadership by a Lease: which of several processes may act, decided from what was seen and when.
//!
//! The protocol is that of client-go, in short. Whoever holds the lease renews it well before its time is over, and
//! acts for two thirds of that time after it sent its last renewal. Whoever does not, waits until nothing in the lease has
//! changed for the whole of that time, as it saw itself, and takes it then. So nobody's time of day matters: moments here
//! are measured since this process began, by a clock that nobody sets, and the times in the lease are for people and for
//! telling one renewal from the next. Every write is made on the version that was seen, so of two that take the lease
//! at once one is refused.
//!
//! Nothing depends on it that may go wrong: that an effect happens once is the intents' promise.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long this process has been there, by a clock that nobody sets.
pub type Moment = Duration;

/// No lease is believed for longer than this, whatever it says.
pub const LONGEST: Duration = Duration::from_mins(5);
/// The shortest time that leaves room for a slow answer.
pub const SHORTEST: Duration = Duration::from_secs(3);
/// How often somebody who waits looks, at the least.
const LOOK: Duration = Duration::from_secs(1);

/// Which of the processes that acted one after the other: another one each time somebody begins to act.
///
/// Of processes that take turns by a lease it is the lease's count of transitions, from 1. Of one that acts without a
/// lease it is when it began, in microseconds since 1970. Records and intents bear it. 0 is that of versions which did not
/// keep it. Nothing is decided by which of two is greater, only by whether they are the same.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(i64);

impl Epoch {
    /// That of a process which acts without a lease.
    pub fn of_start(began: Timestamp) -> Self {
        Self(began.as_microsecond())
    }

    /// The one with this number.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Whether it was not kept.
    pub const fn is_unknown(&self) -> bool {
        self.0 == 0
    }

    /// The next one that a lease can count.
    fn next(self) -> Self {
        Self(self.0.saturating_add(1).clamp(1, i64::from(i32::MAX)))
    }
}

/// What a lease says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it; nobody where it is empty.
    pub holder: String,
    /// The epoch of whoever holds it, or held it last.
    pub epoch: Epoch,
    /// How long others wait after its last change; nothing where it does not say.
    pub duration: Option<Duration>,
    /// When it was taken, by its holder's clock.
    pub acquired: Option<Timestamp>,
    /// When it was renewed last, by its holder's clock.
    pub renewed: Option<Timestamp>,
}

/// A lease at a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it says.
    pub lease: Lease,
    /// The version that a write must still find.
    pub version: String,
}

/// What is to be done about the lease now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is ours for some time; look after it again after so long.
    Hold(Duration),
    /// It is ours, and this is to be written so that it stays ours.
    Renew(Claim),
    /// It is to be had, and this is to be written to take it.
    Take(Claim),
    /// It is somebody else's, as far as anybody knows; look again after so long.
    Wait(Duration),
}

/// A lease that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it is to say.
    pub lease: Lease,
    /// The version that it takes the place of; none where there is no lease.
    pub over: Option<String>,
}

/// A process that may act only while it holds the lease: what it saw of it, and what it holds.
#[derive(Clone, Debug)]
pub struct Candidate {
    identity: String,
    duration: Duration,
    seen: Option<Seen>,
    /// When what it says last changed, as it was seen here.
    changed: Moment,
    /// Until when somebody else may hold it.
    theirs: Option<Moment>,
    /// The highest epoch that was seen.
    highest: Epoch,
    held: Option<Held>,
}

/// What this process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its epoch.
    pub epoch: Epoch,
    /// Until when it may act.
    pub until: Moment,
    acquired: Timestamp,
    renew: Moment,
}

impl Candidate {
    /// A process that has not looked yet. `identity` is nobody else's; others are to wait for `duration` after its last
    /// renewal.
    pub fn new(identity: String, duration: Duration) -> Self {
        Self {
            identity,
            duration: duration.clamp(SHORTEST, LONGEST),
            seen: None,
            changed: Moment::ZERO,
            theirs: None,
            highest: Epoch::default(),
            held: None,
        }
    }

    /// How long one request about the lease may take: several fit into the time in which it has to be renewed.
    pub fn patience(&self) -> Duration {
        self.duration / 5
    }

    /// How soon a request that got no answer is made again.
    pub fn retry(&self) -> Duration {
        LOOK.min(self.duration / 10)
    }

    /// What it holds at this moment.
    pub fn holds(&self, now: Moment) -> Option<Held> {
        self.held.filter(|held| now < held.until)
    }

    /// What the lease says; nothing where there is none.
    pub fn seen(&self) -> Option<&Lease> {
        self.seen.as_ref().map(|seen| &seen.lease)
    }

    /// Takes in what was seen; the request for it was answered at this moment.
    pub fn saw(&mut self, seen: Option<Seen>, now: Moment) {
        let Some(seen) = seen else {
            // Somebody removed it. Whoever held it makes it anew, and others leave it the time for that.
            self.seen = None;
            return;
        };
        let lease = &seen.lease;
        self.highest = self.highest.max(lease.epoch);
        if self
            .seen
            .as_ref()
            .is_none_or(|before| before.lease != *lease)
        {
            self.changed = now;
        }
        if lease.holder != self.identity {
            self.held = None;
        }
        let lasts = lease.duration.unwrap_or(self.duration).min(LONGEST);
        let theirs = !lease.holder.is_empty() && lease.holder != self.identity;
        self.theirs = theirs.then(|| self.changed.saturating_add(lasts));
        self.seen = Some(seen);
    }

    /// Takes in that a claim of this process was written; the request for it was sent at this moment.
    pub fn wrote(&mut self, seen: Seen, sent: Moment) {
        let lease = &seen.lease;
        self.highest = self.highest.max(lease.epoch);
        self.theirs = None;
        self.changed = sent;
        self.held = lease.acquired.map(|acquired| Held {
            epoch: lease.epoch,
            acquired,
            until: sent.saturating_add(self.duration * 2 / 3),
            renew: sent.saturating_add(self.duration / 5),
        });
        self.seen = Some(seen);
    }

    /// What is to be done now. `clock` is the time of day, for people.
    pub fn decide(&self, now: Moment, clock: Timestamp) -> Decision {
        if let Some(held) = self.holds(now) {
            if self.seen.is_some() && now < held.renew {
                return Decision::Hold(held.renew.saturating_sub(now));
            }
            return Decision::Renew(self.claim(held.epoch, held.acquired, clock));
        }
        match self.theirs {
            Some(until) if now < until => Decision::Wait(until.saturating_sub(now).min(LOOK)),
            // Also where this process held it and its time is over: whoever begins again is another one.
            Some(_) | None => Decision::Take(self.claim(self.highest.next(), clock, clock)),
        }
    }

    /// What lets others begin at once: the lease without its holder. Nothing where it is not held.
    pub fn release(&self, clock: Timestamp) -> Option<Claim> {
        let held = self.held?;
        let mut claim = self.claim(held.epoch, held.acquired, clock);
        claim.lease.holder.clear();
        claim.over.is_some().then_some(claim)
    }

    fn claim(&self, epoch: Epoch, acquired: Timestamp, clock: Timestamp) -> Claim {
        Claim {
            lease: Lease {
                holder: self.identity.clone(),
                epoch,
                duration: Some(self.duration),
                acquired: Some(in_micros(acquired)),
                renewed: Some(self.another(clock)),
            },
            over: self.seen.as_ref().map(|seen| seen.version.clone()),
        }
    }

    /// The time of day, as a lease keeps it. Others see a renewal by its being another one than before, also where the
    /// clock stands still.
    fn another(&self, clock: Timestamp) -> Timestamp {
        let clock = in_micros(clock);
        let before = self.seen().and_then(|lease| lease.renewed);
        if before == Some(clock) {
            let micro = SignedDuration::from_micros(1);
            return clock.checked_add(micro).unwrap_or(Timestamp::UNIX_EPOCH);
        }
        clock
    }
}

fn in_micros(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}
