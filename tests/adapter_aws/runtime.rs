//! Clusters and services in ECS.

use harmonix::domain::failure::FailureKind;
use serde_json::{Value, json};

use super::wire::{Answer, Sent, Wire};

const TASK: &str = "arn:aws:ecs:eu-west-1:222222222222:task-definition/cart:7";

fn service() -> Value {
    json!({
        "serviceName": "cart", "status": "ACTIVE",
        "desiredCount": 2, "runningCount": 1, "pendingCount": 1,
        "deployments": [
            { "status": "ACTIVE", "taskDefinition": "arn:old", "rolloutState": "COMPLETED" },
            { "status": "PRIMARY", "taskDefinition": TASK, "rolloutState": "IN_PROGRESS",
              "rolloutStateReason": "ECS deployment in progress" },
        ],
        "tags": [{ "key": "harmonix:release", "value": "abc" }],
    })
}

fn ecs(service: Option<Value>) -> impl Fn(&Sent) -> Answer {
    move |sent| {
        let body = match sent.action.as_str() {
            "ecs:DescribeServices" => match &service {
                Some(service) => json!({ "services": [service], "failures": [] }),
                None => {
                    json!({ "services": [], "failures": [{ "arn": "a", "reason": "MISSING" }] })
                }
            },
            "ecs:DescribeTaskDefinition" => json!({ "taskDefinition": { "containerDefinitions": [
                { "name": "sidecar", "image": "proxy@sha256:0" },
                { "name": "application", "image": "app@sha256:1" },
            ] } }),
            "ecs:DescribeClusters" => {
                json!({ "clusters": [], "failures": [{ "reason": "MISSING" }] })
            }
            other => panic!("{other}"),
        };
        (200, body.to_string())
    }
}

#[tokio::test]
async fn a_service_is_what_its_primary_deployment_runs() {
    let wire = Wire::agreeing(ecs(Some(service())));
    let session = wire.session().await;
    let found = session
        .service("acme-dev-cluster", "cart")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.image, "app@sha256:1");
    assert_eq!((found.desired, found.running, found.pending), (2, 1, 1));
    assert_eq!(found.status, "ACTIVE");
    assert_eq!(found.rollout, "IN_PROGRESS");
    assert_eq!(found.rollout_reason, "ECS deployment in progress");
    assert_eq!(found.tags["harmonix:release"], "abc");
    let asked = wire.only("ecs:DescribeServices").json;
    assert_eq!(
        asked,
        json!({ "cluster": "acme-dev-cluster", "services": ["cart"], "include": ["TAGS"] })
    );
}

#[tokio::test]
async fn a_task_definition_is_read_once_since_it_never_changes() {
    let wire = Wire::agreeing(ecs(Some(service())));
    for _ in 0..3 {
        let found = wire.session().await.service("c", "cart").await.unwrap();
        assert_eq!(found.unwrap().image, "app@sha256:1");
    }
    assert_eq!(
        wire.only("ecs:DescribeTaskDefinition").json,
        json!({ "taskDefinition": TASK })
    );
}

#[tokio::test]
async fn a_service_that_is_missing_or_inactive_is_not_there() {
    let mut inactive = service();
    inactive["status"] = json!("INACTIVE");
    for service in [None, Some(inactive)] {
        let wire = Wire::agreeing(ecs(service));
        assert_eq!(
            wire.session().await.service("c", "cart").await.unwrap(),
            None
        );
    }
}

#[tokio::test]
async fn a_service_without_a_primary_deployment_has_no_image() {
    let mut bare = service();
    bare["deployments"] = json!([]);
    let wire = Wire::agreeing(ecs(Some(bare)));
    let found = wire
        .session()
        .await
        .service("c", "cart")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.image.as_str(), found.rollout.as_str()), ("", ""));
}

#[tokio::test]
async fn a_cluster_that_is_missing_is_not_there() {
    let wire = Wire::agreeing(ecs(None));
    assert_eq!(wire.session().await.cluster("c").await.unwrap(), None);
}

#[tokio::test]
async fn another_reason_than_missing_is_a_failure() {
    let wire = Wire::agreeing(|_| {
        let body = r#"{"clusters":[],"failures":[{"reason":"RESOURCE_BUSY","detail":"wait"}]}"#;
        (200, body.into())
    });
    let failure = wire.session().await.cluster("c").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retryable);
    assert_eq!(
        failure.message,
        "ecs:DescribeClusters on cluster c (account 222222222222, region eu-west-1) \
         was answered with RESOURCE_BUSY wait"
    );
}
