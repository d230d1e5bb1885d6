//! A namespace that enforces the standard `restricted` of Pod Security takes the release's pods.

use serde_json::{Value, json};

use super::cluster::Turn;
use super::helm::NAMESPACE;

fn pod(name: &str, template: &Value) -> Value {
    let mut spec = template["spec"].clone();
    // Of the release's own accounts none is there.
    spec["serviceAccountName"] = json!("default");
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": NAMESPACE }, "spec": spec })
}

#[tokio::test]
async fn the_strictest_namespace_takes_the_pods() {
    let turn = Turn::take().await;
    let cluster = turn.cluster;
    cluster
        .kubectl(&["create", "namespace", NAMESPACE])
        .unwrap();
    let enforce = "pod-security.kubernetes.io/enforce=restricted";
    cluster
        .kubectl(&["label", "namespace", NAMESPACE, enforce])
        .unwrap();
    cluster
        .wait_until("serviceaccount", "harmonix-system/default", "there", |_| {
            true
        })
        .await;
    let everything = [
        "--set",
        "gitlab.ca.pem=-----BEGIN CERTIFICATE-----",
        "--set",
        "pod.runAsUser=null",
    ];
    for arguments in [&[][..], &everything] {
        let rendered = turn.helm.rendered(arguments);
        let key = &rendered.get("Job", "harmonix-installation-key")["spec"]["template"];
        for (name, template) in [("controller", rendered.pod()), ("key", key)] {
            let whole = pod(name, template);
            cluster.apply(&whole, &["--dry-run=server"]).unwrap();
            for pointer in [
                "/spec/securityContext",
                "/spec/containers/0/securityContext",
            ] {
                let mut less = whole.clone();
                *less.pointer_mut(pointer).unwrap() = json!({});
                let told = cluster.apply(&less, &["--dry-run=server"]).unwrap_err();
                assert!(
                    told.contains("violates PodSecurity \"restricted:latest\""),
                    "{told}"
                );
            }
        }
    }
}
