//! What a platform does not allow is refused before anything happens.

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
    let session = stage.session(application);
    assert_eq!(
        stage.trail.aws_writes(stage.trail.beginning(), &session),
        NOTHING
    );
}

#[tokio::test]
async fn an_environment_that_forbids_the_namespace_is_refused_until_it_allows_it() {
    let stage = Stage::enter("forbidden").await;
    let closed = with(
        environment("closed", 1, &["dev-eu"]),
        "/spec/allowedNamespaces",
        json!({ "from": "None" }),
    );
    stage.cluster.apply(&closed).await;
    stage
        .cluster
        .apply(&application("forbidden", "cart", &["closed"]))
        .await;
    let why = stage
        .cluster
        .reason(
            "Application",
            "forbidden/cart",
            "Accepted",
            "NamespaceNotAllowed",
        )
        .await;
    assert!(why.contains("forbidden") && why.contains("closed"), "{why}");
    stage
        .cluster
        .reason(
            "Application",
            "forbidden/cart",
            "Stalled",
            "NamespaceNotAllowed",
        )
        .await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    nothing_was_made(&stage, "cart").await;

    stage
        .cluster
        .apply(&environment("closed", 1, &["dev-eu"]))
        .await;
    stage.cluster.ready("Application", "forbidden/cart").await;
}

#[tokio::test]
async fn a_permission_taken_back_stops_every_further_effect() {
    let stage = Stage::enter("revoked").await;
    stage
        .cluster
        .apply(&environment("revocable", 1, &["dev-eu"]))
        .await;
    let cart = application("revoked", "cart", &["revocable"]);
    stage.settle(&cart).await;
    let labels = |tenant: &Value| json!({ "metadata": { "labels": { "platform.example.com/tenant": tenant } } });
    stage
        .cluster
        .merge("Namespace", "revoked", labels(&Value::Null))
        .await;
    stage
        .cluster
        .reason(
            "Application",
            "revoked/cart",
            "Accepted",
            "NamespaceNotAllowed",
        )
        .await;
    let mark = stage.trail.mark();
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, &stage.project("cart")),
        NOTHING
    );
    stage
        .cluster
        .merge("Namespace", "revoked", labels(&json!("true")))
        .await;
    stage.cluster.ready("Application", "revoked/cart").await;
}

#[tokio::test]
async fn a_group_outside_the_providers_groups_is_refused_until_it_is_inside() {
    let stage = Stage::enter("outside").await;
    stage
        .cluster
        .annotate(
            "Namespace",
            "outside",
            "harmonix.io/gitlab-group",
            Some("elsewhere/outside"),
        )
        .await;
    stage
        .cluster
        .apply(&application("outside", "cart", &["dev"]))
        .await;
    let why = stage
        .cluster
        .reason("Application", "outside/cart", "Accepted", "GroupNotAllowed")
        .await;
    assert!(
        why.contains("elsewhere/outside") && why.contains("dev-eu"),
        "{why}"
    );
    nothing_was_made(&stage, "cart").await;
    stage
        .cluster
        .annotate("Namespace", "outside", "harmonix.io/gitlab-group", None)
        .await;
    stage.cluster.ready("Application", "outside/cart").await;
}
