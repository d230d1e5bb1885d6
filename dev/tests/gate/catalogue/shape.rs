//! What a pipeline leaves in AWS, as far as the controller or a deployment looks at it, without the names and numbers
//! of one case: the real jobs and the scripted ones must leave the same.
//!
//! Left out is what nobody outside the pipelines looks at and a scripted world has not: the network, the load
//! balancer, the boundary, the rights of pipelines.

use std::collections::{BTreeMap, BTreeSet};

use harmonix_dev::scripted::{self, Job};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::terraform::Made;
use super::{build, catalogue};
use crate::world::{ISSUER, REGION, World, administrator};

/// The provider of the scripted jobs.
const SCRIPTED: &str = "dev-us";
const SERVICE: &str = "cart-scripted";

/// What the pipeline of a provider left; `roles` are the names of its provisioning and its operations role.
pub async fn of_provider(world: &World, name: &str, roles: [&str; 2]) -> Value {
    let [provisioning, operations] = roles;
    let shape = json!({
        "parameters": parameters(world, &format!("/acme/{name}/")).await,
        "table": table(world, &format!("acme-{name}-audit")).await,
        "cluster": cluster(world, &format!("acme-{name}-cluster")).await,
        "provisioning trusts": trust(world, provisioning).await,
        "operations trusts": trust(world, operations).await,
        "operations may": actions(world, operations).await,
    });
    without(&shape, &[(name, "{provider}")])
}

/// The types of the parameters below a path, by name.
async fn parameters(world: &World, path: &str) -> Map<String, Value> {
    let below = json!([{ "Key": "Name", "Option": "BeginsWith", "Values": [path] }]);
    let (mut types, mut next) = (Map::new(), json!(null));
    loop {
        let asked = json!({ "ParameterFilters": below, "NextToken": next });
        let found = json(world, "ssm", "AmazonSSM.DescribeParameters", asked).await;
        for parameter in list(&found["Parameters"]) {
            let name = parameter["Name"].as_str().unwrap().to_owned();
            types.insert(name, parameter["Type"].clone());
        }
        next = found["NextToken"].clone();
        if next.is_null() {
            return types;
        }
    }
}

async fn table(world: &World, name: &str) -> Value {
    let target = "DynamoDB_20120810.DescribeTable";
    let found = json(world, "dynamodb", target, json!({ "TableName": name })).await;
    let table = &found["Table"];
    let indexes = list(&table["GlobalSecondaryIndexes"]).map(|index| {
        let name = index["IndexName"].as_str().unwrap().to_owned();
        (name, json!([index["KeySchema"], index["Projection"]]))
    });
    let attributes: BTreeSet<String> = list(&table["AttributeDefinitions"])
        .map(Value::to_string)
        .collect();
    json!({
        "name": table["TableName"],
        "keys": table["KeySchema"],
        "attributes": attributes,
        "indexes": indexes.collect::<BTreeMap<_, _>>(),
        "billing": table["BillingModeSummary"]["BillingMode"],
    })
}

async fn cluster(world: &World, name: &str) -> Value {
    let asked = json!({ "clusters": [name], "include": ["TAGS"] });
    let found = world.ecs("DescribeClusters", asked).await;
    let cluster = &found["clusters"][0];
    json!({ "name": cluster["clusterName"], "status": cluster["status"], "tags": keys(&cluster["tags"]) })
}

/// Whom a role trusts and on which conditions: each statement with its lists in order.
async fn trust(world: &World, role: &str) -> Value {
    let found = iam(world, &[("Action", "GetRole"), ("RoleName", role)]).await;
    let document = policy(&found["Role"]["AssumeRolePolicyDocument"]);
    let statements = list(&document["Statement"]).map(|statement| {
        let mut statement = statement.clone();
        statement["Condition"] = plain(&statement["Condition"]);
        statement["Action"] = plain(&statement["Action"]);
        statement
    });
    let mut statements: Vec<Value> = statements
        .map(|one| without(&one, &[(role, "{role}")]))
        .collect();
    statements.sort_by_key(|one| one["Sid"].to_string());
    statements.into()
}

/// One text counts as a list of one; the order of a list says nothing.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), plain(value)))
            .collect(),
        Value::Array(list) => {
            let mut texts: Vec<String> = list
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            texts.sort_unstable();
            texts.into()
        }
        Value::String(text) => json!([text]),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Everything that a role may do, wherever.
