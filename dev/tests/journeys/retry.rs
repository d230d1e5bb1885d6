//! A failed provision job is shown, and a retry heals it.

use serde_json::json;

use super::manifest::provider;
use super::stage::Stage;
use super::trail::NOTHING;

#[tokio::test]
async fn a_failed_provision_job_is_shown_with_its_name_and_last_lines_and_a_retry_heals_it() {
    let stage = Stage::enter("provision").await;
    let trace =
        "Error: creating EC2 VPC: VpcLimitExceeded: The maximum number of VPCs has been reached.";
    let script = json!({
        "match": { "project_contains": "aws-environment-providers/broken-eu", "job_contains": "provision" },
        "outcome": "fail", "trace": trace, "count": 1,
    });
    stage.forge.script(script).await;
    stage
        .cluster
        .apply(&provider("broken-eu", "222222222222"))
        .await;
    let why = stage
        .cluster
        .reason(
            "EnvironmentProvider",
            "broken-eu",
            "Provisioned",
            "PipelineFailed",
        )
        .await;
    assert!(
        why.contains("job provision") && why.contains(trace),
        "{why}"
    );
    stage
        .cluster
        .reason(
            "EnvironmentProvider",
            "broken-eu",
            "Stalled",
            "PipelineFailed",
        )
        .await;

    // A failure is not tried again by itself.
    let project = "aws-environment-providers/broken-eu";
    let mark = stage.trail.mark();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(stage.trail.gitlab_writes(mark, project), NOTHING);

    stage
        .cluster
        .annotate(
            "EnvironmentProvider",
            "broken-eu",
            "harmonix.io/retry",
            Some("again"),
        )
        .await;
    stage
        .cluster
        .ready("EnvironmentProvider", "broken-eu")
        .await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, project),
        ["pipelines.create"]
    );
    let records = stage
        .ledger
        .records("broken-eu", "EnvironmentProvider/broken-eu")
        .await;
    let actions: Vec<&str> = records
        .iter()
        .map(|record| record["actionType"].as_str())
        .collect();
    assert_eq!(
        actions,
        ["CreateProject", "CommitFiles", "ApplySettings", "Provision"]
    );
}
