//! The story, from nothing to an upgrade with work in flight.

use std::time::{Duration, Instant, SystemTime};

use harmonix_dev::chaos::hosts::Hosts;
use harmonix_dev::image::layout::Layout;
use harmonix_dev::journal::{self, Entry};
use harmonix_dev::manifest;
use harmonix_dev::node::{AWS, GITLAB, Node};
use harmonix_dev::world::account::{CONTROLLER_PRINCIPAL, REGION};
use harmonix_dev::world::gitlab::ISSUER;
use harmonix_dev::world::name::checkout;
use harmonix_dev::world::secret;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::cluster::{Cluster, NAMESPACE, Process, RELEASE, until};
use super::effect::{doubled, effects};
use super::figure::judge;
use super::handover::{Ends, handovers};
use super::say;

const REPOSITORY: &str = "registry.internal/harmonix";
const TOKEN_SECRET: &str = "gitlab-token";
/// How long the pods may need for what they have to do outside.
const WORK: Duration = Duration::from_secs(180);
/// The figures that are promised.
const INSTALLED_WITHIN: Duration = Duration::from_secs(15);
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(3);
const TOKEN_WITHIN: Duration = Duration::from_secs(5);
const RESIDENT: u64 = 20 * 1024 * 1024;

pub async fn tell(node: &Node, image: &Layout) {
    let cluster = Cluster::of(node).await;
    prepare(&cluster, image).await;
    install(&cluster).await;
    first_light(&cluster).await;
    memory(&cluster).await;
    token(&cluster).await;
    upgrade(&cluster).await;
    end(&cluster).await;
}

/// A cluster in which nothing of ours is: the world's own account, definitions and policy go, the image is on the node, and
/// the namespace enforces what it may.
async fn prepare(cluster: &Cluster<'_>, image: &Layout) {
    let world = &cluster.node.world;
    let path = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    for file in [
        world.layout.path("kubernetes/rbac.yaml"),
        world.layout.path("kubernetes/account.yaml"),
        checkout().join("crds"),
        checkout().join("examples/admission"),
    ] {
        cluster
            .kubectl(&["delete", "--filename", &path(file)])
            .await;
    }
    for tag in ["one", "two"] {
        let archive = world.layout.path(&format!("image-{tag}.tar"));
        image
            .archive(&format!("{REPOSITORY}:{tag}"), &archive)
            .await
            .unwrap();
        cluster.node.import(&archive).await.unwrap();
    }
    cluster.kubectl(&["create", "namespace", NAMESPACE]).await;
    let enforced = "pod-security.kubernetes.io/enforce=restricted";
    cluster
        .kubectl(&["label", "namespace", NAMESPACE, enforced])
        .await;
    cluster
        .write_secret(TOKEN_SECRET, "token", &world.tokens.gitlab_controller)
        .await;
}

async fn install(cluster: &Cluster<'_>) {
    let world = &cluster.node.world;
    let file = world.layout.path("values.json");
    world
        .layout
        .write(&file, values(cluster).to_string())
        .unwrap();
    let (chart, file) = (
        checkout().join("charts/harmonix"),
        file.to_string_lossy().into_owned(),
    );
    let chart = chart.to_string_lossy().into_owned();

    let since = Instant::now();
    cluster
        .helm(&[
            "install",
            RELEASE,
            &chart,
            "--namespace",
            NAMESPACE,
            "--values",
            &file,
            "--wait",
        ])
        .await;
    let took = since.elapsed();

    let pods = cluster.controllers().await;
    assert_eq!(pods.len(), 2);
    assert!(pods.iter().all(is_ready), "{pods:#?}");
    let key = cluster
        .secret("harmonix-installation-key", "installation.key")
        .await;
    let key = key.expect("the Job made no installation key");
    assert!(key.len() >= 32, "{} bytes", key.len());
    let line = format!(
        "install     {:.1} s from `helm install` to two pods Ready, with the Job that makes the key (under {} s)",
        took.as_secs_f32(),
        INSTALLED_WITHIN.as_secs()
    );
    judge(&line, &took, &INSTALLED_WITHIN, &(2 * INSTALLED_WITHIN));
}

