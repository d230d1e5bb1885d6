//! A provider's outputs in SSM.

use harmonix::domain::failure::FailureKind;
use serde_json::json;

use super::wire::{Answer, Sent, Wire};

const CLUSTER: &str = "arn:aws:ecs:eu-west-1:222222222222:cluster/acme-dev-cluster";
const PROVISIONING: &str = "arn:aws:iam::222222222222:role/acme-dev-provisioning-role";
const OPERATIONS: &str = "arn:aws:iam::222222222222:role/acme-dev-operations-role";

fn all() -> Vec<(&'static str, String)> {
    vec![
        ("/acme/dev/vpc", "vpc-1".into()),
        ("/acme/dev/vpc/public-subnets", "subnet-1,subnet-2".into()),
        ("/acme/dev/vpc/private-subnets", "subnet-3, subnet-4".into()),
        ("/acme/dev/ecs-cluster", CLUSTER.into()),
        ("/acme/dev/dev-audit", "acme-dev-audit".into()),
        ("/acme/dev/provisioning-role-arn", PROVISIONING.into()),
        ("/acme/dev/operations-role-arn", OPERATIONS.into()),
    ]
}

/// SSM, holding these: answers those that are asked for by name.
fn holding(parameters: Vec<(&'static str, String)>) -> impl Fn(&Sent) -> Answer {
    move |sent| {
        let asked = sent.json["Names"].as_array().unwrap();
        let (found, missing): (Vec<_>, Vec<_>) = asked
            .iter()
            .map(|name| name.as_str().unwrap())
            .map(|name| (name, parameters.iter().find(|(known, _)| *known == name)))
            .partition(|(_, found)| found.is_some());
        let found: Vec<_> = found
            .into_iter()
            .filter_map(|(name, found)| Some(json!({ "Name": name, "Value": found?.1 })))
            .collect();
        let missing: Vec<_> = missing.into_iter().map(|(name, _)| name).collect();
        let body = json!({ "Parameters": found, "InvalidParameters": missing });
        (200, body.to_string())
    }
}

fn with(name: &'static str, value: &str) -> Wire {
    let mut parameters = all();
    for parameter in &mut parameters {
        if parameter.0 == name {
            value.clone_into(&mut parameter.1);
        }
    }
    Wire::agreeing(holding(parameters))
}

#[tokio::test]
async fn outputs_are_read_by_one_request() {
    let wire = Wire::agreeing(holding(all()));
    let outputs = wire.session().await.outputs("acme", "dev").await.unwrap();
    assert_eq!(outputs.vpc_id, "vpc-1");
    assert_eq!(outputs.public_subnet_ids, ["subnet-1", "subnet-2"]);
    assert_eq!(outputs.private_subnet_ids, ["subnet-3", "subnet-4"]);
    assert_eq!(
        (outputs.cluster_name.as_str(), outputs.cluster_arn.as_str()),
        ("acme-dev-cluster", CLUSTER)
    );
    assert_eq!(outputs.audit_table, "acme-dev-audit");
    assert_eq!(outputs.provisioning_role_arn, PROVISIONING);
    assert_eq!(outputs.operations_role_arn, OPERATIONS);
    assert_eq!(wire.sent().len(), 2);
    wire.only("ssm:GetParameters");
}

#[tokio::test]
async fn everything_that_is_missing_is_named_at_once() {
    let mut parameters = all();
    parameters.retain(|(name, _)| !name.contains("subnets"));
    let wire = Wire::agreeing(holding(parameters));
    let failure = wire
        .session()
        .await
        .outputs("acme", "dev")
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Missing);
    assert_eq!(
        failure.message,
        "ssm:GetParameters on /acme/dev/* (account 222222222222, region eu-west-1) found no \
         /acme/dev/vpc/public-subnets, /acme/dev/vpc/private-subnets; \
         the provider's pipeline writes them at its end"
    );
}

#[tokio::test]
async fn outputs_that_do_not_fit_are_not_believed() {
    let many = vec!["subnet-1"; 17].join(",");
    for (name, value) in [
        ("/acme/dev/ecs-cluster", "acme-dev-cluster"),
        (
            "/acme/dev/ecs-cluster",
            "arn:aws:ecs:eu-west-1:222222222222:service/x",
        ),
        (
            "/acme/dev/provisioning-role-arn",
            "arn:aws:iam::222222222222:user/x",
        ),
        ("/acme/dev/vpc/public-subnets", " , "),
        ("/acme/dev/vpc/public-subnets", many.as_str()),
        ("/acme/dev/vpc", &"v".repeat(65)),
    ] {
        let failure = with(name, value)
            .session()
            .await
            .outputs("acme", "dev")
            .await;
        let failure = failure.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Invalid, "{failure}");
        assert!(failure.message.contains(name), "{failure}");
    }
}
