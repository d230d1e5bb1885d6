//! O9: nobody had to help.

use harmonix_dev::chaos::evidence::Evidence;
use harmonix_dev::chaos::oracle::Oracle::Hand;
use serde_json::{Value, json};

use super::control::{judged, rejects};
use super::history::object;

fn stall(object: &mut Value, message: &str) {
    let stalled =
        json!({ "type": "Stalled", "status": "True", "reason": "Invalid", "message": message });
    let conditions = object["status"]["conditions"].as_array_mut().unwrap();
    conditions.push(stalled);
}

#[test]
fn an_end_that_waits_for_a_person() {
    rejects(Hand, "waits for a person: set the annotation", |evidence| {
        stall(object(evidence, "Application"), "set the annotation");
    });
}

#[test]
fn an_end_that_a_person_asked_for_again() {
    rejects(
        Hand,
        "needed the annotation harmonix.io/retry",
        |evidence| {
            object(evidence, "Application")["metadata"]["annotations"]["harmonix.io/retry"] =
                "2".into();
        },
    );
}

fn asks(evidence: &mut Evidence, intents: &str) {
    let version = evidence
        .versions
        .iter_mut()
        .find(|v| !v.object["status"].is_null());
    let object = &mut version.unwrap().object;
    object["metadata"]["annotations"]["harmonix.io/intents"] = intents.into();
    stall(
        object,
        "the annotation harmonix.io/intents is damaged; restore or remove it",
    );
}

#[test]
fn a_person_who_is_asked_to_mend_what_is_not_broken() {
    rejects(Hand, "which nobody had damaged", |evidence| {
        asks(evidence, "[]")
    });
    // Somebody did break it: then asking is right.
    let found = judged(|evidence| asks(evidence, "[{"));
    assert!(
        found.iter().all(|violation| violation.oracle != Hand),
        "{found:#?}"
    );
}
