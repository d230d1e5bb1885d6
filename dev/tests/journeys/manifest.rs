//! What people write, in short words.

use serde_json::{Value, json};

/// The providers and environments that all journeys share.
pub fn platform() -> Vec<Value> {
    vec![
        provider("dev-eu", "222222222222"),
        provider("prod-eu", "333333333333"),
        environment("dev", 1, &["dev-eu"]),
        environment("prod", 2, &["prod-eu"]),
    ]
}

pub fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": name, "labels": { "platform.example.com/tenant": "true" } },
    })
}

pub fn provider(name: &str, account: &str) -> Value {
    json!({
        "apiVersion": "harmonix.io/v1alpha1", "kind": "EnvironmentProvider", "metadata": { "name": name },
        "spec": {
            "owner": "platform", "type": "ecs", "account": account, "region": "eu-west-1", "prefix": "acme",
            "roles": { "bootstrap": format!("arn:aws:iam::{account}:role/acme-bootstrap-role") },
            "network": { "create": { "cidr": "10.20.0.0/16" } },
            "gitlabGroups": ["aws-apps"],
        },
    })
}

pub fn environment(name: &str, level: u8, providers: &[&str]) -> Value {
    let providers: Vec<Value> = providers
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    json!({
        "apiVersion": "harmonix.io/v1alpha1", "kind": "Environment", "metadata": { "name": name },
        "spec": {
            "owner": "platform", "type": "ecs", "level": level, "providers": providers,
            "category": if level == 1 { "development" } else { "production" },
            "allowedNamespaces": {
                "from": "Selector", "selector": { "matchLabels": { "platform.example.com/tenant": "true" } },
            },
        },
    })
}

/// An application in the environments given.
pub fn application(namespace: &str, name: &str, environments: &[&str]) -> Value {
    let environments: Vec<Value> = environments
        .iter()
        .map(|name| json!({ "name": name, "replicas": 1, "variables": [{ "name": "GREETING", "value": "hello" }] }))
        .collect();
    json!({
        "apiVersion": "harmonix.io/v1alpha1", "kind": "Application",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "owner": "team-shop", "template": { "name": "node-service" }, "environments": environments },
    })
}

/// The object with this value at this place.
pub fn with(mut object: Value, pointer: &str, value: impl Into<Value>) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = object
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("there is no {parent}"));
    match parent {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.into(),
        Value::Object(fields) => {
            fields.insert(key.to_owned(), value.into());
        }
        other => panic!("{other} has no fields"),
    }
    object
}
