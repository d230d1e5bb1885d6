//! What the chart makes of values, without a cluster.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::helm::{Helm, NAMESPACE, RELEASE, Rendered, chart, documents, root, text};

/// The arguments of `--set` for each setting.
fn set<'s>(settings: &[&'s str]) -> Vec<&'s str> {
    settings.iter().flat_map(|setting| ["--set", setting]).collect()
}

#[test]
fn helm_finds_nothing_to_complain_about() {
    let example = text(&chart().join("ci/example-values.yaml"));
    let told = Helm::offline()
        .run(&["lint", &text(&chart()), "--strict", "--values", &example])
        .unwrap();
    assert!(told.contains("0 chart(s) failed"), "{told}");
}

#[test]
fn nothing_random_is_rendered() {
    let helm = Helm::offline();
    let everything = set(&EVERYTHING);
    for arguments in [&[][..], &everything, &["--is-upgrade"]] {
        let first = helm.template(arguments).unwrap();
        assert_eq!(first, helm.template(arguments).unwrap(), "{arguments:?}");
    }
}

/// Whatever can be turned on.
const EVERYTHING: [&str; 8] = [
    "metrics.serviceMonitor.enabled=true",
    "metrics.rules.enabled=true",
    "metrics.dashboard.enabled=true",
    "gitlab.ca.pem=-----BEGIN CERTIFICATE-----",
    "proxy.https=http://proxy.example.com:3128",
    "proxy.noProxy={.example.com}",
    "telemetry.otlpEndpoint=http://collector:4318",
    "jobs.variables.A=B",
];

