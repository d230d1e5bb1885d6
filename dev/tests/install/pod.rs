//! The pods as rendered: what they may do, who finds them, and what they are told to use.

use serde_json::{Value, json};

use super::helm::{Helm, NAMESPACE, RELEASE, Rendered, set};

#[test]
fn the_pod_may_do_little_and_is_looked_after() {
    let rendered = Helm::offline().rendered(&[]);
    let pod = &rendered.pod()["spec"];
    assert_eq!(
        pod["securityContext"],
        json!({ "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532, "seccompProfile": { "type": "RuntimeDefault" } })
    );
    let container = rendered.container();
    assert_eq!(
        container["securityContext"],
        json!({ "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } })
    );
    for (probe, path) in [
        ("startupProbe", "/livez"),
        ("livenessProbe", "/livez"),
        ("readinessProbe", "/readyz"),
    ] {
        assert_eq!(
            container[probe]["httpGet"],
            json!({ "path": path, "port": "http" })
        );
    }
    assert_eq!(
        container["ports"],
        json!([{ "name": "http", "containerPort": 8080, "protocol": "TCP" }])
    );
    let resources = &container["resources"];
    assert!(!resources["requests"]["memory"].is_null() && !resources["limits"]["memory"].is_null());
    assert_eq!(rendered.get("Deployment", RELEASE)["spec"]["replicas"], 2);
    let spread = pod["topologySpreadConstraints"].as_array().unwrap();
    let keys: Vec<&Value> = spread
        .iter()
        .map(|constraint| &constraint["topologyKey"])
        .collect();
    assert_eq!(
        keys,
        ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    );
    // A file that is mounted by itself never sees its Secret change.
    let mounts = container["volumeMounts"].as_array().unwrap();
    assert!(
        mounts
            .iter()
            .all(|mount| mount.get("subPath").is_none() && mount["readOnly"] == true)
    );
    let chosen = Helm::offline().rendered(&["--set", "pod.runAsUser=null"]);
    assert_eq!(
        chosen.pod()["spec"]["securityContext"],
        json!({ "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } })
    );
}

#[test]
fn what_selects_the_pods_selects_them_and_nothing_else() {
    let rendered = Helm::offline().rendered(&[
        "--set",
        "commonLabels.team=platform",
        "--set",
        "metrics.serviceMonitor.enabled=true",
    ]);
    let pod = &rendered.pod()["metadata"]["labels"];
    let job =
        &rendered.get("Job", "harmonix-installation-key")["spec"]["template"]["metadata"]["labels"];
    let service = &rendered.get("Service", "harmonix-metrics")["metadata"]["labels"];
    let takes = |selector: &Value, labels: &Value| {
        let selector = selector.as_object().unwrap();
        assert!(!selector.is_empty());
        selector.iter().all(|(name, value)| &labels[name] == value)
    };
    let spread = rendered.pod()["spec"]["topologySpreadConstraints"]
        .as_array()
        .unwrap();
    let mut selectors = vec![
        &rendered.get("Deployment", RELEASE)["spec"]["selector"]["matchLabels"],
        &rendered.get("PodDisruptionBudget", RELEASE)["spec"]["selector"]["matchLabels"],
        &rendered.get("NetworkPolicy", RELEASE)["spec"]["podSelector"]["matchLabels"],
        &rendered.get("Service", "harmonix-metrics")["spec"]["selector"],
    ];
    selectors.extend(
        spread
            .iter()
            .map(|constraint| &constraint["labelSelector"]["matchLabels"]),
    );
    for selector in selectors {
        assert!(takes(selector, pod) && !takes(selector, job), "{selector}");
    }
    let own = &rendered.get("NetworkPolicy", "harmonix-installation-key")["spec"]["podSelector"]["matchLabels"];
    assert!(takes(own, job) && !takes(own, pod));
    let monitor = &rendered.get("ServiceMonitor", RELEASE)["spec"]["selector"]["matchLabels"];
    assert!(takes(monitor, service));
    for object in &rendered.0 {
        let named = [
            "CustomResourceDefinition",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        ];
        if !named.contains(&object["kind"].as_str().unwrap()) {
            assert_eq!(object["metadata"]["labels"]["team"], "platform", "{object}");
        }
    }
}

#[test]
fn the_role_of_aws_is_had_in_one_way() {
    let helm = Helm::offline();
    let role = "arn:aws:iam::111111111111:role/harmonix";
    for (identity, annotations) in [
        ("PodIdentity", Value::Null),
        ("None", Value::Null),
        ("IRSA", json!({ "eks.amazonaws.com/role-arn": role })),
    ] {
        let rendered = helm.rendered(&["--set", &format!("aws.identity={identity}")]);
        let account = rendered.get("ServiceAccount", RELEASE);
        assert_eq!(
            account["metadata"]
                .get("annotations")
                .unwrap_or(&Value::Null),
            &annotations
        );
        let variables = rendered.container()["env"].as_array().unwrap();
        // The node's own role is never a way.
        assert!(
            variables.contains(&json!({ "name": "AWS_EC2_METADATA_DISABLED", "value": "true" }))
        );
    }
}

#[test]
fn a_proxy_is_not_asked_for_what_is_near() {
    let helm = Helm::offline();
    let near = |rendered: &Rendered| {
        let variables = rendered.container()["env"].as_array().unwrap().clone();
        variables
            .into_iter()
            .find(|variable| variable["name"] == "NO_PROXY")
    };
    assert_eq!(near(&helm.rendered(&[])), None);
    let rendered = helm.rendered(&set(&[
        "proxy.https=http://proxy:3128",
        "proxy.noProxy={.example.com,10.0.0.0/8}",
    ]));
    let value = near(&rendered).unwrap()["value"]
        .as_str()
        .unwrap()
        .to_owned();
    let parts: Vec<&str> = value.split(',').collect();
    for wanted in [
        "169.254.170.23",
        "$(KUBERNETES_SERVICE_HOST)",
        ".svc",
        ".example.com",
        "10.0.0.0/8",
    ] {
        assert!(parts.contains(&wanted), "{value}");
    }
}

#[test]
fn the_key_is_made_before_the_first_install_by_an_account_of_its_own() {
    let rendered = Helm::offline().rendered(&[]);
    let name = "harmonix-installation-key";
    let mut weights = Vec::new();
    for kind in [
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "NetworkPolicy",
        "Job",
    ] {
        let annotations = &rendered.get(kind, name)["metadata"]["annotations"];
        assert_eq!(annotations["helm.sh/hook"], "pre-install", "{kind}");
        assert_eq!(
            annotations["helm.sh/hook-delete-policy"], "before-hook-creation,hook-succeeded",
            "{kind}"
        );
        weights.push(
            annotations["helm.sh/hook-weight"]
                .as_str()
                .unwrap()
                .parse::<i32>()
                .unwrap(),
        );
    }
    assert!(weights.is_sorted(), "{weights:?}");
    let job = &rendered.get("Job", name)["spec"]["template"]["spec"];
    assert_eq!(job["serviceAccountName"], name);
    assert_eq!(
        job["containers"][0]["args"],
        json!([
            "key",
            "ensure",
            format!("--namespace={NAMESPACE}"),
            format!("--secret={name}"),
            "--key=installation.key"
        ])
    );
    assert_eq!(job["containers"][0]["image"], rendered.container()["image"]);
    for context in ["/securityContext", "/containers/0/securityContext"] {
        assert_eq!(
            job.pointer(context),
            rendered.pod()["spec"].pointer(context)
        );
    }
    // It is the only one with any right on a Secret.
    for object in &rendered.0 {
        let rules = object["rules"].as_array().into_iter().flatten();
        let secrets = rules.filter(|rule| {
            rule["resources"]
                .as_array()
                .is_some_and(|names| names.contains(&json!("secrets")))
        });
        assert!(
            secrets.count() == 0 || object["metadata"]["name"] == name,
            "{object}"
        );
    }
}

#[test]
fn the_image_is_named_by_tag_or_by_digest() {
    let helm = Helm::offline();
    let digest = format!("sha256:{}", "a".repeat(64));
    let by_digest = format!("image.digest={digest}");
    for (settings, image) in [
        (
            &[] as &[&str],
            format!(
                "registry.example.com/harmonix:{}",
                env!("CARGO_PKG_VERSION")
            ),
        ),
        (
            &["image.tag=edge"],
            "registry.example.com/harmonix:edge".to_owned(),
        ),
        (
            &[by_digest.as_str()],
            format!("registry.example.com/harmonix@{digest}"),
        ),
    ] {
        assert_eq!(helm.rendered(&set(settings)).container()["image"], image);
    }
}
