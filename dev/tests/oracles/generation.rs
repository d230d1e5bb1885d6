//! O10: the status never speaks of another generation than it says.

use harmonix_dev::chaos::evidence::Evidence;
use harmonix_dev::chaos::oracle::Oracle::Generation;
use serde_json::Value;

use super::control::{judged, rejects};
use super::history::{condition, object};

/// The last version of the cart, which the controller wrote about generation 2.
fn last(evidence: &mut Evidence) -> &mut Value {
    let mut versions = evidence.versions.iter_mut().rev();
    let last = versions.find(|version| {
        let object = &version.object;
        object["metadata"]["name"] == "cart" && object["status"]["observedGeneration"] == 2
    });
    &mut last.unwrap().object
}

#[test]
fn a_status_that_goes_back() {
    rejects(
        Generation,
        "was about generation 2 and then about 1",
        |evidence| {
            last(evidence)["status"]["observedGeneration"] = 1.into();
        },
    );
    rejects(Generation, "no longer says which generation", |evidence| {
        let status = last(evidence)["status"].as_object_mut().unwrap();
        status.remove("observedGeneration");
    });
}

#[test]
fn a_condition_that_goes_back_or_runs_ahead() {
    rejects(Generation, "Accepted of", |evidence| {
        condition(last(evidence), "Accepted")["observedGeneration"] = 1.into();
    });
    rejects(Generation, "and the object has 2", |evidence| {
        condition(last(evidence), "Accepted")["observedGeneration"] = 3.into();
    });
}

#[test]
fn ready_about_an_older_generation() {
    rejects(
        Generation,
        "was said to be Ready about generation",
        |evidence| {
            condition(last(evidence), "Ready")["observedGeneration"] = 1.into();
        },
    );
    // The object changed and the status was written as if it had not.
    rejects(Generation, "and the object had 3", |evidence| {
        last(evidence)["metadata"]["generation"] = 3.into();
    });
}

#[test]
fn an_end_about_an_older_generation() {
    rejects(Generation, "ends about generation", |evidence| {
        object(evidence, "Application")["status"]["observedGeneration"] = 1.into();
    });
}

/// A version that somebody else wrote says nothing about the controller.
#[test]
fn a_status_that_somebody_else_turned_back_is_no_fault_of_the_controller() {
    let found = judged(|evidence| {
        let last = last(evidence);
        last["status"]["observedGeneration"] = 1.into();
        last["metadata"]["resourceVersion"] = "999999".into();
    });
    assert!(
        found.iter().all(|violation| violation.oracle != Generation),
        "{found:#?}"
    );
}
