//! Groups as platform teams have them: with defaults of their own, and deep.

use serde_json::json;

use super::forge::escaped;
use super::manifest::application;
use super::stage::Stage;

#[tokio::test]
async fn a_group_whose_projects_begin_without_pipeline_variables_is_told_with_its_remedy() {
    let stage = Stage::enter("unvaried").await;
    stage.forge.make_group("unvaried").await;
    stage
        .forge
        .variables_role("aws-apps/unvaried", "no_one_allowed")
        .await;
    let cart = application("unvaried", "cart", &["dev"]);
    stage.cluster.apply(&cart).await;
    let why = stage
        .cluster
        .reason("Application", "unvaried/cart", "Ready", "GitLabDenied")
        .await;
    for part in [
        "aws-apps/unvaried/cart",
        "owner",
        "Minimum role to use pipeline variables",
        "Default role to use pipeline variables",
    ] {
        assert!(why.contains(part), "\"{part}\" is not in: {why}");
    }
    let project = stage.project("cart");
    assert!(
        stage
            .forge
            .pipelines_named(&project, "deploy")
            .await
            .is_empty()
    );
    // What the sentence says helps, and nothing has to be done but that.
    let path = format!("projects/{}", escaped(&project));
    let role = json!({ "ci_pipeline_variables_minimum_override_role": "maintainer" });
    let (status, body) = stage.forge.ask("PUT", &path, role).await;
    assert_eq!(status, 200, "{body}");
    stage.cluster.ready("Application", "unvaried/cart").await;

    // Nor is it met again where the group's default was set first.
    stage
        .forge
        .variables_role("aws-apps/unvaried", "developer")
        .await;
    let mark = stage.trail.mark();
    stage
        .settle(&application("unvaried", "basket", &["dev"]))
        .await;
    let writes = stage.trail.gitlab_writes(mark, &stage.project("basket"));
    let settings = writes.iter().filter(|write| *write == "projects.update");
    assert_eq!(settings.count(), 1, "{writes:?}");
}

#[tokio::test]
async fn an_application_lives_as_deep_as_its_namespace_says() {
    let stage = Stage::enter("deep").await;
    let group = "aws-apps/teams/a/b";
    stage
        .cluster
        .annotate("Namespace", "deep", "harmonix.io/gitlab-group", Some(group))
        .await;
    let object = stage
        .settle(&application("deep", "cart", &["dev", "prod"]))
        .await;
    assert_eq!(
        object["status"]["repository"]["path"],
        "aws-apps/teams/a/b/cart"
    );
    assert_eq!(
        stage.forge.projects_of("aws-apps/teams").await,
        ["aws-apps/teams/a/b/cart"]
    );
    assert!(stage.forge.projects_of("aws-apps/deep").await.is_empty());
    // Each group that was missing is an effect of its own, made once.
    let object_name = stage.object("cart");
    let made = stage.ledger.of_action(&object_name, "CreateGroup").await;
    let subjects: Vec<&str> = made.iter().map(|record| &*record["actionName"]).collect();
    assert_eq!(
        subjects,
        ["aws-apps/teams", "aws-apps/teams/a", "aws-apps/teams/a/b"]
    );
    // Both accounts let the jobs of a project this deep in.
    let environments: Vec<_> = object["status"]["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["environment"].as_str(), row["state"].as_str()))
        .collect();
    assert_eq!(
        environments,
        [
            (Some("dev"), Some("Running")),
            (Some("prod"), Some("Running"))
        ]
    );
}
