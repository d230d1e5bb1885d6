//! The resources of each service's calls.

use super::{Arn, Resource, last};
use crate::aws::call::Call;
use crate::aws::eks::route::Route;

pub(super) fn dynamodb(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    let table = |name: &str| at.of(&format!("table/{name}"));
    if let Some(name) = call.text("TableName") {
        return match call.text("IndexName") {
            Some(index) => vec![at.of(&format!("table/{name}/index/{index}"))],
            None => vec![table(name)],
        };
    }
    if let Some(arn) = call.text("ResourceArn") {
        return vec![Resource::Arn(arn.to_owned())];
    }
    if let Some(tables) = call.value("RequestItems").as_object() {
        return tables.keys().map(|name| table(name)).collect();
    }
    let items = call.value("TransactItems").as_array().into_iter().flatten();
    items
        .flat_map(|item| item.as_object().into_iter().flatten())
        .filter_map(|(_, operation)| operation["TableName"].as_str().map(table))
        .collect()
}

pub(super) fn ssm(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    let parameter = |name: &str| at.of(&format!("parameter/{}", name.trim_start_matches('/')));
    let one = call.text("Name").or_else(|| call.text("Path")).or_else(|| {
        call.text("ResourceId")
            .filter(|_| call.text("ResourceType") == Some("Parameter"))
    });
    one.map(str::to_owned)
        .into_iter()
        .chain(call.texts("Names"))
        .map(|name| parameter(&name))
        .collect()
}

pub(super) fn ecs(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    if let Some(arn) = call.text("resourceArn") {
        return vec![Resource::Arn(arn.to_owned())];
    }
    let cluster = last(call.text("cluster").unwrap_or("default"));
    let each = |kind: &str, names: Vec<String>| -> Vec<Resource> {
        names
            .iter()
            .map(|name| at.of(&format!("{kind}/{cluster}/{}", last(name))))
            .collect()
    };
    match call.operation.as_str() {
        "RegisterTaskDefinition" => {
            vec![at.of(&format!(
                "task-definition/{}:*",
                call.text("family").unwrap_or_default()
            ))]
        }
        "RunTask" | "StartTask" => {
            vec![at.of(&format!(
                "task-definition/{}",
                last(call.text("taskDefinition").unwrap_or_default())
            ))]
        }
        "DescribeServices" => each("service", call.texts("services")),
        "CreateService" => each(
            "service",
            call.text("serviceName")
                .map(str::to_owned)
                .into_iter()
                .collect(),
        ),
        "UpdateService" | "DeleteService" => each(
            "service",
            call.text("service")
                .map(str::to_owned)
                .into_iter()
                .collect(),
        ),
        "DescribeTasks" => each("task", call.texts("tasks")),
        "StopTask" => each(
            "task",
            call.text("task").map(str::to_owned).into_iter().collect(),
        ),
        // The resource of this one is the container instance, of which a Fargate cluster has none.
        "ListTasks" | "ListServices" => vec![at.somewhere()],
        "DescribeClusters" => {
            let named = call.texts("clusters");
            let named = if named.is_empty() {
                vec!["default".to_owned()]
            } else {
                named
            };
            named
                .iter()
                .map(|name| at.of(&format!("cluster/{}", last(name))))
                .collect()
        }
        _ => vec![at.of(&format!("cluster/{cluster}"))],
    }
}

pub(super) fn eks(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    let at = Arn {
        service: "eks",
        ..*at
    };
    let cluster = call.text("name").map(|name| format!("cluster/{name}"));
    Route::read(call.uri.path())
        .and_then(Route::resource)
        .or(cluster)
        .map(|rest| at.of(&rest))
        .into_iter()
        .collect()
}

