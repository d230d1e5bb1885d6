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
use super::trail::{NOTHING, Trail};

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
    edit(
        "files/crds/applications.harmonix.io.yaml",
        "    shortNames:\n    - hxapp\n",
        "",
    );
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
    let mut start = Start::of(
        std::env::var_os(binary::VARIABLE).expect("run the tests with `cargo dev test install`"),
    );
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
    start
        .environment
        .insert("KUBECONFIG".into(), text(&kubeconfig));
    start
        .environment
        .insert("HOSTNAME".into(), format!("harmonix-{name}"));
    start.environment.insert("NO_COLOR".into(), "1".into());
    cluster.world.start_controller(start).unwrap()
}

fn is_settled(object: &Value) -> bool {
    let condition = |name: &str| {
        let conditions = object["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten();
        conditions
            .into_iter()
            .find(|condition| condition["type"] == name)
            .map(|condition| condition["status"] == "True")
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
const BUDGET: (&str, &str) = ("poddisruptionbudget", "harmonix-system/harmonix");
/// The controller promises to end within 20 s.
const END: Duration = Duration::from_secs(25);

fn cart() -> Value {
    application("life", "cart", &["dev", "prod"])
}

impl Life {
    fn helm(&self, arguments: &[&str]) -> String {
        let told = self
            .turn
            .helm
            .run(&[arguments, &["--namespace", NAMESPACE]].concat());
        told.unwrap_or_else(|told| panic!("{arguments:?}: {told}"))
    }

    fn install(&self, chart: &Path) -> String {
        self.helm(&[
            "install",
            RELEASE,
            &text(chart),
            "--values",
            &self.prepared.path,
        ])
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
        self.turn
            .cluster
            .wait_until("application", APPLICATION, "ready", is_settled)
            .await
    }

    fn start(&self, name: &str) -> Controller {
        start(self.turn.cluster, name, &self.prepared.folder)
    }

    /// Lets the next one stand by before the one that works goes, as the Deployment does it.
    async fn hand_over(&self, mut before: Controller, name: &str) -> Controller {
        let next = self.start(name);
        before.stop(END).await.unwrap();
        next
    }

    /// The chart before this one is installed, and an application runs.
    async fn begins(&self) -> Controller {
        let cluster = self.turn.cluster;
        let notes = self.install(&previous(self.prepared.folder.path()));
        assert!(
            notes.contains("kubectl --namespace harmonix-system get pods"),
            "{notes}"
        );
        let controller = self.start("first");
        for object in platform().iter().chain([&namespace("life"), &cart()]) {
            cluster.apply_soon(object).await;
        }
        self.settled().await;
        assert!(
            cluster
                .kubectl(&["get", "hxapp", "--all-namespaces"])
                .is_err()
        );
        controller
    }

    /// With a deployment under way, which no runner takes until the next controller works.
    async fn is_upgraded_with_work_under_way(&self, controller: Controller) -> Controller {
        let cluster = self.turn.cluster;
        self.forge.runner(PROJECT, false).await;
        let mark = self.trail.mark();
        let mut more = cart();
        more["spec"]["environments"][0]["replicas"] = json!(2);
        cluster.apply_soon(&more).await;
        cluster
            .wait_until("application", APPLICATION, "deploying", is_deploying)
            .await;
        self.helm(&[
            "upgrade",
            RELEASE,
            &text(&chart()),
            "--values",
            &self.prepared.path,
        ]);
        let controller = self.hand_over(controller, "second").await;
        self.forge.runner(PROJECT, true).await;
        let settled = self.settled().await;
        // The policy of the release stamps who asked, and the controller believes it.
        let stamp = &settled["metadata"]["annotations"]["harmonix.io/requested-by"];
        assert_eq!(stamp, "administrator");
        let writes = self.trail.gitlab_writes(mark, PROJECT);
        assert_eq!(writes, ["commits.create", "pipelines.create"], "each once");
        assert!(cluster.find(BUDGET.0, BUDGET.1).is_some());
        // The definitions are upgraded as well.
        cluster
            .kubectl(&["get", "hxapp", "--all-namespaces"])
            .unwrap();
        controller
    }

    async fn is_rolled_back(&self, controller: Controller) -> Controller {
        self.helm(&["rollback", RELEASE, "1"]);
        let controller = self.hand_over(controller, "third").await;
        self.settled().await;
        assert!(self.turn.cluster.find(BUDGET.0, BUDGET.1).is_none());
        controller
    }

    fn ends(&self) {
        self.helm(&["uninstall", RELEASE]);
        for (kind, name) in [
            ("deployment", "harmonix-system/harmonix"),
            ("serviceaccount", "harmonix-system/harmonix"),
            ("clusterrole", "harmonix"),
            ("mutatingadmissionpolicy", "requested-by.harmonix.io"),
        ] {
            assert!(
                self.turn.cluster.find(kind, name).is_none(),
                "{kind} {name}"
            );
        }
    }
}

#[tokio::test]
async fn a_release_comes_and_goes_and_what_it_looks_after_stays() {
    let turn = Turn::take().await;
    let life = Life {
        prepared: turn.cluster.prepare(),
        forge: Forge::of(&turn.cluster.world),
        trail: Trail::of(&turn.cluster.world),
        turn,
    };
    let controller = life.begins().await;
    let uids = life.uids();
    let controller = life.is_upgraded_with_work_under_way(controller).await;
    assert_eq!(life.uids(), uids);
    let mark = life.trail.mark();
    let mut controller = life.is_rolled_back(controller).await;
    assert_eq!(life.uids(), uids);
    controller.stop(END).await.unwrap();
    life.ends();
    assert_eq!(
        life.uids(),
        uids,
        "the definitions, what was declared and the key stay"
    );
    assert!(life.forge.project(PROJECT).await.is_some());

    life.install(&chart());
    let mut controller = life.start("fourth");
    life.settled().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(life.uids(), uids);
    assert_eq!(
        life.trail.gitlab_writes(mark, ""),
        NOTHING,
        "everything is found again"
    );
    controller.stop(END).await.unwrap();
}

#[tokio::test]
async fn definitions_that_were_applied_by_hand_are_taken_over_on_request() {
    let turn = Turn::take().await;
    let prepared = turn.cluster.prepare();
    let definitions = text(&super::helm::root().join("crds"));
    turn.cluster
        .kubectl(&["apply", "--server-side", "--filename", &definitions])
        .unwrap();
    let chart = text(&chart());
    let install = [
        "install",
        RELEASE,
        &chart,
        "--values",
        &prepared.path,
        "--namespace",
        NAMESPACE,
    ];
    let told = turn.helm.run(&install).unwrap_err();
    assert!(
        told.contains("exists and cannot be imported into the current release"),
        "{told}"
    );
    turn.helm
        .run(&[&install[..], &["--take-ownership"]].concat())
        .unwrap();
}
