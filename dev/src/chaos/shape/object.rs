//! The shape of one of our objects: what was asked for, what is said about it, what is still open.

use serde_json::Value;

use super::{Facts, field};
use crate::chaos::oracle::{identity, open_intents};

/// What a plan's own hand writes on objects has names of this domain, and stays.
const HAND: &str = "example.com/";

/// Annotations that say how a run went, not what it led to. Open intents are told by what they are to do.
const PASSING: [&str; 2] = [
    "harmonix.io/intents",
    "kubectl.kubernetes.io/last-applied-configuration",
];

pub fn tell(object: &Value, facts: &mut Facts<'_>) {
    let who = identity(object);
    facts.note(&who, "there");
    field::tell(facts, &format!("{who} /spec"), &object["spec"], |_| false);
    let about = &object["metadata"];
    for name in ["labels", "annotations"] {
        let place = format!("{who} /metadata/{name}");
        field::tell(facts, &place, &about[name], |key| {
            PASSING.contains(&key) || key.contains(HAND)
        });
    }
    let finalizers = about["finalizers"].as_array().into_iter().flatten();
    for finalizer in finalizers.filter_map(Value::as_str) {
        facts.note(&format!("{who} finalizer {finalizer}"), "held");
    }
    if !about["deletionTimestamp"].is_null() {
        facts.note(&format!("{who} deletion"), "asked for");
    }
    for intent in open_intents(object) {
        facts.note(&format!("{who} open intent {intent}"), "open");
    }
    let status = &object["status"];
    for condition in status["conditions"].as_array().into_iter().flatten() {
        let text = |name: &str| condition[name].as_str().unwrap_or_default();
        let name = format!("{who} condition {}", text("type"));
        facts.note(&name, &format!("{} {}", text("status"), text("reason")));
    }
    let backlog = status["effects"]["backlog"].as_array();
    for waits in backlog.into_iter().flatten() {
        facts.note(
            &format!("{who} waiting record {}", waits["action"]),
            "waits",
        );
    }
    field::tell(facts, &format!("{who} /status"), status, is_passing);
}

/// What of a status is told above, or differs with the numbers that GitLab and AWS give out, or is words for people.
fn is_passing(key: &str) -> bool {
    matches!(
        key,
        "conditions"
            | "effects"
            | "id"
            | "projectId"
            | "pipelineId"
            | "message"
            | "intent"
            | "observedGeneration"
    )
}
