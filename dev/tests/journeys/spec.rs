//! What a person wrote wrong is said at once, all of it, and touches nothing.

use serde_json::{Value, json};

use super::manifest::{application, environment, with};
use super::stage::Stage;
use super::trail::NOTHING;

async fn nothing_was_made(stage: &Stage, application: &str) {
    let path = stage.project(application);
    assert_eq!(
        stage.trail.gitlab_writes(stage.trail.beginning(), &path),
        NOTHING
    );
    assert!(stage.forge.project(&path).await.is_none());
}

#[tokio::test]
async fn an_unknown_template_is_named_with_those_that_exist() {
    let stage = Stage::enter("template").await;
    let cart = with(
        application("template", "cart", &["dev"]),
        "/spec/template/name",
        "cobol-service",
    );
    stage.cluster.apply(&cart).await;
    let why = stage
        .cluster
        .reason("Application", "template/cart", "Stalled", "Invalid")
        .await;
    assert!(
        why.contains("cobol-service") && why.contains("node-service"),
        "{why}"
    );
    nothing_was_made(&stage, "cart").await;
    // The template's name cannot be changed: another application takes its place.
    stage.cluster.delete("Application", "template/cart").await;
    stage.cluster.gone("Application", "template/cart").await;
    stage
        .settle(&application("template", "cart", &["dev"]))
        .await;
}

#[tokio::test]
async fn parameters_of_the_wrong_type_are_all_told_at_once() {
    let stage = Stage::enter("types").await;
    let cart = application("types", "cart", &["dev"]);
    let wrong = json!({ "cpu": "many", "port": 0, "exposure": "secret", "colour": "red" });
    stage
        .cluster
        .apply(&with(cart.clone(), "/spec/parameters", wrong))
        .await;
    let why = stage
        .cluster
        .reason("Application", "types/cart", "Stalled", "Invalid")
        .await;
    for part in ["cpu", "port", "exposure", "colour"] {
        assert!(why.contains(part), "{part} is not in: {why}");
    }
    stage
        .cluster
        .reason("Application", "types/cart", "Accepted", "Invalid")
        .await;
    nothing_was_made(&stage, "cart").await;
    stage.settle(&cart).await;
}

#[tokio::test]
async fn a_missing_environment_is_waited_for() {
    let stage = Stage::enter("missing").await;
    stage
        .cluster
        .apply(&application("missing", "cart", &["later"]))
        .await;
    let why = stage
        .cluster
        .reason(
            "Application",
            "missing/cart",
            "Accepted",
            "ReferenceNotFound",
        )
        .await;
    assert!(why.contains("later"), "{why}");
    let object = stage.cluster.get("Application", "missing/cart").await;
    assert!(
        super::cluster::condition_of(&object, "Stalled").is_none(),
        "what may still come is not stalled"
    );
    nothing_was_made(&stage, "cart").await;
    stage
        .cluster
        .apply(&environment("later", 1, &["dev-eu"]))
        .await;
    stage.cluster.ready("Application", "missing/cart").await;
}

#[tokio::test]
async fn a_new_object_is_not_ready_before_it_was_seen() {
    let stage = Stage::alone("unseen").await;
    {
        let mut held = stage.shared.running().await;
        held.as_mut()
            .unwrap()
            .stop(std::time::Duration::from_secs(20))
            .await
            .unwrap();
    }
    stage
        .cluster
        .apply(&application("unseen", "cart", &["dev"]))
        .await;
    let object = stage.cluster.get("Application", "unseen/cart").await;
    let ready = super::cluster::condition_of(&object, "Ready").unwrap();
    assert_eq!(ready["status"], "Unknown");
    assert_eq!(object["status"]["observedGeneration"], Value::Null);
    drop(stage.shared.running().await);
    stage.cluster.ready("Application", "unseen/cart").await;
}
