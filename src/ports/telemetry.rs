//! What is told of our own work, to whoever watches over it.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::identity::{Identity, Kind};
use crate::domain::measure::{CallClass, Host, PassResult, Verb};
use crate::domain::step::Outcome;
use crate::domain::verdict::Verdict;

/// An object, as a pass finds it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Which.
    pub identity: &'a Identity,
    /// Its uid.
    pub uid: &'a str,
    /// Its generation.
    pub generation: i64,
    /// When somebody else than us changed it last, as far as the API server knows: no sooner did this generation begin.
    pub written_at: Option<Timestamp>,
    /// Whether its status says already that everything is as this generation says.
    pub settled: bool,
}

/// An effect outside that was tried.
#[derive(Clone, Copy, Debug)]
pub struct Acted<'a> {
    /// Whose.
    pub identity: &'a Identity,
    /// Its uid.
    pub uid: &'a str,
    /// What was tried, and what became of it.
    pub outcome: &'a Outcome,
}

/// One request to somebody else.
#[derive(Clone, Copy, Debug)]
pub struct Called {
    /// To whom.
    pub host: Host,
    /// What was asked.
    pub verb: Verb,
    /// What became of it.
    pub class: CallClass,
    /// How long it took.
    pub took: Duration,
}

/// Takes what is told. None of this may fail, wait or matter to what is told of; when it is told is when it was.
pub trait Telemetry: Send + Sync {
    /// A pass looks at an object.
    fn seen(&self, seen: &Seen<'_>);
    /// An effect of this object is about to be tried.
    fn acting(&self, uid: &str);
    /// An effect was tried.
    fn acted(&self, acted: &Acted<'_>);
    /// A pass ended with a verdict, which its object tells now.
    fn told(&self, kind: Kind, uid: &str, verdict: &Verdict);
    /// A pass ended without a verdict.
    fn ended(&self, kind: Kind, result: PassResult);
    /// So many passes are under way.
    fn under_way(&self, kind: Kind, passes: usize);
    /// So many objects were woken whose pass has not begun.
    fn queued(&self, kind: Kind, objects: usize);
    /// A pass took this long, however it ended.
    fn took(&self, kind: Kind, time: Duration);
    /// An object is let go.
    fn gone(&self, uid: &str);
    /// A request was sent.
    fn called(&self, called: Called);
    /// GitLab said how many requests are left until it asks for a pause.
    fn budget(&self, left: u64);
    /// The GitLab token ends then; none where it does not.
    fn token_ends(&self, at: Option<Timestamp>);
    /// Whether this process works, or stands by for another one that does.
    fn leads(&self, leads: bool);
    /// Whether the API server answered the last request.
    fn api_server_answers(&self, answers: bool);
}
