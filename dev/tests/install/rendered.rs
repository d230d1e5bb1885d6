//! What the chart makes of values, without a cluster.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::helm::{Helm, RELEASE, chart, documents, root, set, text};

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
        (
            &["crds.install=false"][..],
            &["CustomResourceDefinition/"][..],
            &[][..],
        ),
        (
            &["admission.requestedBy=false"],
            &["MutatingAdmission"],
            &[],
        ),
        (&["networkPolicy.enabled=false"], &["NetworkPolicy/"], &[]),
        (&["replicas=1"], &["PodDisruptionBudget/"], &[]),
        (
            &["podDisruptionBudget.enabled=false"],
            &["PodDisruptionBudget/"],
            &[],
        ),
        (&["metrics.service.enabled=false"], &["Service/"], &[]),
        (
            &["rbac.userRoles=false"],
            &[
                "ClusterRole/harmonix-view",
                "ClusterRole/harmonix-edit",
                "ClusterRole/harmonix-admin",
                "ClusterRole/harmonix-approve",
            ],
            &[],
        ),
        (
            &["installationKey.existingSecret=mine"],
            &[
                "Job/",
                "Role/harmonix-installation-key",
                "RoleBinding/harmonix-installation-key",
                "ServiceAccount/harmonix-installation-key",
                "NetworkPolicy/harmonix-installation-key",
            ],
            &[],
        ),
        (
            &["installationKey.existingSecret=mine", "rbac.create=false"],
            &[
                "Job/",
                "Role/",
                "RoleBinding/",
                "ServiceAccount/harmonix-installation-key",
                "NetworkPolicy/harmonix-installation-key",
                "ClusterRoleBinding/",
                "ClusterRole/harmonix",
            ],
            &[
                "ClusterRole/harmonix-admin",
                "ClusterRole/harmonix-approve",
                "ClusterRole/harmonix-edit",
                "ClusterRole/harmonix-view",
            ],
        ),
        (
            &["serviceAccount.create=false", "serviceAccount.name=mine"],
            &["ServiceAccount/harmonix"],
            &["ServiceAccount/harmonix-installation-key"],
        ),
        (
            &["gitlab.ca.pem=-----BEGIN CERTIFICATE-----"],
            &[],
            &["ConfigMap/harmonix-gitlab-ca"],
        ),
        (
            &EVERYTHING,
            &[],
            &[
                "ConfigMap/harmonix-gitlab-ca",
                "ConfigMap/harmonix-dashboard",
                "PrometheusRule/harmonix",
                "ServiceMonitor/harmonix",
            ],
        ),
    ] {
        let more: BTreeSet<String> = more.iter().map(|&name| name.to_owned()).collect();
        let stays = |name: &&String| !absent.iter().any(|begin| name.starts_with(begin));
        let wanted: BTreeSet<String> = usual.iter().filter(stays).cloned().chain(more).collect();
        assert_eq!(
            helm.rendered(&set(settings)).names(),
            wanted,
            "{settings:?}"
        );
    }
}

