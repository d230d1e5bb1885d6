//! Lost answers: every effect happens once, and has one record.

use std::collections::BTreeSet;

use serde_json::json;

use super::manifest::{application, with};
use super::stage::Stage;

/// What an application that became ready once has left: one project, one commit, one build, one deployment, and one
/// record each.
pub async fn is_there_once(stage: &Stage, name: &str) {
    let project = stage.project(name);
    assert_eq!(
        stage
            .forge
            .projects_of(&format!("aws-apps/{}", stage.namespace))
            .await,
        std::slice::from_ref(&project)
    );
    assert_eq!(stage.forge.commits(&project).await.len(), 1);
    assert_eq!(
        stage.forge.pipelines_named(&project, "build").await.len(),
        1
    );
    assert_eq!(
        stage.forge.pipelines_named(&project, "deploy").await.len(),
        1
    );
    // In the order of the chain, which is the order of what happened. `createdAt` is when something was first intended:
    // settings that have to be applied again come before a commit that was intended earlier.
    let records = stage.ledger.records("dev-eu", &stage.object(name)).await;
    let succeeded: Vec<&str> = records
        .iter()
        .filter(|record| record["status"] == "SUCCESS")
        .map(|record| record["actionType"].as_str())
        .collect();
    let happened = happened(stage, &project);
    assert_eq!(succeeded, happened, "{records:#?}");
    let once: BTreeSet<&str> = happened.iter().copied().collect();
    let all = [
        "CreateGroup",
        "CreateProject",
        "CommitFiles",
        "ApplySettings",
        "Deploy",
    ];
    assert_eq!(once, BTreeSet::from(all));
    let ids: BTreeSet<&str> = records.iter().map(|record| record["id"].as_str()).collect();
    assert_eq!(ids.len(), records.len(), "{records:#?}");
}

/// What GitLab did for the controller, by the names that records give it, in GitLab's order. What it did twice, since
/// nobody can see whether settings were applied, is there once.
fn happened(stage: &Stage, project: &str) -> Vec<&'static str> {
    let mut names = vec!["CreateGroup"];
    for entry in stage.trail.gitlab(stage.trail.beginning(), project) {
        let name = match entry.action.as_str() {
            "projects.create" => "CreateProject",
            "commits.create" => "CommitFiles",
            "projects.update" => "ApplySettings",
            "pipelines.create" => "Deploy",
            _ => continue,
        };
        if (200..300).contains(&entry.status) && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

async fn lost_by_gitlab(namespace: &str, action: &str, fault: &str) {
    let stage = Stage::enter(namespace).await;
    let project = stage.project("cart");
    let matches = json!({ "action": action, "path_contains": project });
    stage
        .forge
        .fault(matches, json!({ "kind": fault }), 1)
        .await;
    stage
        .settle(&application(namespace, "cart", &["dev"]))
        .await;
    assert_eq!(stage.forge.hits(&project).await, 1, "the fault met nothing");
    is_there_once(&stage, "cart").await;
}

#[tokio::test]
async fn a_lost_answer_to_the_project_leaves_one_project() {
    lost_by_gitlab("lost-project", "projects.create", "lost_answer").await;
}

#[tokio::test]
async fn a_lost_answer_to_the_commit_leaves_one_commit() {
    lost_by_gitlab("lost-commit", "commits.create", "lost_answer").await;
}

#[tokio::test]
async fn a_lost_answer_to_the_start_of_a_pipeline_leaves_one_pipeline() {
    lost_by_gitlab("lost-pipeline", "pipelines.create", "lost_answer").await;
}

#[tokio::test]
async fn half_an_answer_is_as_good_as_none() {
    lost_by_gitlab("half-project", "projects.create", "half_answer").await;
    lost_by_gitlab("half-commit", "commits.create", "half_answer").await;
    lost_by_gitlab("half-pipeline", "pipelines.create", "half_answer").await;
}

#[tokio::test]
async fn a_request_that_never_arrived_is_made_again() {
    lost_by_gitlab("refused-project", "projects.create", "refuse").await;
    lost_by_gitlab("refused-commit", "commits.create", "refuse").await;
    lost_by_gitlab("refused-pipeline", "pipelines.create", "refuse").await;
}

#[tokio::test]
async fn a_lost_answer_to_the_settings_leaves_one_record() {
    lost_by_gitlab("lost-settings", "projects.update", "lost_answer").await;
}

#[tokio::test]
async fn a_lost_answer_to_the_audit_insert_leaves_one_record() {
    let stage = Stage::enter("lost-record").await;
    let matches = json!({ "action": "dynamodb:PutItem", "actor": "*/lost-record@cart" });
    stage
        .cloud
        .fault(matches, json!({ "kind": "lost_answer" }), 2)
        .await;
    stage
        .settle(&application("lost-record", "cart", &["dev"]))
        .await;
    is_there_once(&stage, "cart").await;
}

#[tokio::test]
async fn a_ledger_that_cannot_be_written_stops_effects_until_it_can() {
    let stage = Stage::enter("ledger").await;
    let matches = json!({ "action": "dynamodb:PutItem", "actor": "*/ledger@cart" });
    let fault = json!({ "kind": "status", "status": 400, "code": "AccessDeniedException", "message": "not now" });
    let cart = application("ledger", "cart", &["dev"]);
    stage.settle(&cart).await;
    stage.cloud.fault(matches, fault, 4).await;
    let mark = stage.trail.mark();
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    stage
        .cluster
        .reason("Application", "ledger/cart", "Ready", "AuditUnavailable")
        .await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, &stage.project("cart")),
        ["commits.create"]
    );
    stage.cluster.ready("Application", "ledger/cart").await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, &stage.project("cart")),
        ["commits.create", "pipelines.create"]
    );
    assert_eq!(
        stage
            .ledger
            .of_action(&stage.object("cart"), "CommitFiles")
            .await
            .len(),
        2
    );
}