pub(super) fn ecr(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    if let Some(arn) = call.text("resourceArn") {
        return vec![Resource::Arn(arn.to_owned())];
    }
    let account = call.text("registryId").unwrap_or(at.account);
    let at = Arn { account, ..*at };
    let one = call.text("repositoryName").map(str::to_owned);
    one.into_iter()
        .chain(call.texts("repositoryNames"))
        .map(|name| at.of(&format!("repository/{name}")))
        .collect()
}

pub(super) fn iam(call: &Call, account: &str) -> Vec<Resource> {
    let arn = |rest: String| vec![Resource::Arn(format!("arn:aws:iam::{account}:{rest}"))];
    for name in ["RoleArn", "OpenIDConnectProviderArn"] {
        if let Some(given) = call.text(name) {
            return vec![Resource::Arn(given.to_owned())];
        }
    }
    // A role's path is not in the call: the gate completes this ARN from what IAM knows (see `permission`).
    if let Some(role) = call.text("RoleName") {
        return arn(format!("role{}{role}", call.text("Path").unwrap_or("/")));
    }
    if let Some(given) = call.text("PolicyArn") {
        return vec![Resource::Arn(given.to_owned())];
    }
    if let Some(service) = call.text("AWSServiceName") {
        return arn(format!("role/aws-service-role/{service}/AWSServiceRole"));
    }
    if let Some(policy) = call.text("PolicyName") {
        return arn(format!(
            "policy{}{policy}",
            call.text("Path").unwrap_or("/")
        ));
    }
    if let Some(provider) = call.text("Url") {
        return arn(format!(
            "oidc-provider/{}",
            provider.trim_start_matches("https://")
        ));
    }
    if let Some(profile) = call.text("InstanceProfileName") {
        return arn(format!(
            "instance-profile{}{profile}",
            call.text("Path").unwrap_or("/")
        ));
    }
    Vec::new()
}

pub(super) fn kms(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    let key = call.text("KeyId").or_else(|| call.text("TargetKeyId"));
    let alias = call.text("AliasName");
    let named = |name: &str| {
        if name.starts_with("alias/") {
            at.of(name)
        } else {
            at.of(&format!("key/{name}"))
        }
    };
    alias.into_iter().chain(key).map(named).collect()
}

pub(super) fn logs(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    if let Some(arn) = call.text("resourceArn") {
        return vec![Resource::Arn(arn.to_owned())];
    }
    match (call.operation.as_str(), call.text("logGroupName")) {
        ("DescribeLogGroups", _) => {
            let prefix = call.text("logGroupNamePrefix").unwrap_or_default();
            vec![at.of(&format!("log-group:{prefix}*:*"))]
        }
        (_, Some(group)) => match call.text("logStreamName") {
            Some(stream) => vec![at.of(&format!("log-group:{group}:log-stream:{stream}"))],
            None => vec![at.of(&format!("log-group:{group}:*"))],
        },
        (_, None) => Vec::new(),
    }
}

pub(super) fn secrets(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    let one = call.text("SecretId").or_else(|| call.text("Name"));
    one.map(|name| {
        if name.starts_with("arn:") {
            Resource::Arn(name.into())
        } else {
            at.of(&format!("secret:{name}-??????"))
        }
    })
    .into_iter()
    .collect()
}

pub(super) fn load_balancing(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    let name = call.text("Name").unwrap_or_default();
    match call.operation.as_str() {
        "CreateLoadBalancer" => {
            let kind = if call.text("Type") == Some("network") {
                "net"
            } else {
                "app"
            };
            return vec![at.of(&format!("loadbalancer/{kind}/{name}/*"))];
        }
        "CreateTargetGroup" => return vec![at.of(&format!("targetgroup/{name}/*"))],
        _ => {}
    }
    [
        "LoadBalancerArn",
        "TargetGroupArn",
        "ListenerArn",
        "RuleArn",
    ]
    .into_iter()
    .filter_map(|name| call.text(name))
    .map(str::to_owned)
    .chain(call.texts("ResourceArns"))
    .map(Resource::Arn)
    .collect()
}