async fn actions(world: &World, role: &str) -> BTreeSet<String> {
    let names = iam(world, &[("Action", "ListRolePolicies"), ("RoleName", role)]).await;
    let mut actions = BTreeSet::new();
    for name in list(&names["PolicyNames"]).filter_map(Value::as_str) {
        let fields = [
            ("Action", "GetRolePolicy"),
            ("RoleName", role),
            ("PolicyName", name),
        ];
        let document = policy(&iam(world, &fields).await["PolicyDocument"]);
        for statement in list(&document["Statement"]) {
            actions.extend(
                list(&plain(&statement["Action"]))
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
        }
    }
    actions
}

/// What a deployment really left of its service's parts, and of the service itself what it plans.
pub async fn of_plan(world: &World, made: &Made, name: &str) -> Value {
    let service = made.one("aws_ecs_service.this");
    let breaker = &service["deployment_circuit_breaker"][0];
    let planned = json!({
        "name": service["name"],
        "launch type": service["launch_type"],
        "replicas": service["desired_count"],
        "managed tags": service["enable_ecs_managed_tags"],
        "tasks are tagged by": service["propagate_tags"],
        "deployments": {
            "least": service["deployment_minimum_healthy_percent"],
            "most": service["deployment_maximum_percent"],
            "breaker": { "enable": breaker["enable"], "rollback": breaker["rollback"] },
        },
        "tags": tags_of_a_service(),
    });
    let mut shape = of_deployment(world, planned, name, "dev-eu").await;
    // What everything carries, the service carries too.
    let of_all = list(&shape["tags"]).cloned().collect::<Vec<_>>();
    let tags = list(&shape["service"]["tags"]).cloned().chain(of_all);
    let mut tags: Vec<String> = tags.map(|tag| tag.as_str().unwrap().to_owned()).collect();
    tags.sort_unstable();
    shape["service"]["tags"] = tags.into();
    shape
}

/// The keys of the tags that the module gives to a service and to nothing else. A plan does not tell them: their values
/// are not known before there is a load balancer, and Terraform's AWS provider then knows nothing of the whole map.
fn tags_of_a_service() -> Vec<String> {
    let path = catalogue("node-service/source/infrastructure/service.tf");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, service) = text
        .split_once("resource \"aws_ecs_service\" \"this\" {")
        .unwrap();
    let (_, tags) = service.split_once("\n  tags = {\n").unwrap();
    let (tags, _) = tags.split_once('}').unwrap();
    let keys: Vec<String> = tags
        .lines()
        .filter_map(|line| line.split('"').nth(1).map(str::to_owned))
        .collect();
    assert!(!keys.is_empty());
    keys
}

async fn of_service(world: &World) -> Value {
    let cluster = format!("acme-{SCRIPTED}-cluster");
    let asked = json!({ "cluster": cluster, "services": [SERVICE], "include": ["TAGS"] });
    let found = world.ecs("DescribeServices", asked).await;
    let service = &found["services"][0];
    let deployments = &service["deploymentConfiguration"];
    let runs = json!({
        "name": service["serviceName"],
        "launch type": service["launchType"],
        "replicas": service["desiredCount"],
        "managed tags": service["enableECSManagedTags"],
        "tasks are tagged by": service["propagateTags"],
        "deployments": {
            "least": deployments["minimumHealthyPercent"],
            "most": deployments["maximumPercent"],
            "breaker": deployments["deploymentCircuitBreaker"],
        },
        "tags": keys(&service["tags"]),
    });
    of_deployment(world, runs, SERVICE, SCRIPTED).await
}

async fn of_deployment(world: &World, service: Value, name: &str, provider: &str) -> Value {
    let asked = json!({ "taskDefinition": name, "include": ["TAGS"] });
    let found = world.ecs("DescribeTaskDefinition", asked).await;
    let definition = &found["taskDefinition"];
    let containers = list(&definition["containerDefinitions"]).map(|container| {
        // Where an image lies differs; that it is named by digest does not.
        let image = container["image"].as_str().unwrap();
        let digest = image.split_once('@').unwrap().1;
        let environment: BTreeSet<&str> =
            list(&container["environment"]).map(|variable| variable["name"].as_str().unwrap()).collect();
        json!({
            "name": container["name"], "essential": container["essential"],
            "read-only": container["readonlyRootFilesystem"], "stops within": container["stopTimeout"],
            "image": [digest.split(':').next(), digest.len()],
            "environment": environment, "ports": container["portMappings"],
            "log": container["logConfiguration"],
        })
    });
    let shape = json!({
        "service": service,
        "family": definition["family"],
        "roles": [definition["taskRoleArn"], definition["executionRoleArn"]],
        "task trusts": trust(world, &format!("{name}-task")).await,
        "execution trusts": trust(world, &format!("{name}-execution")).await,
        "for": [definition["requiresCompatibilities"], definition["networkMode"], definition["runtimePlatform"]],
        "size": [definition["cpu"], definition["memory"]],
        "containers": containers.collect::<Vec<_>>(),
        "tags": keys(&found["tags"]),
    });
    without(&shape, &[(name, "{service}"), (provider, "{provider}")])
}

