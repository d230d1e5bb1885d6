//! Services, deployments and tasks as ECS answers them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::rollout::healthy;
use super::service::{Deployment, Rollout, Service, Status};
use crate::aws::task::{Task, TaskState};

/// Writes a time as AWS's JSON does: seconds with a fraction.
#[must_use]
pub fn seconds(at: Timestamp) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 fit a double exactly"
    )]
    let millis = at.as_millisecond() as f64;
    json!(millis / 1000.0)
}

/// Describes a service.
#[must_use]
pub fn service(service: &Service) -> Value {
    let setting =
        |name: &str, default: Value| service.settings.get(name).cloned().unwrap_or(default);
    let deployments: Vec<Value> = service
        .deployments
        .iter()
        .enumerate()
        .map(|(at, d)| deployment(service, d, at == 0))
        .collect();
    let alive = || {
        service
            .tasks
            .iter()
            .filter(|task| task.is_alive() && !task.is_stopping())
    };
    let running = alive().filter(|task| task.is_healthy()).count();
    let mut configuration = json!({
        "deploymentCircuitBreaker": { "enable": false, "rollback": false },
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    });
    if let (Some(given), Some(all)) = (
        service
            .settings
            .get("deploymentConfiguration")
            .and_then(Value::as_object),
        configuration.as_object_mut(),
    ) {
        all.extend(given.clone());
    }
    let events: Vec<Value> = service
        .events
        .iter()
        .map(|event| json!({ "id": event.id, "createdAt": seconds(event.at), "message": event.message }))
        .collect();
    let mut view = json!({
        "serviceArn": service.key.arn(),
        "serviceName": service.key.name,
        "clusterArn": service.key.cluster_arn(),
        "status": match service.status {
            Status::Active => "ACTIVE",
            Status::Draining => "DRAINING",
            Status::Inactive => "INACTIVE",
        },
        "desiredCount": service.desired,
        "runningCount": running,
        "pendingCount": alive().count() - running,
        "taskDefinition": setting("taskDefinition", Value::Null),
        "deployments": deployments,
        "events": events,
        "createdAt": seconds(service.created),
        "deploymentConfiguration": configuration,
        "loadBalancers": setting("loadBalancers", json!([])),
        "serviceRegistries": setting("serviceRegistries", json!([])),
        "placementConstraints": setting("placementConstraints", json!([])),
        "placementStrategy": setting("placementStrategy", json!([])),
        "schedulingStrategy": setting("schedulingStrategy", json!("REPLICA")),
        "deploymentController": setting("deploymentController", json!({ "type": "ECS" })),
        "platformVersion": setting("platformVersion", json!("LATEST")),
        "platformFamily": "Linux",
        "enableECSManagedTags": setting("enableECSManagedTags", json!(false)),
        "enableExecuteCommand": setting("enableExecuteCommand", json!(false)),
        "propagateTags": setting("propagateTags", json!("NONE")),
        // moto forgets this one, and Terraform then wants to set it again with every plan.
        "availabilityZoneRebalancing": setting("availabilityZoneRebalancing", json!("DISABLED")),
        "healthCheckGracePeriodSeconds": setting("healthCheckGracePeriodSeconds", json!(0)),
        "roleArn": format!(
            "arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
            service.key.place.account
        ),
    });
    if let Some(view) = view.as_object_mut() {
        launch(service, view);
        copy(service, view, "networkConfiguration");
    }
    view
}

fn launch(service: &Service, view: &mut Map<String, Value>) {
    let strategy = service
        .settings
        .get("capacityProviderStrategy")
        .and_then(Value::as_array);
    if strategy.is_some_and(|providers| !providers.is_empty()) {
        copy(service, view, "capacityProviderStrategy");
    } else {
        let launch = service
            .settings
            .get("launchType")
            .cloned()
            .unwrap_or_else(|| json!("FARGATE"));
        view.insert("launchType".into(), launch);
    }
}

fn copy(service: &Service, view: &mut Map<String, Value>, name: &str) {
    if let Some(value) = service.settings.get(name) {
        view.insert(name.to_owned(), value.clone());
    }
}

fn deployment(service: &Service, deployment: &Deployment, primary: bool) -> Value {
    let mine = || {
        let alive = |task: &&Task| {
            task.deployment == deployment.id && task.is_alive() && !task.is_stopping()
        };
        service.tasks.iter().filter(alive)
    };
    let running = healthy(service, &deployment.id);
    let mut view = json!({
        "id": deployment.id,
        "status": if primary { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": deployment.definition,
        "desiredCount": if primary { service.desired } else { mine().count() },
        "runningCount": running,
        "pendingCount": mine().count() - running,
        "failedTasks": deployment.failed_tasks,
        "createdAt": seconds(deployment.created),
        "updatedAt": seconds(deployment.updated),
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "rolloutState": match deployment.rollout {
            Rollout::InProgress => "IN_PROGRESS",
            Rollout::Completed => "COMPLETED",
            Rollout::Failed => "FAILED",
        },
        "rolloutStateReason": deployment.reason,
    });
    if let Some(view) = view.as_object_mut() {
        launch(service, view);
        copy(service, view, "networkConfiguration");
    }
    view
}

/// Describes a task.
#[must_use]
pub fn task(service: &Service, task: &Task) -> Value {
    let healthy = task.is_healthy();
    let status = match &task.state {
        TaskState::Pending => "PENDING",
        TaskState::Running if task.is_stopping() => "DEACTIVATING",
        TaskState::Running => "RUNNING",
        TaskState::Stopped { .. } => "STOPPED",
    };
    let stopping = task.is_stopping() || !task.is_alive();
    let health = if healthy { "HEALTHY" } else { "UNKNOWN" };
    let mut container = json!({
        "containerArn": format!("{}/{}", task.arn.replacen(":task/", ":container/", 1), task.id),
        "taskArn": task.arn,
        "name": task.container,
        "image": task.image,
        "lastStatus": status,
        "healthStatus": health,
        "networkInterfaces": [],
    });
    let mut view = json!({
        "taskArn": task.arn,
        "clusterArn": service.key.cluster_arn(),
        "taskDefinitionArn": task.definition,
        "group": format!("service:{}", service.key.name),
        "startedBy": task.deployment,
        "lastStatus": status,
        "desiredStatus": if stopping { "STOPPED" } else { "RUNNING" },
        "healthStatus": health,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "connectivity": "CONNECTED",
        "createdAt": seconds(task.created),
        "version": 1,
        "attachments": [],
        "tags": [],
    });
    for (name, at) in [("startedAt", task.started), ("stoppedAt", task.stopped)] {
        if let Some(at) = at {
            view[name] = seconds(at);
        }
    }
    if let Some(digest) = &task.image_digest {
        container["imageDigest"] = digest.clone().into();
    }
    if let Some(code) = task.exit_code {
        container["exitCode"] = code.into();
    }
    if let TaskState::Stopped {
        reason, expected, ..
    } = &task.state
    {
        view["stoppedReason"] = reason.clone().into();
        view["stopCode"] = match (expected, task.exit_code) {
            (true, _) => json!("ServiceSchedulerInitiated"),
            (false, Some(_)) => json!("EssentialContainerExited"),
            (false, None) => json!("TaskFailedToStart"),
        };
        if !expected && task.exit_code.is_none() {
            container["reason"] = reason.clone().into();
        }
    }
    view["containers"] = json!([container]);
    view
}
