//! O6: it comes to rest in time.

use harmonix_dev::chaos::evidence::{Evidence, Happening, Moment};
use harmonix_dev::chaos::oracle::Oracle::Convergence;
use jiff::SignedDuration;

use super::control::{accepts, rejects};
use super::history::{condition, moment, object};

#[test]
fn a_run_that_comes_to_rest_too_late() {
    rejects(Convergence, "it came to rest after", |evidence| {
        moment(evidence, Happening::Converged).time += SignedDuration::from_mins(1);
    });
}

#[test]
fn a_run_that_never_comes_to_rest_says_what_is_left() {
    rejects(
        Convergence,
        "Application/p0001/cart is False PipelineFailed",
        |evidence| {
            evidence.timeline.retain(|m| m.what != Happening::Converged);
            let ready = condition(object(evidence, "Application"), "Ready");
            ready["status"] = "False".into();
            ready["reason"] = "PipelineFailed".into();
        },
    );
}

#[test]
fn rest_before_the_last_fault_is_no_rest() {
    rejects(
        Convergence,
        "did not come to rest after the last fault",
        |evidence| {
            let at = evidence
                .timeline
                .iter()
                .position(|m| m.what == Happening::Converged);
            let rest = evidence.timeline.remove(at.unwrap());
            evidence.timeline.insert(0, rest);
            let at = quiet(evidence);
            let quiet = evidence.timeline.remove(at);
            evidence.timeline.insert(0, quiet);
        },
    );
}

/// The place of the moment from which nothing was written.
fn quiet(evidence: &Evidence) -> usize {
    let is_quiet = |m: &Moment| m.what == Happening::QuietFrom;
    evidence.timeline.iter().position(is_quiet).unwrap()
}

/// What struck when everything stood already is over when nothing moves any more.
#[test]
fn a_fault_after_everything_stood_is_judged_by_when_it_is_quiet() {
    let mended_late = |evidence: &mut Evidence| {
        let time = moment(evidence, Happening::QuietFrom).time;
        let what = Happening::Mended;
        let at = quiet(evidence);
        evidence.timeline.insert(at, Moment { time, what });
    };
    accepts(mended_late);
    rejects(Convergence, "it came to rest after", |evidence| {
        mended_late(evidence);
        moment(evidence, Happening::QuietFrom).time += SignedDuration::from_mins(1);
        moment(evidence, Happening::QuietUntil).time += SignedDuration::from_mins(2);
    });
}
