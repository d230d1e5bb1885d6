//! Releases: built once by a push, promoted by digest, pinned and let go again.

use serde_json::{Value, json};

use super::manifest::{application, with};
use super::stage::Stage;
use super::trail::NOTHING;
use super::worktree::Worktree;

/// The release that runs in an environment, by commit.
fn runs(object: &Value, environment: &str) -> String {
    let rows = object["status"]["deployments"]
        .as_array()
        .into_iter()
        .flatten();
    let found = rows.filter(|row| row["environment"] == environment && row["state"] == "Running");
    found
        .map(|row| row["revision"].as_str().unwrap_or_default().to_owned())
        .next()
        .unwrap_or_default()
}

/// A push of a developer; answers its commit.
fn push(stage: &Stage, text: &str) -> String {
    let clone = Worktree::clone(stage.world, &stage.project("cart"));
    clone.write("README.md", text);
    clone.push(text)
}

async fn runs_in(stage: &Stage, commit: &str, environments: &[&str]) -> Value {
    let name = format!("{}/cart", stage.namespace);
    let wanted = format!("running {commit} in {environments:?}");
    let is_so = |object: &Value| {
        super::cluster::is_settled(object)
            && environments
                .iter()
                .all(|environment| runs(object, environment) == commit)
    };
    stage
        .cluster
        .wait_until("Application", &name, &wanted, is_so)
        .await
}

