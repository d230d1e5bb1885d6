//! Groups as platform teams have them: with defaults of their own.

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
