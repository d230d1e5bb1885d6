//! What people write, in short words: for scenarios and for tests.

use serde_json::{Value, json};

use crate::world::account::{DEVELOPMENT, PREFIX, PRODUCTION, REGION};
use crate::world::gitlab::APPLICATIONS_GROUP;

/// The label by which the environments here let a namespace in.
const TENANT: &str = "platform.example.com/tenant";

/// The providers and environments that are shared.
#[must_use]
pub fn platform() -> Vec<Value> {
    vec![
        provider("dev-eu", DEVELOPMENT),
        provider("prod-eu", PRODUCTION),
        environment("dev", 1, &["dev-eu"]),
        environment("prod", 2, &["prod-eu"]),
    ]
}

/// A namespace that the environments let in.
#[must_use]
pub fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": name, "labels": { TENANT: "true" } },
    })
}

/// A provider in an account.
#[must_use]
pub fn provider(name: &str, account: &str) -> Value {
    json!({
        "apiVersion": "harmonix.io/v1alpha1", "kind": "EnvironmentProvider", "metadata": { "name": name },
        "spec": {
            "owner": "platform", "type": "ecs", "account": account, "region": REGION, "prefix": PREFIX,
            "roles": { "bootstrap": format!("arn:aws:iam::{account}:role/{PREFIX}-bootstrap-role") },
            "network": { "create": { "cidr": "10.20.0.0/16" } },
            "gitlabGroups": [APPLICATIONS_GROUP],
        },
    })
}

/// An environment of this level on these providers.
#[must_use]
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
                "from": "Selector", "selector": { "matchLabels": { TENANT: "true" } },
            },
        },
    })
}

/// An application in the environments given.
#[must_use]
pub fn application(namespace: &str, name: &str, environments: &[&str]) -> Value {
    greeting(namespace, name, environments, "hello")
}

/// An application whose variable GREETING has this value everywhere.
#[must_use]
pub fn greeting(namespace: &str, name: &str, environments: &[&str], value: &str) -> Value {
    let environments: Vec<Value> = environments
        .iter()
        .map(|name| json!({ "name": name, "replicas": 1, "variables": [{ "name": "GREETING", "value": value }] }))
        .collect();
    json!({
        "apiVersion": "harmonix.io/v1alpha1", "kind": "Application",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "owner": "team-shop", "template": { "name": "node-service" }, "environments": environments },
    })
}