/// The deployments started since, as environment and release.
fn started(stage: &Stage, since: super::trail::Mark) -> Vec<(String, String)> {
    let requests = stage.trail.gitlab(since, &stage.project("cart"));
    let starts = requests
        .iter()
        .filter(|entry| entry.action == "pipelines.create");
    let variable = |entry: &harmonix_dev::journal::Entry, name: &str| {
        entry.detail["variables"][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    starts
        .map(|entry| {
            (
                variable(entry, "HARMONIX_ENVIRONMENT"),
                variable(entry, "HARMONIX_RELEASE"),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_push_of_a_developer_is_built_once_and_promoted_with_the_same_digest() {
    let stage = Stage::enter("push").await;
    stage
        .settle(&application("push", "cart", &["dev", "prod"]))
        .await;
    let mark = stage.trail.mark();
    let commit = push(&stage, "say hello");
    let after = runs_in(&stage, &commit, &["dev", "prod"]).await;

    let pair = |environment: &str| (environment.to_owned(), commit.clone());
    assert_eq!(started(&stage, mark), [pair("dev"), pair("prod")]);
    let digests: Vec<&str> = after["status"]["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["image"].as_str().unwrap().rsplit('@').next().unwrap())
        .collect();
    assert_eq!(digests.len(), 2);
    assert_eq!(digests[0], digests[1]);
    for account in ["222222222222", "333333333333"] {
        assert_eq!(
            stage.cloud.digests(account, "push-cart").await,
            [digests[0]],
            "{account}"
        );
    }
    let builds = stage
        .forge
        .pipelines_named(&stage.project("cart"), "build")
        .await;
    assert_eq!(
        builds
            .iter()
            .filter(|build| build["sha"] == commit.as_str())
            .count(),
        1
    );
}

#[tokio::test]
async fn a_pinned_release_goes_back_without_a_build_and_unpinning_goes_forward() {
    let stage = Stage::enter("pinned").await;
    let cart = application("pinned", "cart", &["dev"]);
    let first = runs(&stage.settle(&cart).await, "dev");
    let second = push(&stage, "second");
    runs_in(&stage, &second, &["dev"]).await;
    let third = push(&stage, "third");
    runs_in(&stage, &third, &["dev"]).await;

    let project = stage.project("cart");
    let builds = stage.forge.pipelines_named(&project, "build").await.len();
    for wanted in [&first, &second] {
        let mark = stage.trail.mark();
        stage
            .cluster
            .apply(&with(
                cart.clone(),
                "/spec/environments/0/release",
                wanted.as_str(),
            ))
            .await;
        runs_in(&stage, wanted, &["dev"]).await;
        assert_eq!(started(&stage, mark), [("dev".to_owned(), wanted.clone())]);
        assert_eq!(
            stage.trail.gitlab_writes(mark, &project),
            ["pipelines.create"]
        );
    }
    let mark = stage.trail.mark();
    stage.cluster.apply(&cart).await;
    runs_in(&stage, &third, &["dev"]).await;
    assert_eq!(started(&stage, mark), [("dev".to_owned(), third.clone())]);
    assert_eq!(
        stage.forge.pipelines_named(&project, "build").await.len(),
        builds
    );
}

#[tokio::test]
async fn a_pin_to_a_commit_that_was_never_built_is_told_and_changes_nothing() {
    let stage = Stage::enter("nobuild").await;
    let cart = application("nobuild", "cart", &["dev"]);
    let before = runs(&stage.settle(&cart).await, "dev");
    let mark = stage.trail.mark();
    stage
        .cluster
        .apply(&with(
            cart.clone(),
            "/spec/environments/0/release",
            "a".repeat(40),
        ))
        .await;
    let why = stage
        .cluster
        .reason("Application", "nobuild/cart", "Ready", "ReleaseNotFound")
        .await;
    assert!(why.contains(&"a".repeat(40)), "{why}");
    assert_eq!(
        stage.trail.gitlab_writes(mark, &stage.project("cart")),
        NOTHING
    );
    stage.cluster.apply(&cart).await;
    runs_in(&stage, &before, &["dev"]).await;
}

#[tokio::test]
async fn a_pin_below_holds_what_comes_above() {
    let stage = Stage::enter("holds").await;
    let cart = application("holds", "cart", &["dev", "prod"]);
    let first = runs(&stage.settle(&cart).await, "dev");
    stage
        .settle(&with(
            cart.clone(),
            "/spec/environments/0/release",
            first.as_str(),
        ))
        .await;
    let mark = stage.trail.mark();
    let second = push(&stage, "second");
    let is_built = |object: &Value| object["status"]["release"]["commit"] == second.as_str();
    stage
        .cluster
        .wait_until("Application", "holds/cart", "built", is_built)
        .await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(started(&stage, mark), []);
    stage.cluster.apply(&cart).await;
    runs_in(&stage, &second, &["dev", "prod"]).await;
}

#[tokio::test]
async fn a_release_that_fails_in_dev_never_reaches_prod_and_a_retry_heals_it() {
    let stage = Stage::enter("failing").await;
    stage
        .settle(&application("failing", "cart", &["dev", "prod"]))
        .await;
    let script = json!({
        "match": { "project_contains": "aws-apps/failing/cart", "job_contains": "harmonix-deploy-dev" },
        "outcome": "fail", "trace": "Error: the tasks of dev do not become healthy", "count": 1,
    });
    stage.forge.script(script).await;
    let mark = stage.trail.mark();
    let commit = push(&stage, "breaks");
    let why = stage
        .cluster
        .reason("Application", "failing/cart", "Stalled", "PipelineFailed")
        .await;
    assert!(
        why.contains("harmonix-deploy-dev") && why.contains("do not become healthy"),
        "{why}"
    );
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(started(&stage, mark), [("dev".to_owned(), commit.clone())]);

    stage
        .cluster
        .annotate(
            "Application",
            "failing/cart",
            "harmonix.io/retry",
            Some("1"),
        )
        .await;
    runs_in(&stage, &commit, &["dev", "prod"]).await;
    let dev = ("dev".to_owned(), commit.clone());
    assert_eq!(
        started(&stage, mark),
        [dev.clone(), dev, ("prod".to_owned(), commit)]
    );
}

#[tokio::test]
async fn a_release_that_fails_is_healed_by_the_next_push() {
    let stage = Stage::enter("fixed").await;
    stage
        .settle(&application("fixed", "cart", &["dev", "prod"]))
        .await;
    let script = json!({
        "match": { "project_contains": "aws-apps/fixed/cart", "job_contains": "harmonix-deploy-dev" },
        "outcome": "fail", "count": 1,
    });
    stage.forge.script(script).await;
    let broken = push(&stage, "breaks");
    stage
        .cluster
        .reason("Application", "fixed/cart", "Stalled", "PipelineFailed")
        .await;
    let mark = stage.trail.mark();
    let fixed = push(&stage, "fixes");
    runs_in(&stage, &fixed, &["dev", "prod"]).await;
    assert!(
        started(&stage, mark)
            .iter()
            .all(|(_, release)| *release != broken)
    );
}

#[tokio::test]
async fn a_roll_back_by_the_circuit_breaker_is_a_failure_that_the_next_edit_heals() {
    let stage = Stage::enter("breaker").await;
    let cart = application("breaker", "cart", &["dev", "prod"]);
    stage.settle(&cart).await;
    stage.cloud.fail_tasks_with("GREETING=breaker-breaks").await;
    let broken = with(
        cart.clone(),
        "/spec/environments/0/variables/0/value",
        "breaker-breaks",
    );
    stage.cluster.apply(&broken).await;
    let why = stage
        .cluster
        .reason("Application", "breaker/cart", "Stalled", "PipelineFailed")
        .await;
    assert!(
        why.contains("circuit breaker") || why.contains("did not become healthy"),
        "{why}"
    );
    stage
        .settle(&with(
            cart,
            "/spec/environments/0/variables/0/value",
            "works",
        ))
        .await;
}

#[tokio::test]
async fn a_failed_build_keeps_the_release_before_running_and_the_next_push_heals_it() {
    let stage = Stage::enter("build").await;
    let before = runs(
        &stage.settle(&application("build", "cart", &["dev"])).await,
        "dev",
    );
    let script = json!({
        "match": { "project_contains": "aws-apps/build/cart", "job_contains": "harmonix-build" },
        "outcome": "fail", "trace": "Error: no space left on device", "count": 1,
    });
    stage.forge.script(script).await;
    push(&stage, "breaks");
    let why = stage
        .cluster
        .reason(
            "Application",
            "build/cart",
            "PipelineSucceeded",
            "PipelineFailed",
        )
        .await;
    assert!(
        why.contains("harmonix-build") && why.contains("no space left on device"),
        "{why}"
    );
    let object = stage.cluster.get("Application", "build/cart").await;
    assert_eq!(runs(&object, "dev"), before);
    let fixed = push(&stage, "fixes");
    runs_in(&stage, &fixed, &["dev"]).await;
}
