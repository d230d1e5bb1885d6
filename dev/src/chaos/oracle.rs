//! Oracles: what must hold of every run, judged by what is left of it and never by its log.
//!
//! Each oracle is a file of its own that says what it means here. All of them see the same evidence; those that
//! compare also see the shape of a run in which nothing went wrong. An oracle that lacks what it judges by says so:
//! silence means that something was looked at and found right.

use std::cell::OnceCell;
use std::fmt;

use jiff::SignedDuration;
use serde::Serialize;

use super::evidence::Evidence;
use super::shape::Shape;

mod account;
mod action;
mod chain;
mod convergence;
mod effect;
mod effect_count;
mod end_state;
mod generation;
mod hand;
mod intent;
mod leak;
mod outage;
mod quiet;
mod secret;
mod tenant;
mod throttle;
mod truth;
mod version;

pub use action::Action;
pub use effect::{Effect, effects};
pub use outage::{Outage, outages};
pub(crate) use version::identity;

/// What the intents are to do whose outcome the object's status does not know.
pub(crate) fn open_intents(object: &serde_json::Value) -> Vec<&'static str> {
    let open = intent::open(object);
    open.into_iter()
        .map(|intent| intent.action.name())
        .collect()
}

/// What is held against a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Oracle {
    /// O1: the end is the end of a run without faults.
    EndState,
    /// O2: every effect happened as often as in a run without faults.
    EffectCount,
    /// O3: the audit records are the effects.
    Audit,
    /// O4: nothing outside is left without an owner.
    Leak,
    /// O5: what has come to rest writes nothing.
    Quiet,
    /// O6: it comes to rest in time.
    Convergence,
    /// O7: nobody's credentials are used for somebody else's things.
    Tenant,
    /// O8: no secret is told to anybody.
    Secret,
    /// O9: nobody had to help.
    Hand,
    /// O10: the status never speaks of another generation than it says.
    Generation,
    /// M3: whoever is asked to wait waits.
    Throttle,
}

impl Oracle {
    /// Every oracle.
    pub const ALL: [Self; 11] = [
        Self::EndState,
        Self::EffectCount,
        Self::Audit,
        Self::Leak,
        Self::Quiet,
        Self::Convergence,
        Self::Tenant,
        Self::Secret,
        Self::Hand,
        Self::Generation,
        Self::Throttle,
    ];

    /// What tables and reports call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EndState => "O1 end state",
            Self::EffectCount => "O2 effect counts",
            Self::Audit => "O3 audit",
            Self::Leak => "O4 no leak",
            Self::Quiet => "O5 quiet",
            Self::Convergence => "O6 convergence",
            Self::Tenant => "O7 tenants",
            Self::Secret => "O8 secrecy",
            Self::Hand => "O9 no hand",
            Self::Generation => "O10 generation",
            Self::Throttle => "M3 Retry-After",
        }
    }

    fn look(self, case: &Case<'_>) -> Vec<Finding> {
        match self {
            Self::EndState => end_state::look(case),
            Self::EffectCount => effect_count::look(case),
            Self::Audit => {
                let mut found = chain::look(case);
                found.extend(account::look(case));
                found.extend(truth::look(case));
                found
            }
            Self::Leak => leak::look(case),
            Self::Quiet => quiet::look(case),
            Self::Convergence => convergence::look(case),
            Self::Tenant => tenant::look(case),
            Self::Secret => secret::look(case),
            Self::Hand => hand::look(case),
            Self::Generation => generation::look(case),
            Self::Throttle => throttle::look(case),
        }
    }
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How long something may take, and how often it may be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// From the end of the last fault, or the last step of the scenario, until everything stands.
    pub converge: SignedDuration,
    /// The least time that a run must have been watched for writes after it.
    pub quiet: SignedDuration,
    /// How often, at the most, the requests of one label may arrive between a fault's arming and its mending. None
    /// where the fault is no outage.
    pub attempts: Option<usize>,
}

/// Something that must not have happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which oracle says so.
    pub oracle: Oracle,
    /// What happened, to which object, by which request.
    pub sentence: String,
    /// Where in the evidence it is seen.
    pub proof: Vec<Proof>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.oracle, self.sentence)
    }
}

/// A place in the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// This one of the requests.
    Request(usize),
    /// This one of the versions of our objects.
    Version(usize),
    /// This one of the audit records.
    Record(usize),
    /// This one of the moments.
    Moment(usize),
    /// What was read there.
    Text(String),
}

/// What an oracle found.
#[derive(Debug, Clone)]
struct Finding {
    sentence: String,
    proof: Vec<Proof>,
}

impl Finding {
    fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            proof: Vec::new(),
        }
    }

    fn with(mut self, proof: impl IntoIterator<Item = Proof>) -> Self {
        self.proof.extend(proof);
        self
    }

    fn text(self, text: impl Into<String>) -> Self {
        self.with([Proof::Text(text.into())])
    }
}

/// One run before its judges.
struct Case<'a> {
    evidence: &'a Evidence,
    shape: OnceCell<Shape>,
    reference: &'a Shape,
    bounds: &'a Bounds,
}

impl Case<'_> {
    /// The shape of the run, made once.
    fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| Shape::of(self.evidence))
    }
}

/// Judges a run against one in which nothing went wrong. The answer is in the order of the oracles.
#[must_use]
pub fn judge(evidence: &Evidence, reference: &Shape, bounds: &Bounds) -> Vec<Violation> {
    judge_by(&Oracle::ALL, evidence, reference, bounds)
}

/// The same by these oracles only.
#[must_use]
pub fn judge_by(
    oracles: &[Oracle],
    evidence: &Evidence,
    reference: &Shape,
    bounds: &Bounds,
) -> Vec<Violation> {
    let case = Case {
        evidence,
        shape: OnceCell::new(),
        reference,
        bounds,
    };
    let violations = oracles.iter().flat_map(|&oracle| {
        let found = oracle.look(&case);
        found.into_iter().map(move |finding| Violation {
            oracle,
            sentence: finding.sentence,
            proof: finding.proof,
        })
    });
    violations.collect()
}
