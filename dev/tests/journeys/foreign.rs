//! A project of somebody else's at our path.

use serde_json::{Value, json};

use super::forge::escaped;
use super::manifest::application;
use super::stage::Stage;
use super::trail::NOTHING;

/// A project that a person made, with a description of their own.
async fn somebody_has(stage: &Stage, name: &str) -> Value {
    let group = stage.forge.make_group(&stage.namespace).await;
    let body = json!({ "name": name, "path": name, "namespace_id": group, "description": "ours" });
    let (status, made) = stage.forge.ask("POST", "projects", body).await;
    assert_eq!(status, 201, "{made}");
    made
}

async fn is_reported_and_untouched(stage: &Stage, before: &Value) {
    let name = format!("{}/cart", stage.namespace);
    let why = stage
        .cluster
        .reason(
            "Application",
            &name,
            "RepositoryReady",
            "RepositoryConflict",
        )
        .await;
    assert!(why.contains(&stage.project("cart")), "{why}");
    stage
        .cluster
        .reason("Application", &name, "Stalled", "RepositoryConflict")
        .await;
    // Resyncs do not try again to make it.
    let mark = stage.trail.mark();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let writes = stage.trail.gitlab_writes(mark, &stage.project("cart"));
    assert_eq!(writes, NOTHING);
    let after = stage.forge.get(&format!("projects/{}", before["id"])).await;
    assert_eq!(after["description"], "ours");
    assert_eq!(after["last_activity_at"], before["last_activity_at"]);
    assert_eq!(after["empty_repo"], true);
}

#[tokio::test]
async fn a_foreign_project_is_reported_and_untouched_until_it_is_renamed() {
    let stage = Stage::enter("foreign").await;
    let theirs = somebody_has(&stage, "cart").await;
    stage
        .cluster
        .apply(&application("foreign", "cart", &["dev"]))
        .await;
    is_reported_and_untouched(&stage, &theirs).await;

    let rename = json!({ "path": "theirs", "name": "theirs" });
    let (status, _) = stage
        .forge
        .ask("PUT", &format!("projects/{}", theirs["id"]), rename)
        .await;
    assert_eq!(status, 200);
    let object = stage.cluster.ready("Application", "foreign/cart").await;
    assert_ne!(object["status"]["repository"]["projectId"], theirs["id"]);
    let after = stage.forge.get(&format!("projects/{}", theirs["id"])).await;
    assert_eq!(after["description"], "ours");
}

#[tokio::test]
async fn a_foreign_project_that_is_removed_makes_way() {
    let stage = Stage::enter("removed").await;
    let theirs = somebody_has(&stage, "cart").await;
    stage
        .cluster
        .apply(&application("removed", "cart", &["dev"]))
        .await;
    is_reported_and_untouched(&stage, &theirs).await;
    let path = format!("projects/{}", escaped(&stage.project("cart")));
    let (status, body) = stage.forge.ask("DELETE", &path, Value::Null).await;
    assert!(status == 202, "{status} {body}");
    stage.cluster.ready("Application", "removed/cart").await;
}
