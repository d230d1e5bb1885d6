//! The life of a release: installed, upgraded with work under way, rolled back, taken away and installed again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use harmonix_dev::manifest::{application, namespace, platform};
use harmonix_dev::world::Controller;
use harmonix_dev::world::controller::{Start, binary};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::cluster::{Cluster, Prepared, Turn};
use super::forge::Forge;
use super::helm::{NAMESPACE, RELEASE, chart, text};
use super::trail::Trail;

/// The chart before this one: the same, save what an upgrade is to bring. Until there is an older one this is made here.
fn previous(folder: &Path) -> PathBuf {
    let place = folder.join("previous");
    copy(&chart(), &place);
    std::fs::remove_file(place.join("templates/poddisruptionbudget.yaml")).unwrap();
    let edit = |path: &str, from: &str, to: &str| {
        let path = place.join(path);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{}", path.display());
        std::fs::write(path, text.replace(from, to)).unwrap();
    };
    edit("Chart.yaml", "\nversion: ", "\nversion: 0.0.1-before.");
    edit("files/crds/applications.harmonix.io.yaml", "    shortNames:\n    - hxapp\n", "");
    place
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Starts the controller's binary as the release's Deployment says: its account, its arguments, its files.
fn start(cluster: &Cluster, name: &str, folder: &TempDir) -> Controller {
    let deployment = cluster.get("deployment", &format!("{NAMESPACE}/{RELEASE}"));
    let pod = &deployment["spec"]["template"]["spec"];
    let root = folder.path().join(name);
    let mounts = cluster.mount(pod, &root);
    let given = pod["containers"][0]["args"].as_array().unwrap();
    let mut start = Start::of(std::env::var_os(binary::VARIABLE).expect("run the tests with `cargo dev test install`"));
    start.name = format!("controller-{name}");
    assert_eq!(given[0], "run");
    for argument in &given[1..] {
        let mut argument = argument.as_str().unwrap().replace("$$", "$");
        for (inside, place) in &mounts {
            argument = argument.replace(&format!("={inside}/"), &format!("={}/", place.display()));
        }
        if argument.starts_with("--listen=") {
            "--listen=127.0.0.1:0".clone_into(&mut argument);
        }
        start.arguments.push(argument);
    }
    // The world adds what is not said here: nothing.
    let all = cluster.world.controller_arguments(&start.arguments);
    assert_eq!(all[1..], start.arguments);
    let account = pod["serviceAccountName"].as_str().unwrap();
    let kubeconfig = cluster.kubeconfig_of(&format!("{NAMESPACE}/{account}"), folder);
    start.environment.insert("KUBECONFIG".into(), text(&kubeconfig));
    start.environment.insert("HOSTNAME".into(), format!("harmonix-{name}"));
    start.environment.insert("NO_COLOR".into(), "1".into());
    cluster.world.start_controller(start).unwrap()
}

fn is_settled(object: &Value) -> bool {
    let condition = |name: &str| {
        let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().find(|condition| condition["type"] == name).map(|condition| condition["status"] == "True")
    };
    object["status"]["observedGeneration"] == object["metadata"]["generation"]
        && condition("Ready") == Some(true)
        && condition("Reconciling").is_none()
}

fn is_deploying(object: &Value) -> bool {
    object["status"]["observedGeneration"] == object["metadata"]["generation"]
        && !object["status"]["rollouts"][0]["pipeline"]["id"].is_null()
}

struct Life {
    turn: Turn,
    prepared: Prepared,
    forge: Forge,
    trail: Trail,
}

const APPLICATION: &str = "life/cart";
const PROJECT: &str = "aws-apps/life/cart";

impl Life {
    fn helm(&self, arguments: &[&str]) -> String {
        let told = self.turn.helm.run(&[arguments, &["--namespace", NAMESPACE]].concat());
        told.unwrap_or_else(|told| panic!("{arguments:?}: {told}"))
    }

    fn install(&self, chart: &Path) -> String {
        self.helm(&["install", RELEASE, &text(chart), "--values", &self.prepared.path])
    }

    fn uids(&self) -> Vec<Value> {
        let cluster = self.turn.cluster;
        [
            ("customresourcedefinition", "applications.harmonix.io"),
            ("environmentprovider", "dev-eu"),
            ("environment", "prod"),
            ("application", APPLICATION),
            ("secret", "harmonix-system/key"),
            ("secret", "harmonix-system/gitlab"),
        ]
        .map(|(kind, name)| cluster.get(kind, name)["metadata"]["uid"].clone())
        .to_vec()
    }

    async fn settled(&self) -> Value {
        self.turn.cluster.wait_until("application", APPLICATION, "ready", is_settled).await
    }

    /// Lets the next one stand by before the one that works goes, as the Deployment does it.
    async fn hand_over(&self, before: &mut Controller, name: &str) -> Controller {
        let next = start(self.turn.cluster, name, &self.prepared.folder);
        before.stop(Duration::from_secs(25)).await.unwrap();
        next
    }
}

#[tokio::test]
async fn a_release_comes_and_goes_and_what_it_looks_after_stays() {
    let turn = Turn::take().await;
    let cluster = turn.cluster;
    let life = Life {
        prepared: cluster.prepare(),
        forge: Forge::of(&cluster.world),
        trail: Trail::of(&cluster.world),
        turn,
    };
    let before = previous(life.prepared.folder.path());

    let notes = life.install(&before);
    assert!(notes.contains("kubectl --namespace harmonix-system get pods"), "{notes}");
    let mut controller = start(cluster, "first", &life.prepared.folder);
    for object in platform().iter().chain([&namespace("life")]) {
        cluster.apply_soon(object).await;
    }
    let cart = application("life", "cart", &["dev", "prod"]);
    cluster.apply_soon(&cart).await;
    life.settled().await;
    assert!(cluster.kubectl(&["get", "hxapp"]).is_err());
    let uids = life.uids();

    // With a deployment under way, which no runner takes until the next controller works.
    life.forge.runner(PROJECT, false).await;
    let mark = life.trail.mark();
    let mut more = cart.clone();
    more["spec"]["environments"][0]["replicas"] = json!(2);
    cluster.apply_soon(&more).await;
    cluster.wait_until("application", APPLICATION, "deploying", is_deploying).await;
    life.helm(&["upgrade", RELEASE, &text(&chart()), "--values", &life.prepared.path]);
    let mut controller = life.hand_over(&mut controller, "second").await;
    life.forge.runner(PROJECT, true).await;
    life.settled().await;
    assert_eq!(life.trail.gitlab_writes(mark, PROJECT), ["commits.create", "pipelines.create"]);
    assert!(cluster.find("poddisruptionbudget", "harmonix-system/harmonix").is_some());
    assert!(cluster.kubectl(&["get", "hxapp", "--all-namespaces"]).is_ok(), "the definitions are upgraded too");
    assert_eq!(life.uids(), uids);

    let mark = life.trail.mark();
    life.helm(&["rollback", RELEASE, "1"]);
    let mut controller = life.hand_over(&mut controller, "third").await;
    assert!(cluster.find("poddisruptionbudget", "harmonix-system/harmonix").is_none());
    assert_eq!(life.uids(), uids);

    controller.stop(Duration::from_secs(25)).await.unwrap();
    life.helm(&["uninstall", RELEASE]);
    for (kind, name) in [
        ("deployment", "harmonix-system/harmonix"),
        ("serviceaccount", "harmonix-system/harmonix"),
        ("clusterrole", "harmonix"),
        ("mutatingadmissionpolicy", "requested-by.harmonix.io"),
    ] {
        assert!(cluster.find(kind, name).is_none(), "{kind} {name}");
    }
    assert_eq!(life.uids(), uids, "what was declared, the definitions and the key stay");
    assert!(life.forge.project(PROJECT).await.is_some());

    life.install(&chart());
    let mut controller = start(cluster, "fourth", &life.prepared.folder);
    life.settled().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(life.uids(), uids);
    assert_eq!(life.trail.gitlab_writes(mark, ""), [""; 0], "everything is found again");
    controller.stop(Duration::from_secs(25)).await.unwrap();
}

#[tokio::test]
async fn definitions_that_were_applied_by_hand_are_taken_over_on_request() {
    let turn = Turn::take().await;
    let prepared = turn.cluster.prepare();
    let definitions = text(&super::helm::root().join("crds"));
    turn.cluster.kubectl(&["apply", "--server-side", "--filename", &definitions]).unwrap();
    let chart = text(&chart());
    let install = ["install", RELEASE, &chart, "--values", &prepared.path, "--namespace", NAMESPACE];
    let told = turn.helm.run(&install).unwrap_err();
    assert!(told.contains("exists and cannot be imported into the current release"), "{told}");
    turn.helm.run(&[&install[..], &["--take-ownership"]].concat()).unwrap();
}
