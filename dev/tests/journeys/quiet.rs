//! A settled world costs no writes anywhere.

use std::time::Duration;

use harmonix_dev::settled::log::is_of_itself;

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

/// What the controller that runs has said so far of what these writes are about; its start and its end are not.
async fn lines(stage: &Stage, name: &str) -> Vec<String> {
    let log = {
        let running = stage.shared.running().await;
        running.as_ref().unwrap().log().to_owned()
    };
    let text = std::fs::read_to_string(log).unwrap();
    let own = [
        format!("Application/{}/{name}", stage.namespace),
        "EnvironmentProvider/dev-eu".to_owned(),
        "EnvironmentProvider/prod-eu".to_owned(),
        "Environment/dev".to_owned(),
        "Environment/prod".to_owned(),
    ]
    .map(|object| format!("object={object} "));
    // Objects of other journeys may still be on their way; a line about no object is about us all.
    text.lines()
        .filter(|line| !is_of_itself(line))
        .filter(|line| !line.contains("object=") || own.iter().any(|own| line.contains(own)))
        .map(str::to_owned)
        .collect()
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
    let said = lines(&stage, "cart").await;
    assert!(!said.is_empty(), "the log tells nothing of what was done");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(writes(&stage, settled, "cart"), NOTHING);
    assert_eq!(lines(&stage, "cart").await, said);
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
    assert_eq!(lines(&stage, "cart").await, NOTHING);
    assert!(
        !stage
            .trail
            .gitlab(restarted, &stage.project("cart"))
            .is_empty()
    );
}
