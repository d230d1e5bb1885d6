//! DynamoDB as a ledger needs it.

use harmonix_dev::aws::config::TaskMode;
use serde_json::json;

use crate::world::{World, administrator};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conditional_insert_that_fails_shows_what_is_there() {
    let world = World::start(TaskMode::None).await;
    world.table("demo-audit").await;
    let insert = |message: &str| {
        json!({
            "TableName": "demo-audit",
            "Item": { "id": { "S": "a" }, "createdAt": { "S": "1" }, "message": { "S": message } },
            "ConditionExpression": "attribute_not_exists(id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        })
    };
    let put = "DynamoDB_20120810.PutItem";
    assert_eq!(
        world
            .json(&administrator(), "dynamodb", put, insert("first"))
            .await
            .0,
        200
    );
    let (status, answer) = world
        .json(&administrator(), "dynamodb", put, insert("second"))
        .await;
    assert_eq!(status, 400);
    assert!(
        answer["__type"]
            .as_str()
            .unwrap()
            .ends_with("ConditionalCheckFailedException"),
        "{answer}"
    );
    assert_eq!(answer["Item"]["message"], json!({ "S": "first" }));
}
