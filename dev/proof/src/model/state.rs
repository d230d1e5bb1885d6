//! One state of the small world: objects and caches, processes and their passes, and what is outside.
//!
//! States are equal when they can do the same from now on: versions count from the newest one, and how
//! many identities were given out is left out, since those that were never written are nobody's.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use harmonix::controllers::Recollection;
use jiff::{SignedDuration, Timestamp};

use super::call::Write;
use super::course::{Node, Request};
use super::outside::{Outside, moment};
use super::thing::Thing;

/// One state.
#[derive(Clone)]
pub(super) struct State {
    pub(super) lanes: Vec<Lane>,
    pub(super) outside: Arc<Outside>,
    /// Requests on their way that nobody waits for any more.
    pub(super) flights: Vec<Flight>,
    /// What is wrong with the operations role's credentials.
    pub(super) trouble: Option<Trouble>,
    /// Time, in steps longer than a lost answer is waited for.
    pub(super) tick: u16,
    /// How often a process died: the next one begins a moment later.
    pub(super) deaths: u8,
    /// When the process began.
    pub(super) started: Timestamp,
    pub(super) used: Used,
    /// What must never be, and was.
    pub(super) wrong: u32,
}

/// One application and what the process knows of it.
#[derive(Clone)]
pub(super) struct Lane {
    /// What the API server holds.
    pub(super) thing: Option<Arc<Thing>>,
    /// Its version; never goes back.
    pub(super) version: u64,
    /// What the cache holds.
    pub(super) view: Option<View>,
    /// What the watch has yet to deliver; none for a removal.
    pub(super) news: Vec<Option<View>>,
    /// What the process remembers.
    pub(super) memory: Recollection,
    /// The pass that is under way.
    pub(super) pass: Option<Pass>,
    /// How many objects of this name there were before.
    pub(super) epoch: u8,
    /// Identities that may stand somewhere, and those drawn since.
    pub(super) given: u16,
    pub(super) drawn: u16,
    /// What happened outside, by intent.
    pub(super) effects: Vec<Effect>,
    /// Whether its status was lost since the newest deployment, so that it may be started again.
    pub(super) amnesia: bool,
    /// Whether it was rebuilt while everything was at rest and not changed since.
    pub(super) undisturbed: bool,
    /// A hold that a broken controller puts off.
    pub(super) deferred: Option<Arc<Request>>,
}

/// An object at a version.
#[derive(Clone)]
pub(super) struct View {
    pub(super) thing: Arc<Thing>,
    pub(super) version: u64,
}

/// A pass that is under way.
#[derive(Clone)]
pub(super) struct Pass {
    pub(super) node: Arc<Node>,
    /// The version of the object that it began with.
    pub(super) base: u64,
}

/// A request on its way.
#[derive(Clone)]
pub(super) struct Flight {
    pub(super) request: Arc<Request>,
    pub(super) lane: usize,
    pub(super) base: u64,
    pub(super) intent: Option<String>,
    pub(super) mark: u64,
}

/// One effect outside, as history knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Effect {
    pub(super) intent: String,
    pub(super) kind: Kind,
    /// Its object was lost with the cluster: nobody can know of it any more.
    pub(super) forgotten: bool,
}

/// What kind of effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Group,
    Project,
    Commit,
    Settings,
    Pipeline,
}

/// What is wrong with credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Trouble {
    /// They ended, and no new ones are to be had at the moment.
    Worn,
    /// The role is refused.
    Refused,
}

/// How often each kind of thing happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Used {
    pub(super) lost: u8,
    pub(super) failed: u8,
    pub(super) denied: u8,
    pub(super) delayed: u8,
    pub(super) crashed: u8,
    pub(super) crashed_after: u8,
    pub(super) worn: u8,
    pub(super) refused: u8,
    pub(super) rivals: u8,
    pub(super) red: u8,
    pub(super) retries: u8,
    pub(super) rebuilt: u8,
    pub(super) deleted: u8,
    pub(super) recreated: u8,
    pub(super) replicas: u8,
    pub(super) described: u8,
    pub(super) pushed: u8,
    pub(super) ticks: u8,
    /// Whether a pass of a new process began on an old view.
    pub(super) stale: bool,
}

