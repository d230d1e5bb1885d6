//! O6: it comes to rest in time.

use harmonix_dev::chaos::evidence::Happening;
use harmonix_dev::chaos::oracle::Oracle::Convergence;
use jiff::SignedDuration;

use super::control::rejects;
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
        },
    );
}
