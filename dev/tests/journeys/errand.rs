//! kubectl, as people use it, and accounts with rights of their own.

use std::path::{Path, PathBuf};

use harmonix_dev::world::World;
use harmonix_dev::world::kubectl::Kubectl;
use serde_json::{Value, json};

/// What kubectl prints as the administrator; else why not.
pub fn kubectl(world: &World, arguments: &[&str], input: &str) -> Result<String, String> {
    Kubectl::of_administrator(world).run(arguments, input)
}

/// The same with a kubeconfig of somebody's own.
pub fn kubectl_with(
    world: &World,
    kubeconfig: &Path,
    arguments: &[&str],
    input: &str,
) -> Result<String, String> {
    Kubectl::of_administrator(world)
        .with(kubeconfig)
        .run(arguments, input)
}

/// A service account of this name that has these roles and no others (each as `kind/name`, a Role in its own namespace),
/// and a kubeconfig that speaks for it.
pub fn account(world: &World, namespace: &str, name: &str, roles: &[&str]) -> PathBuf {
    let mut objects = vec![json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": { "name": name, "namespace": namespace },
    })];
    for role in roles {
        let (kind, role) = role.split_once('/').unwrap();
        let mut metadata = json!({ "name": format!("{name}-{role}") });
        if kind == "Role" {
            metadata["namespace"] = namespace.into();
        }
        objects.push(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": format!("{kind}Binding"), "metadata": metadata,
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role },
            "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": namespace }],
        }));
    }
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
    kubectl(world, &["apply", "--filename", "-"], &list).unwrap();
    let token = kubectl(
        world,
        &["create", "token", name, "--namespace", namespace],
        "",
    )
    .unwrap();
    let text = std::fs::read(world.layout.controller_kubeconfig()).unwrap();
    let mut kubeconfig: Value = serde_json::from_slice(&text).unwrap();
    kubeconfig["users"][0]["user"]["token"] = token.trim().into();
    let path = world
        .layout
        .path(&format!("kubernetes/{namespace}-{name}.kubeconfig"));
    world.layout.write(&path, kubeconfig.to_string()).unwrap();
    path
}
