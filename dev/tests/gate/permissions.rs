//! What a session may do once it is there.

use harmonix_dev::aws::config::TaskMode;
use serde_json::json;

use crate::world::{World, administrator, code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_may_do_what_its_policies_say_and_is_told_what_it_lacks() {
    let world = World::start(TaskMode::None).await;
    world.table("demo-audit").await;
    let rights = format!(
        r#"{{"Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:GetItem"],"Resource":"arn:aws:dynamodb:*:{}:table/demo-*"}}"#,
        world.account
    );
    let role = world
        .role("operations", &world.trust_controller(), &rights)
        .await;
    let key = world.assume(&role, &[]).await.unwrap();
    let item = json!({ "id": { "S": "a" }, "createdAt": { "S": "1" } });
    let put = json!({ "TableName": "demo-audit", "Item": item });
    let (status, answer) = world
        .json(&key, "dynamodb", "DynamoDB_20120810.PutItem", put)
        .await;
    assert_eq!(status, 200, "{answer}");
    let delete = json!({ "TableName": "demo-audit", "Key": item });
    let (status, answer) = world
        .json(&key, "dynamodb", "DynamoDB_20120810.DeleteItem", delete)
        .await;
    assert_eq!(
        (status, &answer["__type"]),
        (400, &json!("AccessDeniedException"))
    );
    let expected = format!(
        "User: arn:aws:sts::{0}:assumed-role/operations/demo is not authorized to perform: dynamodb:DeleteItem on resource: arn:aws:dynamodb:eu-west-1:{0}:table/demo-audit because no identity-based policy allows the dynamodb:DeleteItem action",
        world.account
    );
    assert_eq!(answer["message"], json!(expected));
    let (status, answer) = world
        .form(Some(&key), "iam", &[("Action", "ListRoles")])
        .await;
    assert_eq!((status, code(&answer)), (403, "AccessDenied"));
    let (status, answer) = world
        .form(Some(&key), "ec2", &[("Action", "DescribeVpcs")])
        .await;
    assert_eq!((status, code(&answer)), (403, "UnauthorizedOperation"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permissions_boundary_bounds_and_a_changed_policy_counts_at_once() {
    let world = World::start(TaskMode::None).await;
    let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let role = world
        .role("wide", &world.trust_controller(), everything)
        .await;
    let key = world.assume(&role, &[]).await.unwrap();
    let clusters = "AmazonEC2ContainerServiceV20141113.ListClusters";
    let parameters = "AmazonSSM.DescribeParameters";
    assert_eq!(world.json(&key, "ecs", clusters, json!({})).await.0, 200);
    assert_eq!(world.json(&key, "ssm", parameters, json!({})).await.0, 200);
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:*","Resource":"*"}}"#;
    let admin = administrator();
    let made = [
        ("Action", "CreatePolicy"),
        ("PolicyName", "boundary"),
        ("PolicyDocument", document),
    ];
    assert_eq!(world.form(Some(&admin), "iam", &made).await.0, 200);
    let arn = format!("arn:aws:iam::{}:policy/boundary", world.account);
    let put = [
        ("Action", "PutRolePermissionsBoundary"),
        ("RoleName", "wide"),
        ("PermissionsBoundary", &arn),
    ];
    let (status, answer) = world.form(Some(&admin), "iam", &put).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(world.json(&key, "ssm", parameters, json!({})).await.0, 200);
    let (status, answer) = world.json(&key, "ecs", clusters, json!({})).await;
    assert_eq!(status, 400);
    let message = answer["message"].as_str().unwrap();
    assert!(
        message.ends_with("because no permissions boundary allows the ecs:ListClusters action"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_definition_needs_the_right_to_pass_its_roles() {
    let world = World::start(TaskMode::None).await;
    let rights = format!(
        r#"{{"Effect":"Allow","Action":"ecs:RegisterTaskDefinition","Resource":"*"}},
           {{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::{}:role/demo/*",
             "Condition":{{"StringEquals":{{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}}}}"#,
        world.account
    );
    let role = world
        .role("deployer", &world.trust_controller(), &rights)
        .await;
    let key = world.assume(&role, &[]).await.unwrap();
    for (path, expected) in [("demo/task", 200), ("else/task", 400)] {
        let params = json!({
            "family": "shop",
            "containerDefinitions": [{ "name": "application", "image": "none", "memory": 64 }],
            "taskRoleArn": format!("arn:aws:iam::{}:role/{path}", world.account),
        });
        let target = "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition";
        let (status, answer) = world.json(&key, "ecs", target, params).await;
        assert_eq!(status, expected, "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_decide_what_may_be_made_and_what_may_be_changed() {
    let world = World::start(TaskMode::None).await;
    let rights = r#"
        {"Effect":"Allow","Action":"ec2:CreateVpc","Resource":"arn:aws:ec2:*:*:vpc/*",
         "Condition":{"StringEquals":{"aws:RequestTag/team":"shop"}}},
        {"Effect":"Allow","Action":"ec2:CreateTags","Resource":"arn:aws:ec2:*:*:vpc/*",
         "Condition":{"StringEquals":{"ec2:CreateAction":"CreateVpc"}}},
        {"Effect":"Allow","Action":"ec2:DeleteVpc","Resource":"arn:aws:ec2:*:*:vpc/*",
         "Condition":{"StringEquals":{"aws:ResourceTag/team":"shop"}}}"#;
    let role = world
        .role("network", &world.trust_controller(), rights)
        .await;
    let key = world.assume(&role, &[]).await.unwrap();
    let make = |team: &'static str| {
        [
            ("Action", "CreateVpc"),
            ("Version", "2016-11-15"),
            ("CidrBlock", "10.0.0.0/16"),
            ("TagSpecification.1.ResourceType", "vpc"),
            ("TagSpecification.1.Tag.1.Key", "team"),
            ("TagSpecification.1.Tag.1.Value", team),
        ]
    };
    let id = |answer: &str| {
        let (_, rest) = answer.split_once("<vpcId>").expect(answer);
        rest.split_once('<').unwrap().0.to_owned()
    };
    let (status, answer) = world.form(Some(&key), "ec2", &make("cart")).await;
    assert_eq!((status, code(&answer)), (403, "UnauthorizedOperation"));
    let (_, answer) = world.form(Some(&key), "ec2", &make("shop")).await;
    let own = id(&answer);
    let (_, answer) = world
        .form(Some(&administrator()), "ec2", &make("cart"))
        .await;
    let foreign = id(&answer);
    for (vpc, expected) in [(&foreign, 403), (&own, 200)] {
        let delete = [
            ("Action", "DeleteVpc"),
            ("Version", "2016-11-15"),
            ("VpcId", vpc.as_str()),
        ];
        let (status, answer) = world.form(Some(&key), "ec2", &delete).await;
        assert_eq!(status, expected, "{answer}");
    }
    let tag = [
        ("Action", "CreateTags"),
        ("Version", "2016-11-15"),
        ("ResourceId.1", foreign.as_str()),
        ("Tag.1.Key", "team"),
        ("Tag.1.Value", "shop"),
    ];
    let (status, _) = world.form(Some(&key), "ec2", &tag).await;
    assert_eq!(
        status, 403,
        "tags are given while making, not taken over later"
    );
}