#[test]
fn values_become_what_the_controller_is_told() {
    let helm = Helm::offline();
    for (settings, told) in [
        (
            &["gitlab.url=https://gitlab.example.com:8443/git"][..],
            &["--gitlab-url=https://gitlab.example.com:8443/git"][..],
        ),
        (
            &["gitlab.token.key=t"],
            &["--gitlab-token-file=/etc/harmonix/gitlab/t"],
        ),
        (
            &[
                "gitlab.token.existingSecret=",
                "gitlab.token.file=/run/t",
                "extraVolumes[0].name=t",
                "extraVolumeMounts[0].name=t",
                "extraVolumeMounts[0].mountPath=/run",
            ],
            &["--gitlab-token-file=/run/t"],
        ),
        (
            &["gitlab.ca.existingSecret=ca"],
            &["--gitlab-ca-file=/etc/harmonix/gitlab-ca/ca.crt"],
        ),
        (
            &["gitlab.ca.existingConfigMap=ca", "gitlab.ca.key=x.pem"],
            &["--gitlab-ca-file=/etc/harmonix/gitlab-ca/x.pem"],
        ),
        (
            &["gitlab.applicationsGroup=a/b", "gitlab.providersGroup=c"],
            &[
                "--gitlab-applications-group=a/b",
                "--gitlab-providers-group=c",
            ],
        ),
        (
            &["gitlab.oidc.issuer=https://i", "gitlab.oidc.audience=sts"],
            &[
                "--gitlab-oidc-issuer=https://i",
                "--gitlab-oidc-audience=sts",
            ],
        ),
        (&["gitlab.timeout=5s"], &["--gitlab-timeout=5s"]),
        (
            &["installationKey.existingSecret=k", "installationKey.key=x"],
            &["--installation-key-file=/etc/harmonix/installation/x"],
        ),
        (
            &[
                "aws.region=us-gov-west-1",
                "aws.roleArn=arn:aws-us-gov:iam::111111111111:role/a/b",
            ],
            &[
                "--aws-region=us-gov-west-1",
                "--controller-principal=arn:aws-us-gov:iam::111111111111:role/a/b",
            ],
        ),
        (&["jobs.runnerTags={a,b c}"], &["--runner-tags=a,b c"]),
        (
            &["jobs.variables.A=$(HOME) $$ x", "jobs.variables.B=x"],
            &["--job-variable=A=$(HOME) $$ x", "--job-variable=B=x"],
        ),
        (
            &["controller.pollInterval=1s", "controller.concurrency=3"],
            &["--poll-interval=1s", "--concurrency=3"],
        ),
        (
            &["replicas=1", "leaderElection.enabled=false"],
            &["--leader-election=false"],
        ),
        (
            &["leaderElection.leaseDuration=30s"],
            &[
                "--leader-election=true",
                "--lease-name=harmonix",
                "--lease-namespace=harmonix-system",
                "--lease-duration=30s",
            ],
        ),
        (
            &["listen.address=[::]", "listen.port=9000"],
            &["--listen=[::]:9000"],
        ),
        (
            &["telemetry.otlpEndpoint=http://c:4318"],
            &["--otlp-endpoint=http://c:4318"],
        ),
        (
            &["log.format=text", r"log.level=info\,harmonix=debug"],
            &["--log-format=text", "--log-level=info,harmonix=debug"],
        ),
        (
            &["admission.requestedBy=false"],
            &["--requested-by-stamped=false"],
        ),
        (
            &[],
            &["run", "--requested-by-stamped=true", "--log-format=json"],
        ),
    ] {
        let arguments = helm.rendered(&set(settings)).arguments();
        for &argument in told {
            assert!(
                arguments.iter().any(|given| given == argument),
                "{argument} is not in {arguments:?}"
            );
        }
        let options: Vec<&str> = arguments
            .iter()
            .filter_map(|argument| argument.split('=').next())
            .collect();
        let once: BTreeSet<&str> = options
            .iter()
            .copied()
            .filter(|&option| option != "--job-variable")
            .collect();
        let variables = options
            .iter()
            .filter(|&&option| option == "--job-variable")
            .count();
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
    assert!(
        told.contains("incompatible with Kubernetes v1.32.0"),
        "{told}"
    );
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
fn alerts_and_dashboard_are_those_of_their_files() {
    let rendered = Helm::offline().rendered(&set(&EVERYTHING));
    let file = |path: &str| std::fs::read_to_string(chart().join(path)).unwrap();
    let rules = &rendered.get("PrometheusRule", RELEASE)["spec"];
    assert_eq!(rules, &documents(&file("alerts/harmonix.yaml"))[0]);
    let dashboard = &rendered.get("ConfigMap", "harmonix-dashboard")["data"]["harmonix.json"];
    let dashboard: Value = serde_json::from_str(dashboard.as_str().unwrap()).unwrap();
    assert_eq!(
        dashboard,
        serde_json::from_str::<Value>(&file("dashboards/harmonix.json")).unwrap()
    );
}