#[test]
fn these_are_the_objects_of_a_release() {
    let helm = Helm::offline();
    let usual: BTreeSet<String> = [
        "ClusterRole/harmonix",
        "ClusterRole/harmonix-admin",
        "ClusterRole/harmonix-approve",
        "ClusterRole/harmonix-edit",
        "ClusterRole/harmonix-view",
        "ClusterRoleBinding/harmonix",
        "CustomResourceDefinition/applications.harmonix.io",
        "CustomResourceDefinition/environmentproviders.harmonix.io",
        "CustomResourceDefinition/environments.harmonix.io",
        "Deployment/harmonix",
        "Job/harmonix-installation-key",
        "MutatingAdmissionPolicy/requested-by.harmonix.io",
        "MutatingAdmissionPolicyBinding/requested-by.harmonix.io",
        "NetworkPolicy/harmonix",
        "NetworkPolicy/harmonix-installation-key",
        "PodDisruptionBudget/harmonix",
        "Role/harmonix",
        "Role/harmonix-installation-key",
        "RoleBinding/harmonix",
        "RoleBinding/harmonix-installation-key",
        "Service/harmonix-metrics",
        "ServiceAccount/harmonix",
        "ServiceAccount/harmonix-installation-key",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(helm.rendered(&[]).names(), usual);
    for (settings, absent, more) in [
        (&["crds.install=false"][..], &["CustomResourceDefinition/"][..], &[][..]),
        (&["admission.requestedBy=false"], &["MutatingAdmission"], &[]),
        (&["networkPolicy.enabled=false"], &["NetworkPolicy/"], &[]),
        (&["replicas=1"], &["PodDisruptionBudget/"], &[]),
        (&["podDisruptionBudget.enabled=false"], &["PodDisruptionBudget/"], &[]),
        (&["metrics.service.enabled=false"], &["Service/"], &[]),
        (
            &["rbac.userRoles=false"],
            &["ClusterRole/harmonix-view", "ClusterRole/harmonix-edit", "ClusterRole/harmonix-admin", "ClusterRole/harmonix-approve"],
            &[],
        ),
        (
            &["installationKey.existingSecret=mine"],
            &["Job/", "Role/harmonix-installation-key", "RoleBinding/harmonix-installation-key", "ServiceAccount/harmonix-installation-key", "NetworkPolicy/harmonix-installation-key"],
            &[],
        ),
        (
            &["installationKey.existingSecret=mine", "rbac.create=false"],
            &["Job/", "Role/", "RoleBinding/", "ServiceAccount/harmonix-installation-key", "NetworkPolicy/harmonix-installation-key", "ClusterRoleBinding/", "ClusterRole/harmonix"],
            &["ClusterRole/harmonix-admin", "ClusterRole/harmonix-approve", "ClusterRole/harmonix-edit", "ClusterRole/harmonix-view"],
        ),
        (&["serviceAccount.create=false", "serviceAccount.name=mine"], &["ServiceAccount/harmonix"], &["ServiceAccount/harmonix-installation-key"]),
        (&["gitlab.ca.pem=-----BEGIN CERTIFICATE-----"], &[], &["ConfigMap/harmonix-gitlab-ca"]),
        (
            &EVERYTHING,
            &[],
            &["ConfigMap/harmonix-gitlab-ca", "ConfigMap/harmonix-dashboard", "PrometheusRule/harmonix", "ServiceMonitor/harmonix"],
        ),
    ] {
        let more: BTreeSet<String> = more.iter().map(|&name| name.to_owned()).collect();
        let stays = |name: &&String| !absent.iter().any(|begin| name.starts_with(begin));
        let wanted: BTreeSet<String> = usual.iter().filter(stays).cloned().chain(more).collect();
        assert_eq!(helm.rendered(&set(settings)).names(), wanted, "{settings:?}");
    }
}

#[test]
fn values_become_what_the_controller_is_told() {
    let helm = Helm::offline();
    for (settings, told) in [
        (&["gitlab.url=https://gitlab.example.com:8443/git"][..], &["--gitlab-url=https://gitlab.example.com:8443/git"][..]),
        (&["gitlab.token.key=t"], &["--gitlab-token-file=/etc/harmonix/gitlab/t"]),
        (
            &["gitlab.token.existingSecret=", "gitlab.token.file=/run/t", "extraVolumes[0].name=t", "extraVolumeMounts[0].name=t", "extraVolumeMounts[0].mountPath=/run"],
            &["--gitlab-token-file=/run/t"],
        ),
        (&["gitlab.ca.existingSecret=ca"], &["--gitlab-ca-file=/etc/harmonix/gitlab-ca/ca.crt"]),
        (&["gitlab.ca.existingConfigMap=ca", "gitlab.ca.key=x.pem"], &["--gitlab-ca-file=/etc/harmonix/gitlab-ca/x.pem"]),
        (&["gitlab.applicationsGroup=a/b", "gitlab.providersGroup=c"], &["--gitlab-applications-group=a/b", "--gitlab-providers-group=c"]),
        (&["gitlab.oidc.issuer=https://i", "gitlab.oidc.audience=sts"], &["--gitlab-oidc-issuer=https://i", "--gitlab-oidc-audience=sts"]),
        (&["gitlab.timeout=5s"], &["--gitlab-timeout=5s"]),
        (&["installationKey.existingSecret=k", "installationKey.key=x"], &["--installation-key-file=/etc/harmonix/installation/x"]),
        (&["aws.region=us-gov-west-1", "aws.roleArn=arn:aws-us-gov:iam::111111111111:role/a/b"], &["--aws-region=us-gov-west-1", "--controller-principal=arn:aws-us-gov:iam::111111111111:role/a/b"]),
        (&["jobs.runnerTags={a,b c}"], &["--runner-tags=a,b c"]),
        (&["jobs.variables.A=$(HOME) $$ x", "jobs.variables.B=x"], &["--job-variable=A=$(HOME) $$ x", "--job-variable=B=x"]),
        (&["controller.pollInterval=1s", "controller.concurrency=3"], &["--poll-interval=1s", "--concurrency=3"]),
        (&["replicas=1", "leaderElection.enabled=false"], &["--leader-election=false"]),
        (&["leaderElection.leaseDuration=30s"], &["--leader-election=true", "--lease-name=harmonix", "--lease-namespace=harmonix-system", "--lease-duration=30s"]),
        (&["listen.address=[::]", "listen.port=9000"], &["--listen=[::]:9000"]),
        (&["telemetry.otlpEndpoint=http://c:4318"], &["--otlp-endpoint=http://c:4318"]),
        (&["log.format=text", r"log.level=info\,harmonix=debug"], &["--log-format=text", "--log-level=info,harmonix=debug"]),
        (&["admission.requestedBy=false"], &["--requested-by-stamped=false"]),
        (&[], &["run", "--requested-by-stamped=true", "--log-format=json"]),
    ] {
        let arguments = helm.rendered(&set(settings)).arguments();
        for &argument in told {
            assert!(arguments.iter().any(|given| given == argument), "{argument} is not in {arguments:?}");
        }
        let options: Vec<&str> = arguments.iter().filter_map(|argument| argument.split('=').next()).collect();
        let once: BTreeSet<&str> = options.iter().copied().filter(|&option| option != "--job-variable").collect();
        let variables = options.iter().filter(|&&option| option == "--job-variable").count();
        assert_eq!(options.len() - variables, once.len(), "{arguments:?}");
    }
}

#[test]
fn an_older_cluster_gets_no_policy_and_its_stamps_are_not_believed() {
    let helm = Helm::offline();
    let kind = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy";
    for (arguments, stamped) in [
        (&["--kube-version", "1.33"][..], false),
        (&["--kube-version", "1.35.4"], false),
        (&["--kube-version", "v1.35.4-eks-1234567"], false),
        (&["--kube-version", "1.36"], true),
        (&["--kube-version", "v1.36.0-eks-1234567"], true),
        // A cluster that has the kind, whatever it calls itself.
        (&["--kube-version", "1.35.0", "--api-versions", kind], true),
    ] {
        let rendered = helm.rendered(arguments);
        let policy = rendered.find("MutatingAdmissionPolicy", "requested-by.harmonix.io");
        assert_eq!(policy.is_some(), stamped, "{arguments:?}");
        let told = format!("--requested-by-stamped={stamped}");
        assert!(rendered.arguments().contains(&told), "{arguments:?}");
    }
    let told = helm.template(&["--kube-version", "1.32.0"]).unwrap_err();
    assert!(told.contains("incompatible with Kubernetes v1.32.0"), "{told}");
}

#[test]
fn the_definitions_are_those_of_the_binary_and_stay_when_the_release_goes() {
    let rendered = Helm::offline().rendered(&[]);
    let keep = json!({ "helm.sh/resource-policy": "keep" });
    let mut wanted = Vec::new();
    for entry in std::fs::read_dir(root().join("crds")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut definition = documents(&text).remove(0);
        definition["metadata"]["annotations"] = keep.clone();
        let name = definition["metadata"]["name"].as_str().unwrap().to_owned();
        assert_eq!(rendered.get("CustomResourceDefinition", &name), &definition);
        wanted.push(name);
    }
    assert_eq!(wanted.len(), 3);
}

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
    for (probe, path) in [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
        assert_eq!(container[probe]["httpGet"], json!({ "path": path, "port": "http" }));
    }
    assert_eq!(container["ports"], json!([{ "name": "http", "containerPort": 8080, "protocol": "TCP" }]));
    let resources = &container["resources"];
    assert!(!resources["requests"]["memory"].is_null() && !resources["limits"]["memory"].is_null());
    assert_eq!(rendered.get("Deployment", RELEASE)["spec"]["replicas"], 2);
    let spread = pod["topologySpreadConstraints"].as_array().unwrap();
    let keys: Vec<&Value> = spread.iter().map(|constraint| &constraint["topologyKey"]).collect();
    assert_eq!(keys, ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]);
    // A file that is mounted by itself never sees its Secret change.
    let mounts = container["volumeMounts"].as_array().unwrap();
    assert!(mounts.iter().all(|mount| mount.get("subPath").is_none() && mount["readOnly"] == true));
    let chosen = Helm::offline().rendered(&["--set", "pod.runAsUser=null"]);
    assert_eq!(
        chosen.pod()["spec"]["securityContext"],
        json!({ "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } })
    );
}

#[test]
fn what_selects_the_pods_selects_them_and_nothing_else() {
    let rendered = Helm::offline().rendered(&["--set", "commonLabels.team=platform", "--set", "metrics.serviceMonitor.enabled=true"]);
    let pod = &rendered.pod()["metadata"]["labels"];
    let job = &rendered.get("Job", "harmonix-installation-key")["spec"]["template"]["metadata"]["labels"];
    let service = &rendered.get("Service", "harmonix-metrics")["metadata"]["labels"];
    let takes = |selector: &Value, labels: &Value| {
        let selector = selector.as_object().unwrap();
        assert!(!selector.is_empty());
        selector.iter().all(|(name, value)| &labels[name] == value)
    };
    let spread = rendered.pod()["spec"]["topologySpreadConstraints"].as_array().unwrap();
    let mut selectors = vec![
        &rendered.get("Deployment", RELEASE)["spec"]["selector"]["matchLabels"],
        &rendered.get("PodDisruptionBudget", RELEASE)["spec"]["selector"]["matchLabels"],
        &rendered.get("NetworkPolicy", RELEASE)["spec"]["podSelector"]["matchLabels"],
        &rendered.get("Service", "harmonix-metrics")["spec"]["selector"],
    ];
    selectors.extend(spread.iter().map(|constraint| &constraint["labelSelector"]["matchLabels"]));
    for selector in selectors {
        assert!(takes(selector, pod) && !takes(selector, job), "{selector}");
    }
    let own = &rendered.get("NetworkPolicy", "harmonix-installation-key")["spec"]["podSelector"]["matchLabels"];
    assert!(takes(own, job) && !takes(own, pod));
    let monitor = &rendered.get("ServiceMonitor", RELEASE)["spec"]["selector"]["matchLabels"];
    assert!(takes(monitor, service));
    for object in &rendered.0 {
        let named = ["CustomResourceDefinition", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"];
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
        assert_eq!(account["metadata"].get("annotations").unwrap_or(&Value::Null), &annotations);
        let variables = rendered.container()["env"].as_array().unwrap();
        // The node's own role is never a way.
        assert!(variables.contains(&json!({ "name": "AWS_EC2_METADATA_DISABLED", "value": "true" })));
    }
}

#[test]
fn a_proxy_is_not_asked_for_what_is_near() {
    let helm = Helm::offline();
    let near = |rendered: &Rendered| {
        let variables = rendered.container()["env"].as_array().unwrap().clone();
        variables.into_iter().find(|variable| variable["name"] == "NO_PROXY")
    };
    assert_eq!(near(&helm.rendered(&[])), None);
    let rendered = helm.rendered(&set(&["proxy.https=http://proxy:3128", "proxy.noProxy={.example.com,10.0.0.0/8}"]));
    let value = near(&rendered).unwrap()["value"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = value.split(',').collect();
    for wanted in ["169.254.170.23", "$(KUBERNETES_SERVICE_HOST)", ".svc", ".example.com", "10.0.0.0/8"] {
        assert!(parts.contains(&wanted), "{value}");
    }
}

#[test]
fn the_key_is_made_before_the_first_install_by_an_account_of_its_own() {
    let rendered = Helm::offline().rendered(&[]);
    let name = "harmonix-installation-key";
    let mut weights = Vec::new();
    for kind in ["ServiceAccount", "Role", "RoleBinding", "NetworkPolicy", "Job"] {
        let annotations = &rendered.get(kind, name)["metadata"]["annotations"];
        assert_eq!(annotations["helm.sh/hook"], "pre-install", "{kind}");
        assert_eq!(annotations["helm.sh/hook-delete-policy"], "before-hook-creation,hook-succeeded", "{kind}");
        weights.push(annotations["helm.sh/hook-weight"].as_str().unwrap().parse::<i32>().unwrap());
    }
    assert!(weights.is_sorted(), "{weights:?}");
    let job = &rendered.get("Job", name)["spec"]["template"]["spec"];
    assert_eq!(job["serviceAccountName"], name);
    assert_eq!(
        job["containers"][0]["args"],
        json!(["key", "ensure", format!("--namespace={NAMESPACE}"), format!("--secret={name}"), "--key=installation.key"])
    );
    assert_eq!(job["containers"][0]["image"], rendered.container()["image"]);
    for context in ["/securityContext", "/containers/0/securityContext"] {
        assert_eq!(job.pointer(context), rendered.pod()["spec"].pointer(context));
    }
    // It is the only one with any right on a Secret.
    for object in &rendered.0 {
        let rules = object["rules"].as_array().into_iter().flatten();
        let secrets = rules.filter(|rule| rule["resources"].as_array().is_some_and(|names| names.contains(&json!("secrets"))));
        assert!(secrets.count() == 0 || object["metadata"]["name"] == name, "{object}");
    }
}

#[test]
fn the_image_is_named_by_tag_or_by_digest() {
    let helm = Helm::offline();
    let digest = format!("sha256:{}", "a".repeat(64));
    let by_digest = format!("image.digest={digest}");
    for (settings, image) in [
        (&[] as &[&str], format!("registry.example.com/harmonix:{}", env!("CARGO_PKG_VERSION"))),
        (&["image.tag=edge"], "registry.example.com/harmonix:edge".to_owned()),
        (&[by_digest.as_str()], format!("registry.example.com/harmonix@{digest}")),
    ] {
        assert_eq!(helm.rendered(&set(settings)).container()["image"], image);
    }
}

#[test]
fn alerts_and_dashboard_are_those_of_their_files() {
    let rendered = Helm::offline().rendered(&set(&EVERYTHING));
    let file = |path: &str| std::fs::read_to_string(chart().join(path)).unwrap();
    let rules = &rendered.get("PrometheusRule", RELEASE)["spec"];
    assert_eq!(rules, &documents(&file("alerts/harmonix.yaml"))[0]);
    let dashboard = &rendered.get("ConfigMap", "harmonix-dashboard")["data"]["harmonix.json"];
    let dashboard: Value = serde_json::from_str(dashboard.as_str().unwrap()).unwrap();
    assert_eq!(dashboard, serde_json::from_str::<Value>(&file("dashboards/harmonix.json")).unwrap());
}
