//! Suspended: looked at, never touched.

use serde_json::json;

use super::manifest::{application, with};
use super::stage::Stage;
use super::trail::NOTHING;

async fn holds_still(stage: &Stage, name: &str) {
    let mark = stage.trail.mark();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, &stage.project(name)),
        NOTHING
    );
    assert_eq!(stage.trail.aws_writes(mark, &stage.session(name)), NOTHING);
}

#[tokio::test]
async fn the_field_suspends_and_work_goes_on_after_it() {
    let stage = Stage::enter("suspend").await;
    let cart = application("suspend", "cart", &["dev"]);
    stage.settle(&cart).await;
    let mark = stage.trail.mark();
    let edited = with(cart, "/spec/environments/0/replicas", 2);
    stage
        .cluster
        .apply(&with(edited.clone(), "/spec/suspend", true))
        .await;
    stage
        .cluster
        .reason("Application", "suspend/cart", "Ready", "Suspended")
        .await;
    holds_still(&stage, "cart").await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, &stage.project("cart")),
        NOTHING
    );
    stage.settle(&edited).await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, &stage.project("cart")),
        ["commits.create", "pipelines.create"]
    );
}

#[tokio::test]
async fn the_annotation_suspends_and_work_goes_on_after_it() {
    let stage = Stage::enter("annotate").await;
    let cart = application("annotate", "cart", &["dev"]);
    stage.settle(&cart).await;
    let mark = stage.trail.mark();
    stage
        .cluster
        .annotate(
            "Application",
            "annotate/cart",
            "harmonix.io/suspend",
            Some("true"),
        )
        .await;
    stage
        .cluster
        .reason("Application", "annotate/cart", "Ready", "Suspended")
        .await;
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    stage
        .cluster
        .reason("Application", "annotate/cart", "Ready", "Suspended")
        .await;
    holds_still(&stage, "cart").await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, &stage.project("cart")),
        NOTHING
    );
    stage
        .cluster
        .annotate("Application", "annotate/cart", "harmonix.io/suspend", None)
        .await;
    stage.cluster.ready("Application", "annotate/cart").await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, &stage.project("cart")),
        ["commits.create", "pipelines.create"]
    );
}

#[tokio::test]
async fn what_is_suspended_from_the_start_makes_nothing() {
    let stage = Stage::enter("still").await;
    let cart = application("still", "cart", &["dev"]);
    stage
        .cluster
        .apply(&with(cart.clone(), "/spec/suspend", true))
        .await;
    stage
        .cluster
        .reason("Application", "still/cart", "Ready", "Suspended")
        .await;
    holds_still(&stage, "cart").await;
    assert_eq!(
        stage
            .trail
            .gitlab_writes(stage.trail.beginning(), &stage.project("cart")),
        NOTHING
    );
    assert!(stage.forge.project(&stage.project("cart")).await.is_none());
    stage
        .cluster
        .merge(
            "Application",
            "still/cart",
            json!({ "spec": { "suspend": false } }),
        )
        .await;
    stage.cluster.ready("Application", "still/cart").await;
}
