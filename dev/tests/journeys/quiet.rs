//! A settled world costs no writes anywhere.

use std::time::Duration;

use super::manifest::application;
use super::stage::Stage;
use super::trail::{Mark, NOTHING};

fn writes(stage: &Stage, since: Mark, name: &str) -> Vec<String> {
    let mut all = stage.trail.gitlab_writes(since, &stage.project(name));
    all.extend(
        stage
            .trail
            .aws_writes(since, &format!("{}@{name}", stage.namespace)),
    );
    all.extend(
        stage
            .trail
            .kubernetes_writes(since, &format!("{}/{name}", stage.namespace)),
    );
    for provider in ["dev-eu", "prod-eu"] {
        all.extend(
            stage
                .trail
                .gitlab_writes(since, &format!("aws-environment-providers/{provider}")),
        );
        all.extend(
            stage
                .trail
                .aws_writes(since, &format!("harmonix@{provider}")),
        );
        all.extend(stage.trail.kubernetes_writes(since, provider));
    }
    for environment in ["dev", "prod"] {
        all.extend(stage.trail.kubernetes_writes(since, environment));
    }
    all
}

#[tokio::test]
async fn a_settled_world_and_a_restart_of_the_controller_cost_no_writes() {
    let stage = Stage::alone("quiet").await;
    stage
        .cluster
        .apply(&application("quiet", "cart", &["dev", "prod"]))
        .await;
    stage.cluster.ready("Application", "quiet/cart").await;
    // A status that is written wakes its object once more.
    tokio::time::sleep(Duration::from_secs(1)).await;

    let settled = stage.trail.mark();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(writes(&stage, settled, "cart"), NOTHING);
    assert!(
        !stage
            .trail
            .gitlab(settled, &stage.project("cart"))
            .is_empty(),
        "nothing was looked at, so nothing was proven"
    );

    let restarted = stage.trail.mark();
    stage.shared.restart().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(writes(&stage, restarted, "cart"), NOTHING);
    assert!(
        !stage
            .trail
            .gitlab(restarted, &stage.project("cart"))
            .is_empty()
    );
}
