//! Who asked, with the policy that the chart installs: however one comes, one signs with one's own name.

use harmonix_dev::manifest::{namespace, provider};
use harmonix_dev::world::account::DEVELOPMENT;
use serde_json::{Value, json};

use super::cluster::{Cluster, PATIENCE, Turn};
use super::helm::{NAMESPACE, RELEASE, chart, text};

const STAMP: &str = "harmonix.io/requested-by";

fn stamp(cluster: &Cluster) -> Value {
    cluster.get("environmentprovider", "asked")["metadata"]["annotations"][STAMP].clone()
}

/// The provider with another spec each time, signed for somebody else.
fn forged(change: u8, name: &str) -> Value {
    let mut object = provider("asked", DEVELOPMENT);
    object["spec"]["title"] = json!(format!("Change {change}"));
    object["metadata"]["annotations"] = json!({ STAMP: name });
    object
}

#[tokio::test]
async fn nobody_signs_for_another_however_they_come() {
    let turn = Turn::take().await;
    let cluster = turn.cluster;
    let prepared = cluster.prepare();
    let chart = text(&chart());
    turn.helm
        .run(&["install", RELEASE, &chart, "--values", &prepared.path, "--namespace", NAMESPACE])
        .unwrap();
    cluster.apply_soon(&namespace("flux-system")).await;
    for account in ["kustomize-controller", "robot"] {
        let object = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": account, "namespace": "flux-system" } });
        cluster.apply_soon(&object).await;
    }
    let bind = |name: &str, subject: Value| {
        let object = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "harmonix-admin" },
            "subjects": [subject],
        });
        cluster.apply(&object, &[]).unwrap();
    };
    bind("test-group", json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "platform" }));
    for account in ["kustomize-controller", "robot"] {
        bind(&format!("test-{account}"), json!({ "kind": "ServiceAccount", "name": account, "namespace": "flux-system" }));
    }
    // A policy works a moment after it was accepted.
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let _ = cluster.apply(&forged(1, "mallory"), &[]);
        if cluster.find("environmentprovider", "asked").is_some_and(|object| object["metadata"]["annotations"][STAMP] == "administrator") {
            break;
        }
        assert!(std::time::Instant::now() < until, "nobody is stamped");
        let _ = cluster.kubectl(&["delete", "environmentprovider", "asked"]);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }

    // Users with rights by their group, whatever other groups they are in.
    for (change, user, groups) in [(2, "ada", &["platform"][..]), (3, "bob@example.com", &["others", "platform"])] {
        let mut arguments = vec!["--as", user];
        arguments.extend(groups.iter().flat_map(|group| ["--as-group", group]));
        cluster.apply(&forged(change, "mallory"), &arguments).unwrap();
        assert_eq!(stamp(cluster), user);
    }
    // A user called like the controller is the one whom the API server knows by that name, and no other name is kept.
    let controller = "system:serviceaccount:harmonix-system:harmonix";
    cluster.apply(&forged(4, "ada"), &["--as", controller, "--as-group", "platform"]).unwrap();
    assert_eq!(stamp(cluster), controller, "no account is let through unstamped");

    // A tool signs with its account: under GitOps that is who asked.
    let tool = cluster.kubeconfig_of("flux-system/kustomize-controller", &prepared.folder);
    let apply = ["apply", "--server-side", "--force-conflicts", "--filename", "-"];
    cluster.kubectl_with(&tool, &apply, Some(&forged(5, "ada"))).unwrap();
    assert_eq!(stamp(cluster), "system:serviceaccount:flux-system:kustomize-controller");

    // Who may impersonate nobody cannot come as another, in the annotation or in the request.
    let robot = cluster.kubeconfig_of("flux-system/robot", &prepared.folder);
    let told = cluster
        .kubectl_with(&robot, &[&apply[..], &["--as", "ada", "--validate=false"]].concat(), Some(&forged(6, "ada")))
        .unwrap_err();
    assert!(told.contains("cannot impersonate"), "{told}");
    assert_eq!(stamp(cluster), "system:serviceaccount:flux-system:kustomize-controller");

    // What changes no spec changes no name: dropped, set, emptied, and by the controller's own account.
    let name = stamp(cluster);
    let own = cluster.kubeconfig_of(&format!("{NAMESPACE}/{RELEASE}"), &prepared.folder);
    for (kubeconfig, patch) in [
        (&robot, json!({ "metadata": { "annotations": { STAMP: null } } })),
        (&robot, json!({ "metadata": { "annotations": { STAMP: "ada" } } })),
        (&robot, json!({ "metadata": { "annotations": null } })),
        (&robot, json!({ "metadata": { "annotations": { "other": "value" } } })),
        (&own, json!({ "metadata": { "annotations": { "harmonix.io/intents": "[]", STAMP: "ada" } } })),
        (&own, json!({ "metadata": { "finalizers": ["harmonix.io/test"] } })),
        (&own, json!({ "metadata": { "finalizers": null } })),
    ] {
        let patch = patch.to_string();
        let arguments = ["patch", "environmentprovider", "asked", "--type", "merge", "--patch", &patch];
        cluster.kubectl_with(kubeconfig, &arguments, None).unwrap_or_else(|told| panic!("{patch}: {told}"));
        assert_eq!(stamp(cluster), name, "{patch}");
    }
    // A replacement that drops the annotation is not refused.
    let mut replaced = cluster.get("environmentprovider", "asked");
    replaced["metadata"].as_object_mut().unwrap().remove("annotations");
    cluster.kubectl_with(&robot, &["replace", "--filename", "-"], Some(&replaced)).unwrap();
    assert_eq!(stamp(cluster), name);
    replaced["spec"]["title"] = json!("Change 7");
    replaced["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    cluster.kubectl_with(&robot, &["replace", "--filename", "-"], Some(&replaced)).unwrap();
    assert_eq!(stamp(cluster), "system:serviceaccount:flux-system:robot");
    for name in ["test-group", "test-kustomize-controller", "test-robot"] {
        cluster.kubectl(&["delete", "clusterrolebinding", name]).unwrap();
    }
}
