//! No pipeline, or one that does not start: each has its reason.

use serde_json::{Value, json};

use super::forge::escaped;
use super::manifest::{application, with};
use super::stage::Stage;
use super::worktree::Worktree;

#[tokio::test]
async fn a_pipeline_without_a_runner_is_told_and_goes_on_when_there_is_one() {
    let stage = Stage::enter("runner").await;
    let cart = application("runner", "cart", &["dev"]);
    stage.settle(&cart).await;
    stage.forge.runner(&stage.project("cart"), false).await;
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    let why = stage
        .cluster
        .reason(
            "Application",
            "runner/cart",
            "Reconciling",
            "PipelinePending",
        )
        .await;
    assert!(why.contains("runner") && why.contains("harmonix"), "{why}");
    stage.forge.runner(&stage.project("cart"), true).await;
    stage.cluster.ready("Application", "runner/cart").await;
    assert_eq!(
        stage
            .forge
            .pipelines_named(&stage.project("cart"), "deploy")
            .await
            .len(),
        2
    );
}

#[tokio::test]
async fn a_developers_job_without_a_runner_is_told_beside_a_green_build_until_its_tags_are_right() {
    let stage = Stage::enter("ungreen").await;
    stage
        .settle(&application("ungreen", "cart", &["dev"]))
        .await;
    let clone = Worktree::clone(stage.world, &stage.project("cart"));
    let good = clone.read(".gitlab-ci.yml");
    assert!(
        good.contains("- harmonix\n") && good.contains("@sha256:"),
        "{good}"
    );
    clone.write(".gitlab-ci.yml", &good.replace("- harmonix\n", "- gpu\n"));
    clone.push("test on a machine that nobody has");
    let why = stage
        .cluster
        .reason(
            "Application",
            "ungreen/cart",
            "Reconciling",
            "PipelinePending",
        )
        .await;
    assert!(
        why.contains("the job unit-tests") && why.contains("with the tag gpu"),
        "{why}"
    );
    let jobs = stage.forge.jobs_of_newest(&stage.project("cart")).await;
    assert_eq!(jobs["harmonix-build"], "success");
    // It is told once, however often it is looked at.
    let before = stage.cluster.get("Application", "ungreen/cart").await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let after = stage.cluster.get("Application", "ungreen/cart").await;
    assert_eq!(
        before["metadata"]["resourceVersion"],
        after["metadata"]["resourceVersion"]
    );
    clone.write(".gitlab-ci.yml", &good);
    let commit = clone.push("test where the image is built");
    let is_running = |object: &Value| {
        super::cluster::is_settled(object)
            && object["status"]["deployments"][0]["revision"] == commit.as_str()
    };
    stage
        .cluster
        .wait_until(
            "Application",
            "ungreen/cart",
            "running the push",
            is_running,
        )
        .await;
}

#[tokio::test]
async fn a_pipeline_file_that_gitlab_cannot_read_is_told_and_the_next_push_heals_it() {
    let stage = Stage::enter("unreadable").await;
    stage
        .settle(&application("unreadable", "cart", &["dev"]))
        .await;
    let clone = Worktree::clone(stage.world, &stage.project("cart"));
    let good = clone.read(".gitlab-ci.yml");
    clone.write(
        ".gitlab-ci.yml",
        "test:\n  script: [npm test]\n  stage: a-stage-that-nobody-has\n",
    );
    clone.push("break the file");
    let why = stage
        .cluster
        .reason(
            "Application",
            "unreadable/cart",
            "Stalled",
            "PipelineInvalid",
        )
        .await;
    assert!(
        why.contains(".gitlab-ci.yml") && why.contains("a-stage-that-nobody-has"),
        "{why}"
    );
    clone.write(".gitlab-ci.yml", &good);
    let commit = clone.push("mend the file");
    let is_running = |object: &Value| {
        super::cluster::is_settled(object)
            && object["status"]["deployments"][0]["revision"] == commit.as_str()
    };
    stage
        .cluster
        .wait_until(
            "Application",
            "unreadable/cart",
            "running the push",
            is_running,
        )
        .await;
}

#[tokio::test]
async fn a_canceled_deployment_is_told_and_a_retry_heals_it() {
    let stage = Stage::enter("canceled").await;
    let cart = application("canceled", "cart", &["dev"]);
    stage.settle(&cart).await;
    let project = stage.project("cart");
    let script = json!({ "match": { "project_contains": project, "job_contains": "harmonix-deploy" }, "outcome": "hang" });
    stage.forge.script(script).await;
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    let is_running =
        |object: &Value| object["status"]["rollouts"][0]["pipeline"]["status"] == "running";
    let object = stage
        .cluster
        .wait_until("Application", "canceled/cart", "deploying", is_running)
        .await;
    let id = &object["status"]["rollouts"][0]["pipeline"]["id"];
    let path = format!("projects/{}/pipelines/{id}/cancel", escaped(&project));
    let (status, body) = stage.forge.ask("POST", &path, Value::Null).await;
    assert!(status < 300, "{status} {body}");
    stage
        .cluster
        .reason(
            "Application",
            "canceled/cart",
            "Stalled",
            "PipelineCanceled",
        )
        .await;
    stage
        .cluster
        .annotate(
            "Application",
            "canceled/cart",
            "harmonix.io/retry",
            Some("1"),
        )
        .await;
    stage.cluster.ready("Application", "canceled/cart").await;
}

#[tokio::test]
async fn a_job_that_a_person_retries_in_gitlab_heals_the_deployment_without_a_second_pipeline() {
    let stage = Stage::enter("by-hand").await;
    let cart = application("by-hand", "cart", &["dev"]);
    stage.settle(&cart).await;
    let project = stage.project("cart");
    let script = json!({ "match": { "project_contains": project, "job_contains": "harmonix-deploy" }, "outcome": "fail" });
    stage.forge.script(script).await;
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    stage
        .cluster
        .reason("Application", "by-hand/cart", "Stalled", "PipelineFailed")
        .await;
    let object = stage.cluster.get("Application", "by-hand/cart").await;
    let id = &object["status"]["rollouts"][0]["pipeline"]["id"];
    let path = format!("projects/{}/pipelines/{id}/retry", escaped(&project));
    let (status, body) = stage.forge.ask("POST", &path, Value::Null).await;
    assert!(status < 300, "{status} {body}");
    stage.cluster.ready("Application", "by-hand/cart").await;
    assert_eq!(
        stage.forge.pipelines_named(&project, "deploy").await.len(),
        2
    );
}
