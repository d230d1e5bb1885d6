//! No write of the controller makes a spec differ: what was applied can be applied again, and `kubectl diff` finds nothing.

use std::process::{Command, Output};

use harmonix_dev::world::World;
use serde_json::Value;

use super::cluster::Cluster;
use super::manifest::{application, environment, provider};
use super::stage::Stage;
use super::tool;

const CLIENT_SIDE: &[&str] = &[];
const SERVER_SIDE: &[&str] = &["--server-side"];

fn kubectl(world: &World, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(world.kubectl());
    command
        .arg("--kubeconfig")
        .arg(world.layout.administrator_kubeconfig())
        .args(arguments)
        // The program that shows differences, as it is everywhere.
        .env_remove("KUBECTL_EXTERNAL_DIFF");
    tool::run(command, input)
}

/// The objects, one of each kind, as a person writes them.
fn written(name: &str) -> Vec<Value> {
    vec![
        provider(name, "222222222222"),
        environment(name, 1, &[name]),
        application(name, "cart", &[name]),
    ]
}

fn address(object: &Value) -> (&str, String) {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap();
    let name = metadata["namespace"].as_str().map_or_else(
        || name.to_owned(),
        |namespace| format!("{namespace}/{name}"),
    );
    (object["kind"].as_str().unwrap(), name)
}

/// The generations of the objects: whoever changes a spec changes it.
async fn generations(cluster: &Cluster, objects: &[Value]) -> Vec<Value> {
    let mut found = Vec::new();
    for object in objects {
        let (kind, name) = address(object);
        found.push(cluster.get(kind, &name).await["metadata"]["generation"].clone());
    }
    found
}

async fn apply_twice_then_diff(name: &str, way: &[&str]) {
    let stage = Stage::enter(name).await;
    let objects = written(name);
    let text: String = objects.iter().map(|object| format!("{object}\n")).collect();
    let apply = [&["apply", "-f", "-"], way].concat();
    let diff = [&["diff", "-f", "-"], way].concat();
    for time in ["once", "twice"] {
        let said = kubectl(stage.world, &apply, &text);
        assert!(said.status.success(), "{time}: {}", tool::said(&said));
        for object in &objects {
            let (kind, name) = address(object);
            stage.cluster.ready(kind, &name).await;
        }
        let difference = kubectl(stage.world, &diff, &text);
        assert_eq!(
            (difference.status.code(), tool::said(&difference).as_str()),
            (Some(0), ""),
            "{time}"
        );
        let expected = vec![Value::from(1); objects.len()];
        assert_eq!(generations(&stage.cluster, &objects).await, expected);
    }
    for object in &objects {
        let (kind, name) = address(object);
        let stored = stage.cluster.get(kind, &name).await;
        for (owner, fields) in owners(&stored) {
            assert!(
                owner != "harmonix" || fields.get("f:spec").is_none(),
                "the controller owns fields of the spec of {kind} {name}: {fields}"
            );
        }
    }
    // A difference that is there is seen: nothing was proven by a program that says nothing.
    let changed = text.replace("team-shop", "team-cart");
    let difference = kubectl(stage.world, &diff, &changed);
    assert_eq!(difference.status.code(), Some(1));
    assert!(tool::said(&difference).contains("+  owner: team-cart"));
}

/// Who owns which fields.
fn owners(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    entries.iter().map(|entry| {
        let manager = entry["manager"].as_str().unwrap();
        (manager, &entry["fieldsV1"])
    })
}

#[tokio::test]
async fn what_is_applied_twice_on_the_server_does_not_differ() {
    apply_twice_then_diff("twice-server", SERVER_SIDE).await;
}

#[tokio::test]
async fn what_is_applied_twice_by_the_client_does_not_differ() {
    apply_twice_then_diff("twice-client", CLIENT_SIDE).await;
}