fn values(cluster: &Cluster<'_>) -> Value {
    let world = &cluster.node.world;
    let key = &world.identities.controller.key;
    let variable = |name: &str, value: &str| json!({ "name": name, "value": value });
    json!({
        "image": { "repository": REPOSITORY, "tag": "one" },
        "gitlab": {
            "url": format!("http://{GITLAB}:{}", world.ports.gitlab),
            "token": { "existingSecret": TOKEN_SECRET },
            "oidc": { "issuer": ISSUER },
        },
        "aws": { "roleArn": CONTROLLER_PRINCIPAL, "identity": "None", "region": REGION },
        "jobs": {
            "terraformImage": world.node_image, "buildImage": world.node_image, "nodeImage": world.node_image,
        },
        "controller": { "pollInterval": "1s" },
        "log": { "format": "text" },
        "extraEnv": [
            variable("AWS_ENDPOINT_URL", &format!("http://{AWS}:{}", world.ports.aws)),
            variable("AWS_ACCESS_KEY_ID", &key.id),
            variable("AWS_SECRET_ACCESS_KEY", &key.secret),
        ],
    })
}

fn is_ready(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_deref());
    let ready = |condition: &k8s_openapi::api::core::v1::PodCondition| {
        condition.type_ == "Ready" && condition.status == "True"
    };
    conditions.unwrap_or_default().iter().any(ready)
}

/// The example, as people apply it; the pod brings all of it to Ready.
async fn first_light(cluster: &Cluster<'_>) {
    let example = checkout().join("examples/first-light");
    let since = Instant::now();
    let apply = ["apply", "--filename", &example.to_string_lossy()];
    // A kind that was just defined is served a moment later.
    until(
        "the kinds are served",
        Duration::from_secs(60),
        async || cluster.attempt(&apply).await.ok(),
    )
    .await;
    all_ready(cluster).await;
    say(&format!(
        "first-light Ready after {:.1} s, by the pod",
        since.elapsed().as_secs_f32()
    ));
    let effects = effects(&cluster.node.world);
    assert!(effects.len() > 10, "{effects:#?}");
}

async fn all_ready(cluster: &Cluster<'_>) {
    let wait = format!("--timeout={}s", WORK.as_secs());
    let kinds =
        "environmentproviders.harmonix.io,environments.harmonix.io,applications.harmonix.io";
    cluster
        .kubectl(&[
            "wait",
            kinds,
            "--all",
            "--all-namespaces",
            "--for=condition=Ready",
            &wait,
        ])
        .await;
}