impl Used {
    /// Everything that goes wrong.
    pub(super) fn faults(&self) -> u8 {
        [
            self.lost,
            self.failed,
            self.denied,
            self.delayed,
            self.crashed,
            self.crashed_after,
            self.worn,
            self.refused,
            self.rivals,
            self.red,
            self.rebuilt,
        ]
        .iter()
        .sum()
    }
}

/// What must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    WithoutIntent,
    WithoutFinalizer,
    SecondProject,
    SecondCommit,
    SecondPipeline,
    Repeated,
    Overlapping,
    Uncommitted,
    Unproven,
    Foreign,
    NoEffect,
    Twice,
    FalseRefusal,
    Chain,
    GoneUntold,
    GoneHalfOpen,
    Backwards,
    TooEarly,
    Rebuilt,
    Astray,
}

impl Wrong {
    pub(super) const fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

impl State {
    /// Notes that something happened that must never.
    pub(super) const fn wrong(&mut self, wrong: Wrong) {
        self.wrong |= wrong.bit();
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        let moments = SignedDuration::from_secs(i64::from(self.deaths));
        let now = moment(self.tick);
        now.checked_add(moments).unwrap_or(now)
    }

    /// Something outside, to be changed.
    pub(super) fn outside(&mut self) -> &mut Outside {
        Arc::make_mut(&mut self.outside)
    }

    /// A number that stands for everything that matters from now on.
    pub(super) fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl Lane {
    /// Writes the object: the watch will tell.
    pub(super) fn store(&mut self, thing: Arc<Thing>) {
        self.version += 1;
        self.thing = Some(Arc::clone(&thing));
        let version = self.version;
        self.tell(Some(View { thing, version }));
    }

    /// Removes the object: the watch will tell.
    pub(super) fn remove(&mut self) {
        self.version += 1;
        self.thing = None;
        self.tell(None);
    }

    /// A watch that is far behind lists anew and leaves out what lies between.
    fn tell(&mut self, view: Option<View>) {
        if self.news.len() > 1 {
            self.news.remove(0);
        }
        self.news.push(view);
    }

    /// Identities that were drawn may stand somewhere now.
    pub(super) const fn keep_identities(&mut self) {
        self.given += self.drawn;
        self.drawn = 0;
    }

    /// The pass ends, however.
    pub(super) fn end(&mut self) {
        self.pass = None;
        self.drawn = 0;
        self.deferred = None;
    }

    /// The write that the pass waits for.
    pub(super) fn pending(&self) -> Option<&Write> {
        match &*self.pass.as_ref()?.node.request {
            Request::Write(write) => Some(write),
            Request::Look(_) | Request::End(_) | Request::Astray => None,
        }
    }

    fn behind(&self, version: u64) -> i64 {
        self.version.cast_signed() - version.cast_signed()
    }
}

impl Hash for Lane {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let view = |view: &View| (view.thing.mark, self.behind(view.version));
        self.thing.as_ref().map(|thing| thing.mark).hash(state);
        self.view.as_ref().map(view).hash(state);
        for news in &self.news {
            news.as_ref().map(view).hash(state);
        }
        self.news.len().hash(state);
        let Recollection {
            failures: _,
            verify_at,
            written,
            denied,
            sent,
            chains,
            held,
            refused,
        } = &self.memory;
        let written = written.map(|written| self.behind(written));
        (verify_at, written, denied, sent, chains, held, refused).hash(state);
        self.pass
            .as_ref()
            .map(|pass| (pass.node.id, self.behind(pass.base), self.drawn))
            .hash(state);
        self.epoch.hash(state);
        self.effects.hash(state);
        (self.amnesia, self.undisturbed, self.deferred.is_some()).hash(state);
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lanes.hash(state);
        self.outside.hash(state);
        for flight in &self.flights {
            (flight.mark, flight.lane, &flight.intent).hash(state);
        }
        (
            self.flights.len(),
            self.trouble,
            self.tick,
            (self.deaths, self.started),
            self.used,
            self.wrong,
        )
            .hash(state);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.mark() == other.mark()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({:016x})", self.mark())
    }
}
