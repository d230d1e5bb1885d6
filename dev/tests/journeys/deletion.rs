//! Deletion lets go: what was made outside stays as it is.

use super::manifest::{application, environment, provider};
use super::stage::Stage;
use super::trail::NOTHING;

#[tokio::test]
async fn a_deleted_application_leaves_everything_and_one_record_and_comes_back_to_it() {
    let stage = Stage::enter("letgo").await;
    let cart = application("letgo", "cart", &["dev"]);
    let before = stage.settle(&cart).await;
    let project = stage.project("cart");
    let (commits, pipelines) = (
        stage.forge.commits(&project).await,
        stage.forge.pipelines(&project).await,
    );

    let mark = stage.trail.mark();
    stage.cluster.delete("Application", "letgo/cart").await;
    stage.cluster.gone("Application", "letgo/cart").await;
    assert_eq!(stage.trail.gitlab_writes(mark, &project), NOTHING);
    assert_eq!(
        stage.trail.aws_writes(mark, &stage.session("cart")),
        ["dynamodb:PutItem"]
    );
    assert_eq!(
        stage
            .cloud
            .digests("222222222222", "letgo-cart")
            .await
            .len(),
        1
    );
    let letting_go = stage.ledger.of_action(&stage.object("cart"), "LetGo").await;
    assert_eq!(letting_go.len(), 1);
    assert_eq!(letting_go[0]["status"], "SUCCESS");

    let after = stage.settle(&cart).await;
    assert_eq!(
        after["status"]["repository"]["projectId"],
        before["status"]["repository"]["projectId"]
    );
    assert_eq!(
        stage.forge.projects_of("aws-apps/letgo").await,
        std::slice::from_ref(&project)
    );
    assert_eq!(stage.forge.commits(&project).await, commits);
    assert_eq!(stage.forge.pipelines(&project).await, pipelines);
}

#[tokio::test]
async fn a_deleted_provider_leaves_everything_and_one_record() {
    let stage = Stage::enter("letgo-provider").await;
    stage
        .cluster
        .apply(&provider("leaving-eu", "222222222222"))
        .await;
    stage
        .cluster
        .ready("EnvironmentProvider", "leaving-eu")
        .await;
    stage
        .cluster
        .delete("EnvironmentProvider", "leaving-eu")
        .await;
    stage
        .cluster
        .gone("EnvironmentProvider", "leaving-eu")
        .await;
    assert!(
        stage
            .forge
            .project("aws-environment-providers/leaving-eu")
            .await
            .is_some()
    );
    let records = stage
        .ledger
        .records("leaving-eu", "EnvironmentProvider/leaving-eu")
        .await;
    let last: Vec<&str> = records
        .iter()
        .map(|record| record["actionType"].as_str())
        .collect();
    assert_eq!(
        last,
        ["CreateProject", "CommitFiles", "ApplySettings", "LetGo"]
    );
}

#[tokio::test]
async fn an_application_without_its_environment_still_goes() {
    let stage = Stage::enter("orphan").await;
    stage
        .cluster
        .apply(&environment("fleeting", 1, &["dev-eu"]))
        .await;
    stage
        .settle(&application("orphan", "cart", &["fleeting"]))
        .await;
    stage.cluster.delete("Environment", "fleeting").await;
    stage
        .cluster
        .reason(
            "Application",
            "orphan/cart",
            "Accepted",
            "ReferenceNotFound",
        )
        .await;
    stage.cluster.delete("Application", "orphan/cart").await;
    stage.cluster.gone("Application", "orphan/cart").await;
    assert_eq!(
        stage
            .ledger
            .of_action(&stage.object("cart"), "LetGo")
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn what_never_began_goes_without_a_trace() {
    let stage = Stage::enter("unborn").await;
    stage
        .cluster
        .apply(&application("unborn", "cart", &["nowhere"]))
        .await;
    stage
        .cluster
        .reason(
            "Application",
            "unborn/cart",
            "Accepted",
            "ReferenceNotFound",
        )
        .await;
    stage.cluster.delete("Application", "unborn/cart").await;
    stage.cluster.gone("Application", "unborn/cart").await;
    assert!(
        stage
            .ledger
            .records("dev-eu", &stage.object("cart"))
            .await
            .is_empty()
    );
}
