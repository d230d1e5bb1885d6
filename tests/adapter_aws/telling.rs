//! Every request that is sent is told of, also one that the SDK repeats; what is not sent is not.

use harmonix::adapters::aws::AwsSessions;
use harmonix::ports::CloudSessions as _;

use super::wire::{Wire, access, at, json_error, meter, own, told};

#[tokio::test]
async fn each_request_is_told_of_by_service_operation_and_class() {
    let wire = Wire::agreeing(|sent| match sent.action.as_str() {
        "ecs:DescribeClusters" => (200, r#"{"clusters":[],"failures":[]}"#.into()),
        "ssm:GetParameters" => json_error(400, "AccessDeniedException", "no"),
        _ => json_error(500, "InternalServerError", "again"),
    });
    let session = wire.session().await;
    session.cluster("c").await.unwrap();
    session.outputs("acme", "dev").await.unwrap_err();
    session.audit_table("audit").probe().await.unwrap_err();
    assert_eq!(wire.told("aws-sts", "AssumeRole", "2xx"), 1);
    assert_eq!(wire.told("aws-ecs", "DescribeClusters", "2xx"), 1);
    let refused = wire.count("ssm:GetParameters");
    assert!(refused > 0);
    assert_eq!(wire.told("aws-ssm", "GetParameters", "4xx"), refused);
    assert_eq!(wire.count("dynamodb:PutItem"), 2, "the SDK repeats it once");
    assert_eq!(wire.told("aws-dynamodb", "PutItem", "5xx"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_sent_in_a_pause_is_not_told_of() {
    let wire = Wire::agreeing(|_| json_error(429, "ThrottlingException", "slow down"));
    let session = wire.session().await;
    for _ in 0..3 {
        session.cluster("c").await.unwrap_err();
    }
    assert_eq!(wire.count("ecs:DescribeClusters"), 1);
    assert_eq!(wire.told("aws-ecs", "DescribeClusters", "4xx"), 1);
    assert_eq!(wire.told("aws-ecs", "DescribeClusters", "none"), 0);
}

#[tokio::test]
async fn a_request_without_an_answer_is_told_of_as_such() {
    let (meter, telemetry) = meter();
    // Port 9 is discard, which nobody serves on loopback.
    let aws = AwsSessions::telling(&at("http://127.0.0.1:9", own()), &telemetry);
    assert!(aws.operations(&access()).await.is_err());
    assert_eq!(told(&meter, "aws-sts", "AssumeRole", "none"), 2);
}
