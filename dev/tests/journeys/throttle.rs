//! GitLab asks for a pause, and gets it.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::manifest::application;
use super::stage::Stage;

/// What GitLab asks for, in seconds.
const PAUSE: i64 = 4;

/// How long a request that was sent before the answer was read, and that answer, may be on their way; a busy machine is
/// not a disobedient controller.
const ON_THE_WAY: SignedDuration = SignedDuration::from_millis(500);

#[tokio::test]
async fn nobody_asks_gitlab_anything_before_its_retry_after_has_passed() {
    let stage = Stage::alone("throttle").await;
    let project = stage.project("cart");
    let fault =
        json!({ "kind": "status", "status": 429, "retry_after": PAUSE, "message": "Retry later" });
    let matches = json!({ "action": "projects.create", "path_contains": project });
    stage.forge.fault(matches, fault, 1).await;
    stage
        .cluster
        .apply(&application("throttle", "cart", &["dev"]))
        .await;
    let why = stage
        .cluster
        .reason("Application", "throttle/cart", "Ready", "GitLabThrottled")
        .await;
    assert!(why.contains("429"), "{why}");
    stage.cluster.ready("Application", "throttle/cart").await;

    // Of everything, not only of this project. What counts is when a request arrived: one that GitLab was already
    // working on when it asked for the pause is answered in it.
    let all = stage.trail.gitlab(stage.trail.beginning(), "");
    let answered = all.iter().find(|entry| entry.status == 429).unwrap().time;
    let (since, until) = (
        answered + ON_THE_WAY,
        answered + SignedDuration::from_secs(PAUSE),
    );
    let in_pause = |moment: &Timestamp| (since..until).contains(moment);
    let early: Vec<_> = all
        .iter()
        .filter(|entry| in_pause(&entry.arrived.unwrap()))
        .map(|entry| (entry.arrived, &entry.action))
        .collect();
    assert!(early.is_empty(), "answered at {answered}: {early:?}");
    let after = all.iter().filter(|entry| entry.arrived >= Some(until));
    assert!(after.count() > 0, "nobody asked again");
    assert_eq!(stage.forge.projects_of("aws-apps/throttle").await.len(), 1);
}
