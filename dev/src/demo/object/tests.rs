use serde_json::json;

use super::*;

fn object(status: serde_json::Value) -> Object {
    let found: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "harmonix.io/v1alpha1",
        "kind": "Application",
        "metadata": { "name": "cart", "namespace": "shop", "generation": 2 },
        "spec": {},
        "status": status,
    }))
    .unwrap();
    Object::of(&found)
}

fn condition(kind: &str, status: &str, reason: &str) -> serde_json::Value {
    json!({ "type": kind, "status": status, "reason": reason, "message": "because of that" })
}

#[test]
fn what_sums_up_comes_last_and_repeats_nothing() {
    let running = |kind: &str| condition(kind, "False", "PipelineRunning");
    let before = object(json!({}));
    let after = object(json!({
        "conditions": [running("Ready"), running("Provisioned")],
        "deployments": [{ "environment": "dev", "provider": "dev-eu", "state": "Waiting" }],
    }));
    assert_eq!(
        told(&before, &after),
        [
            "Provisioned: False (PipelineRunning): because of that",
            "in dev: Waiting on dev-eu",
            "Ready: False (PipelineRunning)",
        ]
    );
}

fn told(before: &Object, after: &Object) -> Vec<String> {
    after
        .changes(before)
        .into_iter()
        .map(|change| format!("{}: {}", change.phase, change.now))
        .collect()
}

#[test]
fn transitions_are_news_and_repetitions_are_not() {
    let before = object(json!({ "conditions": [
        condition("Accepted", "True", "Valid"),
        condition("RepositoryReady", "Unknown", "Creating"),
        condition("Ready", "False", "Creating"),
    ]}));
    let after = object(json!({ "conditions": [
        condition("Accepted", "True", "Valid"),
        condition("RepositoryReady", "True", "Succeeded"),
        condition("PipelineSucceeded", "Unknown", "PipelineRunning"),
        condition("Ready", "False", "PipelineRunning"),
        condition("Reconciling", "True", "PipelineRunning"),
    ]}));
    assert_eq!(
        told(&before, &after),
        [
            "RepositoryReady: True (Succeeded)",
            "Ready: False (PipelineRunning): because of that"
        ]
    );
    assert_eq!(told(&after, &after), [""; 0]);
}

#[test]
fn each_deployment_has_a_line_for_each_state() {
    let row = |state: &str| json!({ "environment": "dev", "provider": "dev-eu", "state": state });
    let before = object(json!({ "deployments": [row("Waiting")] }));
    let after = object(json!({ "deployments": [row("Provisioning")] }));
    assert_eq!(told(&before, &after), ["in dev: Provisioning on dev-eu"]);
}

#[test]
fn an_object_is_ready_only_in_the_generation_that_was_asked_for() {
    let ready = condition("Ready", "True", "Succeeded");
    assert!(!object(json!({ "observedGeneration": 1, "conditions": [ready] })).is_ready());
    assert!(object(json!({ "observedGeneration": 2, "conditions": [ready] })).is_ready());
}

#[test]
fn a_stalled_object_says_why() {
    let stalled = object(json!({ "conditions": [condition("Stalled", "True", "Invalid")] }));
    assert_eq!(stalled.stalled(), Some("because of that"));
    assert_eq!(object(json!({})).stalled(), None);
    assert_eq!(stalled.title(), "Application shop/cart");
}
