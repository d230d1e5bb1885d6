//! `provision`: what the provider's Terraform leaves behind, as far as anybody looks at it.

use serde_json::{Value, json};

use super::job::Job;
use super::session::Session;
use crate::failure::{Doing, Failure};

/// What the controller may do.
const LOOK: [&str; 14] = [
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ecs:DescribeClusters",
    "ecs:DescribeServices",
    "ecs:DescribeTasks",
    "ecs:ListTasks",
    "ecs:DescribeTaskDefinition",
    "dynamodb:DescribeTable",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
];

/// Makes roles, cluster, audit table and parameters; what exists stays.
pub async fn run(job: &Job, session: &Session) -> Result<(), Failure> {
    let text = job.file(".harmonix/provider.tfvars.json").await?;
    let inputs: Value =
        serde_json::from_str(&text).doing(|| "read the provider's variables".into())?;
    let input = |name: &str| inputs[name].as_str().unwrap_or_default().to_owned();
    let (name, prefix, account) = (input("name"), input("prefix"), input("account"));
    let id = format!("{prefix}-{name}");
    roles(session, &inputs, &input).await?;
    let tags: Vec<Value> = [("harmonix:prefix", &prefix), ("harmonix:provider", &name)]
        .into_iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    tolerate(
        session
            .json(
                "ecs",
                "AmazonEC2ContainerServiceV20141113.CreateCluster",
                json!({ "clusterName": format!("{id}-cluster"), "tags": tags }),
            )
            .await,
    )?;
    table(session, &format!("{id}-audit")).await?;
    let region = &session.region;
    let role = |purpose: &str| {
        format!(
            "arn:aws:iam::{account}:role{}{}",
            input(&format!("{purpose}_role_path")),
            input(&format!("{purpose}_role_name"))
        )
    };
    let parameters = [
        ("vpc", "vpc-0123456789abcdef0".to_owned()),
        (
            "vpc/public-subnets",
            "subnet-0123456789abcdef0,subnet-0123456789abcdef1".to_owned(),
        ),
        (
            "vpc/private-subnets",
            "subnet-0123456789abcdef2,subnet-0123456789abcdef3".to_owned(),
        ),
        (
            "ecs-cluster",
            format!("arn:aws:ecs:{region}:{account}:cluster/{id}-cluster"),
        ),
        (&*format!("{name}-audit"), format!("{id}-audit")),
        ("provisioning-role", input("provisioning_role_name")),
        ("provisioning-role-arn", role("provisioning")),
        ("operations-role", input("operations_role_name")),
        ("operations-role-arn", role("operations")),
        (
            "kms-key",
            format!("arn:aws:kms:{region}:{account}:key/{id}"),
        ),
    ];
    for (key, value) in parameters {
        let kind = if value.contains(',') {
            "StringList"
        } else {
            "String"
        };
        let body = json!({
            "Name": format!("/{prefix}/{name}/{key}"), "Value": value, "Type": kind, "Overwrite": true,
        });
        session.json("ssm", "AmazonSSM.PutParameter", body).await?;
    }
    job.say(format!("Apply complete! The provider {id} stands."));
    Ok(())
}

/// When something was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Now,
    Before,
}

/// An answer that says "it exists" is as good as one that says "made"; which of the two it was is answered.
pub(super) fn tolerate<T>(answer: Result<T, Failure>) -> Result<Made, Failure> {
    match answer {
        Ok(_) => Ok(Made::Now),
        Err(failure)
            if ["EntityAlreadyExists", "ResourceInUseException"]
                .iter()
                .any(|code| failure.sentence().contains(code)) =>
        {
            Ok(Made::Before)
        }
        Err(failure) => Err(failure),
    }
}

async fn roles(
    session: &Session,
    inputs: &Value,
    input: &impl Fn(&str) -> String,
) -> Result<(), Failure> {
    let host = input("oidc_issuer")
        .trim_start_matches("https://")
        .to_owned();
    let branch = input("default_branch");
    let subjects: Vec<String> = inputs["trusted_groups"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|group| format!("{group}/*"))
        .chain([input("provider_project")])
        .map(|path| format!("project_path:{path}:ref_type:branch:ref:{branch}"))
        .collect();
    let federated = format!("arn:aws:iam::{}:oidc-provider/{host}", input("account"));
    let pipelines = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "DefaultBranchOfTrustedProjects",
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": { "Federated": federated },
        "Condition": {
            "StringEquals": { format!("{host}:aud"): input("oidc_audience") },
            "StringLike": { format!("{host}:sub"): subjects },
        },
    }] });
    let principal = json!({ "AWS": input("controller_principal") });
    let controller = json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "ControllerAssumes", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal,
          "Condition": { "StringEquals": { "sts:ExternalId": input("external_id") } } },
        { "Sid": "ControllerTags", "Effect": "Allow", "Action": "sts:TagSession", "Principal": principal,
          "Condition": { "ForAllValues:StringLike": { "aws:TagKeys": "harmonix:*" } } },
        { "Sid": "ControllerNamesItsSource", "Effect": "Allow", "Action": "sts:SetSourceIdentity",
          "Principal": principal },
    ] });
    let deploy = ["ecr:*", "ecs:*", "iam:*", "ssm:GetParameter"];
    for (purpose, trust, actions) in [
        ("provisioning", pipelines, &deploy[..]),
        ("operations", controller, &LOOK[..]),
    ] {
        let name = input(&format!("{purpose}_role_name"));
        let path = input(&format!("{purpose}_role_path"));
        let trust = trust.to_string();
        let parameters = [
            ("RoleName", name.as_str()),
            ("Path", path.as_str()),
            ("AssumeRolePolicyDocument", &trust),
        ];
        let made = tolerate(session.iam("CreateRole", &parameters).await)?;
        let rights = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": actions, "Resource": "*" },
        ] })
        .to_string();
        let parameters = [
            ("RoleName", name.as_str()),
            ("PolicyName", "scripted"),
            ("PolicyDocument", &rights),
        ];
        session.iam("PutRolePolicy", &parameters).await?;
        // A role that was there before may trust somebody else.
        if made == Made::Before {
            let update = [("RoleName", name.as_str()), ("PolicyDocument", &trust)];
            session.iam("UpdateAssumeRolePolicy", &update).await?;
        }
    }
    Ok(())
}

async fn table(session: &Session, name: &str) -> Result<(), Failure> {
    let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
    let index = |name: &str, key: &str| {
        json!({
            "IndexName": name, "Projection": { "ProjectionType": "ALL" },
            "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }, { "AttributeName": "createdAt", "KeyType": "RANGE" }],
        })
    };
    let attributes = ["id", "createdAt", "objectRef", "day", "initiatedBy"].map(attribute);
    let body = json!({
        "TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }, { "AttributeName": "createdAt", "KeyType": "RANGE" }],
        "GlobalSecondaryIndexes": [index("byObject", "objectRef"), index("byDay", "day"), index("byActor", "initiatedBy")],
    });
    tolerate(
        session
            .json("dynamodb", "DynamoDB_20120810.CreateTable", body)
            .await,
    )?;
    Ok(())
}
