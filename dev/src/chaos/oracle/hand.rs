//! O9, no hand: nobody had to help.
//!
//! At the end nothing is stalled that is not stalled without faults, and no object has an annotation by which people
//! ask for another try, unless it has it without faults too. And whenever the controller asked for its own annotation
//! to be restored or removed, it was really damaged.

use std::collections::BTreeSet;

use serde_json::Value;

use super::intent::ANNOTATION;
use super::version::{condition, identity, is_true};
use super::{Case, Finding, Proof};
use crate::chaos::shape::neutral;

const RETRY: &str = "harmonix.io/retry";

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let evidence = case.evidence;
    let mut found = Vec::new();
    for object in &evidence.objects {
        let who = identity(object);
        let fact = |name: &str| format!("{} {name}", neutral::text(&who, &evidence.run));
        let stalls = case
            .reference
            .facts
            .contains_key(&fact("condition Stalled"));
        if is_true(object, "Stalled") && !stalls {
            let sentence = format!("{who} waits for a person: {}", message(object, "Stalled"));
            found.push(Finding::new(sentence));
        }
        let retry = &object["metadata"]["annotations"][RETRY];
        let retries = case
            .reference
            .facts
            .contains_key(&fact(&format!("/metadata/annotations/{RETRY}")));
        if !retry.is_null() && !retries {
            let sentence = format!("{who} needed the annotation {RETRY}");
            found.push(Finding::new(sentence).text(retry.to_string()));
        }
    }
    let mut told = BTreeSet::new();
    for (at, version) in evidence.versions.iter().enumerate() {
        let object = &version.object;
        let says = message(object, "Stalled");
        let asks = is_true(object, "Stalled") && says.contains(ANNOTATION);
        if asks && !is_damaged(object) && told.insert(identity(object)) {
            let sentence = format!(
                "{} asked for {ANNOTATION} to be edited, which nobody had damaged: {says}",
                identity(object)
            );
            found.push(Finding::new(sentence).with([Proof::Version(at)]));
        }
    }
    found
}

fn message<'a>(object: &'a Value, kind: &str) -> &'a str {
    let condition = condition(object, kind);
    condition
        .and_then(|condition| condition["message"].as_str())
        .unwrap_or_default()
}

/// Whether the annotation is there and is no list of intents.
fn is_damaged(object: &Value) -> bool {
    let text = object["metadata"]["annotations"][ANNOTATION].as_str();
    let list = |text: &str| match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(intents)) => intents
            .iter()
            .all(|intent| intent["action"]["do"].is_string()),
        Ok(_) | Err(_) => false,
    };
    text.is_some_and(|text| !text.is_empty() && !list(text))
}