/// Plays the scripted jobs for a provider and a service of their own, and compares what they leave with this.
pub async fn is_what_the_scripted_jobs_leave(
    world: &World,
    bootstrap: &str,
    (provider, service): (&Value, &Value),
) {
    let roles =
        ["provisioning", "operations"].map(|purpose| format!("acme-{SCRIPTED}-{purpose}-role"));
    let variables = json!({
        "name": SCRIPTED, "prefix": "acme", "account": world.account, "region": REGION,
        "provisioning_role_name": roles[0], "provisioning_role_path": "/",
        "operations_role_name": roles[1], "operations_role_path": "/",
        "oidc_issuer": ISSUER, "oidc_audience": ISSUER, "default_branch": "main",
        "trusted_groups": ["aws-apps"], "provider_project": format!("providers/{SCRIPTED}"),
        "controller_principal": format!("arn:aws:iam::{}:role/controller", world.platform),
        "external_id": "harmonix-1",
    });
    let files = [(".harmonix/provider.tfvars.json", variables)];
    let project = format!("providers/{SCRIPTED}");
    play(world, "provision", (bootstrap, &project), &[], &files).await;
    let provisioning = format!("arn:aws:iam::{}:role/{}", world.account, roles[0]);
    play(world, "verify", (&provisioning, &project), &[], &[]).await;
    let left = of_provider(world, SCRIPTED, [&roles[0], &roles[1]]).await;
    assert_eq!(&left, provider);

    let caller = (provisioning.as_str(), "aws-apps/shop/cart");
    let repository = ("HARMONIX_REPOSITORY", "acme/shop/cart");
    let commit = "4f1c9c1e2d3b4a5968778695a4b3c2d1e0f00112";
    let variables = [repository, ("CI_COMMIT_SHA", commit)];
    let left = play(world, "harmonix-build", caller, &variables, &[]).await;
    let (artifact, real) = build::release();
    assert_eq!(left.keys().collect::<Vec<_>>(), [artifact]);
    let release: Value = serde_json::from_str(&left[artifact]).unwrap();
    let again = play(world, "harmonix-build", caller, &variables, &[]).await;
    assert_eq!(again, left, "a commit is built once");
    let names = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&release), names(&real));

    let variables = [
        repository,
        ("HARMONIX_NAME", SERVICE),
        ("HARMONIX_ENVIRONMENT", "dev"),
        ("HARMONIX_RELEASE", commit),
        ("HARMONIX_CONFIGURATION", "c0ffee"),
        ("HARMONIX_IMAGE", release["image"].as_str().unwrap()),
        ("HARMONIX_PROVIDER_PREFIX", "acme"),
        ("HARMONIX_PROVIDER_NAME", SCRIPTED),
    ];
    let parameters = json!({
        "namespace": "shop", "application": "cart", "environment": "dev", "replicas": 1,
        "cpu": 256, "memory": 512, "port": 8080, "health_path": "/health", "exposure": "internal",
        "log_retention_days": 30,
    });
    let files = [(".harmonix/environments/dev.tfvars.json", parameters)];
    play(world, "harmonix-deploy-dev-eu", caller, &variables, &files).await;
    assert_eq!(&of_service(world).await, service);
}

/// Plays a scripted job of a project with a role, and answers the files that it left behind.
async fn play(
    world: &World,
    name: &str,
    (role, project): (&str, &str),
    variables: &[(&str, &str)],
    files: &[(&str, Value)],
) -> BTreeMap<String, String> {
    let now = Timestamp::now().as_second();
    let token = world.issuer.sign(&json!({
        "iss": ISSUER, "aud": ISSUER, "nbf": now - 5, "iat": now, "exp": now + 600,
        "sub": format!("project_path:{project}:ref_type:branch:ref:main"),
    }));
    let own = [
        ("AWS_ENDPOINT_URL", world.address.as_str()),
        ("AWS_REGION", REGION),
        ("HARMONIX_ROLE_ARN", role),
        ("HARMONIX_ID_TOKEN", &token),
    ];
    let variables = own.iter().chain(variables);
    let variables = variables
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let files: BTreeMap<String, String> = files
        .iter()
        .map(|(path, content)| ((*path).to_owned(), content.to_string()))
        .collect();
    let job = Job::new(name, variables, files, world.client.clone());
    let done = scripted::run(&job).await;
    let (said, left) = job.end();
    assert!(done.is_ok(), "{name}: {done:?}, {said:?}");
    left
}

async fn json(world: &World, service: &str, target: &str, params: Value) -> Value {
    let (status, answer) = world.json(&administrator(), service, target, params).await;
    assert_eq!(status, 200, "{target}: {answer}");
    answer
}

async fn iam(world: &World, fields: &[(&str, &str)]) -> Value {
    let fields = [fields, &[("ContentType", "JSON")]].concat();
    let (status, answer) = world.form(Some(&administrator()), "iam", &fields).await;
    assert_eq!(status, 200, "{answer}");
    let action = fields[0].1;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer[format!("{action}Response")][format!("{action}Result")].clone()
}

fn policy(value: &Value) -> Value {
    serde_json::from_str(&harmonix_dev::aws::moto::policy_text(value)).unwrap()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The keys of a list of tags.
fn keys(tags: &Value) -> BTreeSet<String> {
    list(tags)
        .filter_map(|tag| tag["key"].as_str().map(str::to_owned))
        .collect()
}

/// The same without these texts.
fn without(value: &Value, texts: &[(&str, &str)]) -> Value {
    let text = texts
        .iter()
        .fold(value.to_string(), |text, (own, general)| {
            text.replace(own, general)
        });
    serde_json::from_str(&text).unwrap()
}
