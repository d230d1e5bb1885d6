//! The figures: what a new application costs, counted in the journals.

use jiff::Timestamp;

use super::manifest::application;
use super::stage::Stage;

#[tokio::test]
async fn a_new_application_costs_what_the_figures_say() {
    let stage = Stage::enter("figures").await;
    stage.forge.make_group("figures").await;
    let mark = stage.trail.mark();
    stage
        .settle(&application("figures", "cart", &["dev", "prod"]))
        .await;
    let project = stage.project("cart");

    let requests = stage.trail.gitlab(mark, &project);
    let first_pipeline: Timestamp = {
        let builds = stage.forge.pipelines_named(&project, "build").await;
        builds[0]["created_at"].as_str().unwrap().parse().unwrap()
    };
    let commit = requests
        .iter()
        .position(|entry| entry.action == "commits.create")
        .unwrap();
    let until_commit: Vec<&str> = requests[..=commit]
        .iter()
        .map(|entry| entry.action.as_str())
        .collect();
    assert_eq!(
        until_commit,
        ["projects.create", "commits.create"],
        "nothing is asked about the project first"
    );
    assert!(requests[commit].time.as_second() >= first_pipeline.as_second());

    let writes = stage.trail.gitlab_writes(mark, &project);
    let expected = [
        "projects.create",
        "commits.create",
        "projects.update",
        "pipelines.create",
        "pipelines.create",
    ];
    assert_eq!(writes, expected);

    // One write for each effect, and the effects are the writes to GitLab.
    let records = stage.trail.aws_writes(mark, &stage.session("cart"));
    assert_eq!(records, ["dynamodb:PutItem"; 5]);

    let kubernetes = stage.trail.kubernetes_writes(mark, "figures/cart");
    let builds = stage.forge.pipelines_named(&project, "build").await;
    let whole = stage
        .forge
        .get(&format!(
            "projects/{}/pipelines/{}",
            super::forge::escaped(&project),
            builds[0]["id"]
        ))
        .await;
    let result: Timestamp = whole["finished_at"].as_str().unwrap().parse().unwrap();
    let later = stage.trail.kubernetes_writes_after(result, "figures/cart");
    let before = kubernetes.len() - later.len();
    assert!(
        before <= 2,
        "{before} before the first result: {kubernetes:#?}"
    );
    assert!(
        kubernetes.len() <= 12,
        "more than six for each environment: {kubernetes:#?}"
    );
}