async fn memory(cluster: &Cluster<'_>) {
    // What was needed for the work is given back.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let leader = cluster.leader().await;
    let mut shown = Vec::new();
    let mut most = 0;
    for pod in cluster.controllers().await {
        let process = Process::of(&pod).unwrap();
        let resident = process.resident();
        let role = if pod.metadata.name == leader.metadata.name {
            "leader"
        } else {
            "standby"
        };
        shown.push(format!(
            "{role} {:.1} MiB (of no file {:.1})",
            mebibytes(resident),
            mebibytes(process.anonymous())
        ));
        most = most.max(resident);
    }
    let line = format!(
        "memory      {} resident, idle with first-light (under 20 MiB)",
        shown.join(", ")
    );
    judge(&line, &most, &RESIDENT, &(RESIDENT + RESIDENT / 4));
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

/// GitLab's token is exchanged in its Secret under an edit; the pod uses the new one without a restart.
async fn token(cluster: &Cluster<'_>) {
    let world = &cluster.node.world;
    let leader = cluster.leader().await;
    let process = Process::of(&leader).unwrap();
    let token = format!("glpat-{}", secret::text(20));
    Hosts::of(world)
        .user(&json!({ "username": "harmonix", "token": token }))
        .await
        .unwrap();
    let edit =
        r#"{"spec":{"environments":[{"name":"dev","replicas":2},{"name":"prod","replicas":2}]}}"#;
    cluster
        .kubectl(&[
            "patch",
            "application",
            "cart",
            "--namespace",
            "shop",
            "--type=merge",
            "--patch",
            edit,
        ])
        .await;
    cluster.write_secret(TOKEN_SECRET, "token", &token).await;

    let folder = "/etc/harmonix/gitlab";
    let file = format!("{folder}/token");
    until(
        "kubelet brings the new token into the pod",
        Duration::from_secs(120),
        async || (process.read(&file)? == token).then_some(()),
    )
    .await;
    let exchanged = timestamp(process.exchanged(folder));
    // What is asked when is not the token's matter: with which one, is.
    let asked = || {
        let entries = journal::read(&world.layout.journal("gitlab")).unwrap();
        let since = |entry: &Entry| Duration::try_from(entry.time.duration_since(exchanged)).ok();
        let ours = entries.iter().filter(|entry| entry.label.is_some());
        ours.filter_map(|entry| Some((since(entry)?, entry.status)))
            .collect::<Vec<_>>()
    };
    let served = until(
        "GitLab is asked with the new token",
        Duration::from_secs(60),
        async || {
            let served = asked().into_iter().find(|(_, status)| *status < 300);
            served.map(|(after, _)| after)
        },
    )
    .await;
    all_ready(cluster).await;
    let refused = asked().into_iter().filter(|(_, status)| *status == 401);
    let last = refused.map(|(after, _)| after).max().unwrap_or_default();
    say(&format!(
        "token       first used {:.1} s after the file's change, the old one for {:.1} s more at most, without a restart (under {} s)",
        served.as_secs_f32(),
        last.as_secs_f32(),
        TOKEN_WITHIN.as_secs()
    ));
    assert!(last < TOKEN_WITHIN, "{last:?}");
    let same = Process::of(&cluster.leader().await).unwrap();
    assert_eq!(same.pid, process.pid);
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap()
}

/// Another image comes while an application is being made: one pod hands over to another, and nothing happens twice.
async fn upgrade(cluster: &Cluster<'_>) {
    let world = &cluster.node.world;
    let before: Vec<Option<String>> = names(&cluster.controllers().await);
    let ends = Ends::watch(cluster).await;
    let file = world.layout.path("late.json");
    let late = manifest::application("shop", "late", &["dev", "prod"]);
    world.layout.write(&file, late.to_string()).unwrap();
    let begin = Timestamp::now();
    cluster
        .kubectl(&["apply", "--filename", &file.to_string_lossy()])
        .await;
    until(
        "work on the new application has begun",
        Duration::from_secs(30),
        async || {
            let effects = effects(world);
            effects
                .keys()
                .any(|name| name.contains("late"))
                .then_some(())
        },
    )
    .await;
    let chart = checkout().join("charts/harmonix");
    let since = Instant::now();
    cluster
        .helm(&[
            "upgrade",
            RELEASE,
            &chart.to_string_lossy(),
            "--namespace",
            NAMESPACE,
            "--reuse-values",
            "--set",
            "image.tag=two",
            "--wait",
        ])
        .await;
    let took = since.elapsed();
    all_ready(cluster).await;
    until(
        "the pods of before are gone",
        Duration::from_secs(60),
        async || {
            let now = names(&cluster.controllers().await);
            now.iter().all(|name| !before.contains(name)).then_some(())
        },
    )
    .await;

    let handovers = handovers(&cluster.audited(), begin);
    let longest = handovers.iter().map(|(_, _, took)| *took).max();
    let longest = longest.expect("nobody took over");
    say(&format!(
        "upgrade     {:.1} s; {} handovers, at most {:.2} s without a leader (under {} s)",
        took.as_secs_f32(),
        handovers.len(),
        longest.as_secs_f32(),
        TAKEN_OVER_WITHIN.as_secs()
    ));
    assert!(longest < TAKEN_OVER_WITHIN, "{handovers:#?}");
    let doubled = doubled(&effects(world));
    assert!(doubled.is_empty(), "{doubled:#?}");
    say("effects     0 happened twice");
    let ended = ends.told();
    assert_eq!(ended.len(), before.len(), "{ended:?}");
    assert!(ended.values().all(|code| *code == 0), "{ended:?}");
    say("end         each pod of before ended with exit code 0 after SIGTERM");
}

fn names(pods: &[Pod]) -> Vec<Option<String>> {
    pods.iter().map(|pod| pod.metadata.name.clone()).collect()
}

/// What was made stays when the release goes, and so do the objects and the key.
async fn end(cluster: &Cluster<'_>) {
    let before = effects(&cluster.node.world);
    cluster
        .helm(&["uninstall", RELEASE, "--namespace", NAMESPACE, "--wait"])
        .await;
    // Helm waits for the Deployment, and a pod ends in order after it.
    until("the pods are gone", Duration::from_secs(60), async || {
        cluster.controllers().await.is_empty().then_some(())
    })
    .await;
    let objects = cluster
        .kubectl(&[
            "get",
            "applications.harmonix.io",
            "--all-namespaces",
            "--output=name",
        ])
        .await;
    assert_eq!(objects.lines().count(), 2, "{objects}");
    assert!(
        cluster
            .secret("harmonix-installation-key", "installation.key")
            .await
            .is_some()
    );
    assert_eq!(effects(&cluster.node.world), before);
}
