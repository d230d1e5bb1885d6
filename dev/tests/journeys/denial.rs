//! STS refuses a role: diagnosed, recorded once, and healed.

use serde_json::json;

use super::manifest::{application, environment, provider};
use super::stage::Stage;
use super::trail::NOTHING;

#[tokio::test]
async fn a_refused_operations_role_is_diagnosed_recorded_once_and_heals() {
    let stage = Stage::enter("denied").await;
    let matches =
        json!({ "action": "sts:AssumeRole", "role_contains": "acme-denied-eu-operations-role" });
    let fault = stage
        .cloud
        .fault(matches, json!({ "kind": "deny" }), 1000)
        .await;
    stage
        .cluster
        .apply(&provider("denied-eu", "222222222222"))
        .await;
    let why = stage
        .cluster
        .reason(
            "EnvironmentProvider",
            "denied-eu",
            "RolesAssumable",
            "RoleDenied",
        )
        .await;
    let external_id =
        stage.cluster.get("EnvironmentProvider", "denied-eu").await["status"]["externalId"].clone();
    for part in [
        "arn:aws:iam::222222222222:role/acme-denied-eu-operations-role",
        "arn:aws:iam::111111111111:role/harmonix-controller",
        external_id.as_str().unwrap(),
        "sts:AssumeRole",
        "sts:ExternalId",
    ] {
        assert!(why.contains(part), "{part} is not in: {why}");
    }
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    stage.cloud.forget_fault(&fault).await;
    stage
        .cluster
        .ready("EnvironmentProvider", "denied-eu")
        .await;
    let denials = || async {
        let mut records = stage
            .ledger
            .records("denied-eu", "EnvironmentProvider/denied-eu")
            .await;
        records.retain(|record| record["actionType"] == "AssumeRole");
        records
    };
    let found = denials().await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["status"], "DENIED");
}

#[tokio::test]
async fn a_role_that_is_taken_back_is_told_recorded_once_and_heals() {
    let stage = Stage::enter("lapsed").await;
    stage
        .cluster
        .apply(&provider("lapsed-eu", "222222222222"))
        .await;
    stage
        .cluster
        .apply(&environment("lapsed", 1, &["lapsed-eu"]))
        .await;
    stage
        .settle(&application("lapsed", "cart", &["lapsed"]))
        .await;

    let role = "acme-lapsed-eu-operations-role";
    let matches = json!({ "action": "sts:AssumeRole", "role_contains": role });
    let fault = stage
        .cloud
        .fault(matches, json!({ "kind": "deny" }), 1000)
        .await;
    stage.cloud.expire_sessions(role).await;
    let mark = stage.trail.mark();
    let told = |object: &serde_json::Value| {
        let ready = super::cluster::condition_of(object, "Ready").unwrap();
        ready["reason"] != "Succeeded"
    };
    let cart = stage
        .cluster
        .wait_until("Application", "lapsed/cart", "told of the refusal", told)
        .await;
    // It meets the refusal itself, or its provider does and is what it waits for: both lead to the cause.
    let ready = super::cluster::condition_of(&cart, "Ready").unwrap();
    let why = ready["message"].as_str().unwrap();
    let parts: &[&str] = match ready["reason"].as_str().unwrap() {
        "RoleDenied" => &[role, "sts:AssumeRole", "sts:ExternalId"],
        "DependencyNotReady" => &["lapsed-eu"],
        other => panic!("{other} does not name what is refused: {why}"),
    };
    for part in parts {
        assert!(why.contains(part), "{part} is not in: {why}");
    }
    stage
        .cluster
        .reason(
            "EnvironmentProvider",
            "lapsed-eu",
            "RolesAssumable",
            "RoleDenied",
        )
        .await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, &stage.project("cart")),
        NOTHING
    );

    stage.cloud.forget_fault(&fault).await;
    stage
        .cluster
        .ready("EnvironmentProvider", "lapsed-eu")
        .await;
    stage.cluster.ready("Application", "lapsed/cart").await;
    for object in ["Application/lapsed/cart", "EnvironmentProvider/lapsed-eu"] {
        let mut records = stage.ledger.records("lapsed-eu", object).await;
        records.retain(|record| record["actionType"] == "AssumeRole");
        assert!(records.len() <= 1, "{records:#?}");
    }
}
