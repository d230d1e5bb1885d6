//! The controller's token: rotated while it runs, and told about when it ends soon.

use std::time::Duration;

use serde_json::json;

use super::manifest::{application, with};
use super::stage::Stage;

#[tokio::test]
async fn a_rotated_token_is_used_without_a_restart() {
    let stage = Stage::alone("token").await;
    let cart = application("token", "cart", &["dev"]);
    stage.settle(&cart).await;
    let pid = stage.shared.running().await.as_ref().unwrap().pid();

    let new = format!("glpat-rotated-{}", std::process::id());
    stage
        .forge
        .user(json!({ "username": "harmonix", "token": new }))
        .await;
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    let why = stage
        .cluster
        .reason("Application", "token/cart", "Ready", "GitLabDenied")
        .await;
    assert!(why.contains("token"), "{why}");
    let file = stage.world.layout.gitlab_token();
    stage.world.layout.write(&file, &new).unwrap();
    stage.cluster.ready("Application", "token/cart").await;
    assert_eq!(stage.shared.running().await.as_ref().unwrap().pid(), pid);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_a_warning_and_nothing_more() {
    let stage = Stage::alone("expiry").await;
    stage.settle(&application("expiry", "cart", &["dev"])).await;
    let soon = jiff::Zoned::now().date().tomorrow().unwrap();
    let far = jiff::Zoned::now()
        .date()
        .checked_add(jiff::Span::new().days(300))
        .unwrap();
    stage
        .forge
        .user(json!({ "username": "harmonix", "expires_at": soon }))
        .await;
    stage.shared.restart().await;
    let why = stage
        .cluster
        .reason("Application", "expiry/cart", "TokenExpiring", "ExpiresSoon")
        .await;
    assert!(why.contains(&soon.to_string()), "{why}");
    stage.cluster.ready("Application", "expiry/cart").await;
    stage
        .forge
        .user(json!({ "username": "harmonix", "expires_at": far }))
        .await;
    stage.shared.restart().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let is_gone = |object: &serde_json::Value| {
        super::cluster::condition_of(object, "TokenExpiring").is_none()
    };
    stage
        .cluster
        .wait_until("Application", "expiry/cart", "without the warning", is_gone)
        .await;
}
