//! An edit of one environment is one commit and one pipeline, for that environment alone.

use serde_json::json;

use super::manifest::{application, with};
use super::stage::Stage;

#[tokio::test]
async fn an_edit_of_one_environment_is_one_commit_and_one_pipeline_for_it_alone() {
    let stage = Stage::enter("edit").await;
    let cart = application("edit", "cart", &["dev", "prod"]);
    let before = stage.settle(&cart).await;

    let mark = stage.trail.mark();
    let edited = with(cart, "/spec/environments/0/replicas", 2);
    let edited = with(
        edited,
        "/spec/environments/0/variables/0/value",
        "good morning",
    );
    let after = stage.settle(&edited).await;

    let project = stage.project("cart");
    assert_eq!(
        stage.trail.gitlab_writes(mark, &project),
        ["commits.create", "pipelines.create"]
    );
    let requests = stage.trail.gitlab(mark, &project);
    let commit = requests
        .iter()
        .find(|entry| entry.action == "commits.create")
        .unwrap();
    let paths = commit.detail["paths"].as_array().unwrap();
    assert!(
        paths.contains(&json!(".harmonix/environments/dev.tfvars.json")),
        "{paths:?}"
    );
    assert!(
        !paths.contains(&json!(".harmonix/environments/prod.tfvars.json")),
        "{paths:?}"
    );
    let pipeline = requests
        .iter()
        .find(|entry| entry.action == "pipelines.create")
        .unwrap();
    assert_eq!(pipeline.detail["variables"]["HARMONIX_ENVIRONMENT"], "dev");

    let row = |status: &serde_json::Value, environment: &str| {
        let rows = status["status"]["deployments"].as_array().unwrap().clone();
        rows.into_iter()
            .find(|row| row["environment"] == environment)
            .unwrap()
    };
    assert_eq!(row(&after, "dev")["service"]["running"], 2);
    assert_eq!(row(&before, "prod"), row(&after, "prod"));
    assert_eq!(row(&before, "dev")["image"], row(&after, "dev")["image"]);
}

#[tokio::test]
async fn a_change_there_and_back_and_there_again_is_three_changes() {
    let stage = Stage::enter("aba").await;
    let one = application("aba", "cart", &["dev"]);
    let two = with(
        one.clone(),
        "/spec/environments/0/variables/0/value",
        "another",
    );
    stage.settle(&one).await;
    for next in [&two, &one, &two] {
        let mark = stage.trail.mark();
        stage.settle(next).await;
        let writes = stage.trail.gitlab_writes(mark, &stage.project("cart"));
        assert_eq!(writes, ["commits.create", "pipelines.create"]);
    }
    let deployments = stage
        .ledger
        .of_action(&stage.object("cart"), "Deploy")
        .await;
    assert_eq!(deployments.len(), 4);
}

#[tokio::test]
async fn an_environment_that_joins_later_gets_the_release_that_runs_below_without_a_build() {
    let stage = Stage::enter("joins").await;
    stage.settle(&application("joins", "cart", &["dev"])).await;
    let mark = stage.trail.mark();
    stage
        .settle(&application("joins", "cart", &["dev", "prod"]))
        .await;

    let project = stage.project("cart");
    let requests = stage.trail.gitlab(mark, &project);
    let started: Vec<_> = requests
        .iter()
        .filter(|entry| entry.action == "pipelines.create")
        .map(|entry| entry.detail["variables"]["HARMONIX_ENVIRONMENT"].clone())
        .collect();
    assert_eq!(started, [json!("prod")]);
    assert_eq!(
        stage
            .forge
            .pipelines_named(&project, "build")
            .await
            .iter()
            .filter(|p| p["status"] == "success")
            .count(),
        1
    );
}

#[tokio::test]
async fn an_edit_of_a_higher_environment_deploys_the_image_that_is_there_already() {
    let stage = Stage::enter("edit-above").await;
    let cart = application("edit-above", "cart", &["dev", "prod"]);
    stage.settle(&cart).await;
    let mark = stage.trail.mark();
    let after = stage
        .settle(&with(cart, "/spec/environments/1/replicas", 2))
        .await;

    let writes = stage.trail.gitlab_writes(mark, &stage.project("cart"));
    assert_eq!(writes, ["commits.create", "pipelines.create"]);
    let rows = after["status"]["deployments"].as_array().unwrap();
    let prod = rows.iter().find(|row| row["environment"] == "prod");
    assert_eq!(prod.unwrap()["service"]["running"], 2, "{after}");
}
