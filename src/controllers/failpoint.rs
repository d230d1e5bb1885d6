//! Failpoints: moments in the life of an effect at which a test lets the process die, or the pass panic.
//!
//! They exist with the cargo feature `failpoints` only. Without it nothing of them is compiled, which CI proves of the
//! binary that is shipped.

use crate::domain::identity::Kind;
use crate::domain::intent::Intent;
use crate::domain::step::Step;

#[cfg(feature = "failpoints")]
mod armed;

#[cfg(feature = "failpoints")]
pub use armed::arm;

/// A moment in the life of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// It was decided, and stands nowhere yet.
    Decided,
    /// Its intent is durable.
    Held,
    /// It is about to be sent.
    Sent,
    /// Its answer was read, and nothing was noted.
    Answered,
    /// Its record was taken by the audit table, and nothing was noted.
    Recorded,
    /// The status tells of it. Every status that is written is one of the action `-`, too.
    Told,
}

/// What a status is written for when no effect in particular is meant.
pub(super) const ANY: &str = "-";

/// A pass over an object of this kind has come so far with this action.
#[cfg(feature = "failpoints")]
pub(super) fn reach(kind: Kind, action: &str, point: Point) {
    armed::reach(kind, action, point);
}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(super) const fn reach(_: Kind, _: &str, _: Point) {}

/// A pass has come so far with each of these effects.
pub(super) fn reach_each(kind: Kind, staged: &[(Intent, Step)], point: Point) {
    for (intent, _) in staged {
        reach(kind, intent.action.name(), point);
    }
}
