//! Whatever GitLab answers instead of what it should: a reason, a sentence, and healing.

use serde_json::json;

use super::cluster::condition_of;
use super::manifest::application;
use super::stage::Stage;

/// The endpoint answers so four times, then as it should.
async fn is_told_and_heals(action: &str, status: u16, reasons: &[&str]) {
    let namespace = format!("answer-{status}-{}", action.replace('.', "-"));
    let stage = Stage::enter(&namespace).await;
    let matches = json!({ "action": action, "path_contains": stage.project("cart") });
    let fault = json!({ "kind": "status", "status": status, "message": "something of GitLab's" });
    stage.forge.fault(matches, fault, 4).await;
    let name = format!("{namespace}/cart");
    stage
        .cluster
        .apply(&application(&namespace, "cart", &["dev"]))
        .await;
    let is_told = |object: &serde_json::Value| {
        let ready = condition_of(object, "Ready");
        ready.is_some_and(|c| {
            c["status"] == "False" && reasons.iter().any(|reason| c["reason"] == *reason)
        })
    };
    let wanted = format!("told with one of {reasons:?}");
    let object = stage
        .cluster
        .wait_until("Application", &name, &wanted, is_told)
        .await;
    let why = condition_of(&object, "Ready").unwrap()["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        why.contains(&status.to_string()) || why.contains("something of GitLab's"),
        "{why}"
    );
    stage.cluster.ready("Application", &name).await;
    assert_eq!(stage.forge.commits(&stage.project("cart")).await.len(), 1);
}

const EFFECT: &str = "commits.create";
const LOOK: &str = "pipelines.list";

#[tokio::test]
async fn an_unauthorized_effect_is_told_and_heals() {
    is_told_and_heals(EFFECT, 401, &["GitLabDenied", "CommitRefused"]).await;
}

#[tokio::test]
async fn a_forbidden_effect_is_told_and_heals() {
    is_told_and_heals(EFFECT, 403, &["GitLabDenied", "CommitRefused"]).await;
}

#[tokio::test]
async fn an_effect_on_what_is_not_found_is_told_and_heals() {
    is_told_and_heals(EFFECT, 404, &["GitLabUnavailable"]).await;
}

#[tokio::test]
async fn a_conflicting_effect_is_told_and_heals() {
    is_told_and_heals(EFFECT, 409, &["Updating", "GitLabUnavailable"]).await;
}

#[tokio::test]
async fn an_unprocessable_effect_is_told_and_heals() {
    is_told_and_heals(EFFECT, 422, &["GitLabRejected", "CommitRefused"]).await;
}

#[tokio::test]
async fn an_effect_on_a_broken_server_is_told_and_heals() {
    for status in [500, 502, 503] {
        is_told_and_heals(EFFECT, status, &["GitLabUnavailable"]).await;
    }
}

#[tokio::test]
async fn a_look_that_fails_is_told_and_heals() {
    is_told_and_heals(LOOK, 401, &["GitLabDenied"]).await;
    is_told_and_heals(LOOK, 403, &["GitLabDenied"]).await;
    is_told_and_heals(LOOK, 500, &["GitLabUnavailable"]).await;
}
