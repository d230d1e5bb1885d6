//! ECS services whose tasks really run.

use harmonix_dev::aws::config::TaskMode;
use serde_json::{Value, json};

use crate::images::image;
use crate::world::{World, administrator, until};

/// Makes the execution role and the cluster.
async fn prepare(world: &World) -> String {
    world
        .ecs("CreateCluster", json!({ "clusterName": "demo" }))
        .await;
    let trust = r#"{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}"#;
    let rights = format!(
        r#"{{"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"}},
           {{"Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],"Resource":"arn:aws:ecr:*:{0}:repository/demo/*"}},
           {{"Effect":"Allow","Action":"ssm:GetParameters","Resource":"arn:aws:ssm:*:{0}:parameter/demo/*"}}"#,
        world.account
    );
    world.role("execution", trust, &rights).await
}

async fn define(
    world: &World,
    image: &str,
    role: &str,
    variables: &[(&str, &str)],
    secrets: Value,
) -> String {
    let environment: Vec<Value> = variables
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let definition = json!({
        "family": "shop",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": role,
        "containerDefinitions": [{
            "name": "application",
            "image": image,
            "portMappings": [{ "containerPort": 8080 }],
            "environment": environment,
            "secrets": secrets,
        }],
    });
    let answer = world.ecs("RegisterTaskDefinition", definition).await;
    answer["taskDefinition"]["taskDefinitionArn"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn create(world: &World, definition: &str, count: u32) {
    let params = json!({
        "cluster": "demo", "serviceName": "shop", "taskDefinition": definition, "desiredCount": count,
        "launchType": "FARGATE",
        "tags": [{ "key": "harmonix:release", "value": "abc" }],
        "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": true } },
    });
    world.ecs("CreateService", params).await;
}

async fn update(world: &World, mut change: Value) {
    change["cluster"] = "demo".into();
    change["service"] = "shop".into();
    world.ecs("UpdateService", change).await;
}

async fn described(world: &World) -> Value {
    let params = json!({ "cluster": "demo", "services": ["shop"], "include": ["TAGS"] });
    world.ecs("DescribeServices", params).await["services"][0].take()
}

/// Waits until the service has one deployment in the given state, and answers the service.
async fn settled(world: &World, state: &str) -> Value {
    until(&format!("the service is {state}"), async || {
        let service = described(world).await;
        let deployments = service["deployments"].as_array()?;
        (deployments.len() == 1 && deployments[0]["rolloutState"] == state).then_some(service)
    })
    .await
}

async fn running(world: &World) -> Vec<Value> {
    world
        .tasks()
        .await
        .into_iter()
        .filter(|task| task["state"] == "RUNNING")
        .collect()
}

async fn greeting(world: &World, task: &Value) -> String {
    let address = format!("http://127.0.0.1:{}/", task["port"]);
    world
        .client
        .get(address)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_runs_its_image_and_what_fails_is_rolled_back() {
    let world = World::start(TaskMode::Run).await;
    let role = prepare(&world).await;
    let image = image(&world, "demo/shop").await;
    let parameter =
        json!({ "Name": "/demo/password", "Value": "open sesame", "Type": "SecureString" });
    let (status, answer) = world
        .json(&administrator(), "ssm", "AmazonSSM.PutParameter", parameter)
        .await;
    assert_eq!(status, 200, "{answer}");
    let secret = json!([{ "name": "PASSWORD",
        "valueFrom": format!("arn:aws:ssm:eu-west-1:{}:parameter/demo/password", world.account) }]);
    let first = define(
        &world,
        &image,
        &role,
        &[("GREETING", "hello")],
        secret.clone(),
    )
    .await;
    create(&world, &first, 2).await;
    let service = settled(&world, "COMPLETED").await;
    assert_eq!(
        (&service["runningCount"], &service["pendingCount"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(
        service["tags"],
        json!([{ "key": "harmonix:release", "value": "abc" }])
    );
    let tasks = running(&world).await;
    assert_eq!(tasks.len(), 2);
    assert_eq!(tasks[0]["image"], json!(image));
    assert_eq!(greeting(&world, &tasks[0]).await, "hello open sesame");
    let log = std::fs::read_to_string(tasks[0]["log"].as_str().unwrap()).unwrap();
    assert_eq!(log, "listening\n");

    for behaviour in ["exit", "sick"] {
        let bad = define(
            &world,
            &image,
            &role,
            &[("BEHAVIOUR", behaviour)],
            json!([]),
        )
        .await;
        update(&world, json!({ "taskDefinition": bad })).await;
        let service = settled(&world, "COMPLETED").await;
        assert_eq!(service["taskDefinition"], json!(first), "{behaviour}");
        let told = service["events"].as_array().unwrap().iter();
        assert!(
            told.clone()
                .any(|event| event["message"].as_str().unwrap().contains("rolling back")),
            "{behaviour}: {service}"
        );
        let ports = |tasks: &[Value]| {
            tasks
                .iter()
                .map(|task| task["port"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            ports(&running(&world).await),
            ports(&tasks),
            "{behaviour}: the old tasks were kept"
        );
    }

    let second = define(&world, &image, &role, &[("GREETING", "good day")], secret).await;
    update(
        &world,
        json!({ "taskDefinition": second, "desiredCount": 1 }),
    )
    .await;
    settled(&world, "COMPLETED").await;
    let tasks = running(&world).await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(greeting(&world, &tasks[0]).await, "good day open sesame");

    world
        .ecs(
            "DeleteService",
            json!({ "cluster": "demo", "service": "shop", "force": true }),
        )
        .await;
    until("the service is gone", async || {
        (described(&world).await["status"] == "INACTIVE").then_some(())
    })
    .await;
    assert_eq!(running(&world).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_is_missing_or_may_not_be_pulled_fails_the_deployment() {
    let world = World::start(TaskMode::None).await;
    let role = prepare(&world).await;
    let image = image(&world, "demo/shop").await;
    let (name, _) = image.split_once('@').unwrap();
    let missing = format!("{name}@sha256:{}", "0".repeat(64));
    let definition = define(&world, &missing, &role, &[], json!([])).await;
    create(&world, &definition, 1).await;
    let service = settled(&world, "FAILED").await;
    let told = service["events"].to_string();
    assert!(
        told.contains("CannotPullContainerError") && told.contains("not found"),
        "{told}"
    );

    let powerless = role.replace("execution", "none");
    let definition = define(&world, &image, &powerless, &[], json!([])).await;
    update(&world, json!({ "taskDefinition": definition })).await;
    let service = settled(&world, "FAILED").await;
    assert!(
        service["events"]
            .to_string()
            .contains("ECS was unable to assume the role"),
        "{service}"
    );

    let foreign = json!([{ "name": "PASSWORD", "valueFrom": "/other/password" }]);
    let definition = define(&world, &image, &role, &[], foreign).await;
    update(&world, json!({ "taskDefinition": definition })).await;
    let service = settled(&world, "FAILED").await;
    let told = service["events"].to_string();
    assert!(
        told.contains("is not authorized to perform: ssm:GetParameters"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outcomes_can_be_declared_where_nothing_really_runs() {
    let world = World::start(TaskMode::None).await;
    let role = prepare(&world).await;
    let image = image(&world, "demo/shop").await;
    let good = define(&world, &image, &role, &[], json!([])).await;
    create(&world, &good, 3).await;
    assert_eq!(settled(&world, "COMPLETED").await["runningCount"], json!(3));
    for outcome in ["fail", "hang"] {
        world
            .declare(json!({ "environment": format!("RELEASE={outcome}"), "outcome": outcome }))
            .await;
        let bad = define(&world, &image, &role, &[("RELEASE", outcome)], json!([])).await;
        update(&world, json!({ "taskDefinition": bad })).await;
        let service = settled(&world, "COMPLETED").await;
        assert_eq!(service["taskDefinition"], json!(good), "{outcome}");
    }
    let listed = world
        .ecs(
            "ListTasks",
            json!({ "cluster": "demo", "serviceName": "shop" }),
        )
        .await;
    let arns = listed["taskArns"].clone();
    assert_eq!(arns.as_array().unwrap().len(), 3);
    let tasks = world
        .ecs("DescribeTasks", json!({ "cluster": "demo", "tasks": arns }))
        .await;
    assert_eq!(tasks["tasks"][0]["lastStatus"], json!("RUNNING"));
    let (_, digest) = image.split_once('@').unwrap();
    assert_eq!(
        tasks["tasks"][0]["containers"][0]["imageDigest"],
        json!(digest)
    );
}
