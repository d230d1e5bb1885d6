//! Whole worlds, as a person brings them up, breaks them and ends them.

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use harmonix_dev::failure::last_lines;
use harmonix_dev::journal;
use harmonix_dev::rights::asked;
use harmonix_dev::tools::Cache;
use harmonix_dev::world::World;
use harmonix_dev::world::kubernetes;
use harmonix_dev::world::layout::Layout;
use harmonix_dev::world::port::is_free;
use harmonix_dev::world::process::{Process, with_environment};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::ListParams;
use nix::sys::signal::Signal;

/// As long as bringing up a world that is up may take.
const AT_ONCE: Duration = Duration::from_secs(30);

/// A world of this test; ended with it, whatever comes.
struct Own {
    name: String,
}

impl Own {
    fn new(purpose: &str) -> Self {
        Self {
            name: format!("test-{purpose}-{}", std::process::id()),
        }
    }

    fn dev(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_harmonix-dev"));
        command
            .args(arguments)
            .args(["--name", &self.name])
            .output()
            .unwrap()
    }

    fn up(&self) -> Output {
        self.dev(&["up", "--executor", "scripted", "--tasks", "none"])
    }

    fn folder(&self) -> std::path::PathBuf {
        Layout::of(&Cache::of_user().unwrap(), &self.name)
            .folder()
            .to_owned()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.dev(&["down"]);
        // What `down` keeps is for people; nobody looks at a test's world that passed.
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(self.folder());
        }
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test]
async fn a_world_comes_up_says_what_is_broken_and_leaves_nothing_behind() {
    let own = Own::new("world");
    let up = own.up();
    assert!(up.status.success(), "{}", text(&up));
    let world = World::load(&own.name).unwrap();

    // Not with kubectl, which asks for things that the controller has no right to: the journal is the controller's own.
    let kubeconfig = world.layout.controller_kubeconfig();
    let own_account = kubernetes::client(&kubeconfig);
    let namespaces = Api::<Namespace>::all(own_account.await.unwrap());
    let namespaces = namespaces.list(&ListParams::default()).await.unwrap();
    let mut names = namespaces
        .iter()
        .filter_map(|namespace| namespace.metadata.name.as_deref());
    assert!(names.any(|name| name == "harmonix-system"));
    let may_list_secrets = ["auth", "can-i", "list", "secrets", "--as", asked::ACCOUNT];
    let secrets = administrate(&world, &may_list_secrets);
    assert_eq!(text(&secrets).trim(), "no");
    let journal = std::fs::read_to_string(world.layout.journal("kubernetes")).unwrap();
    assert!(
        journal.contains("\"requestURI\":\"/api/v1/namespaces"),
        "{journal}"
    );

    let since = Instant::now();
    let again = own.up();
    assert!(
        again.status.success() && text(&again).contains("was up already"),
        "{}",
        text(&again)
    );
    let took = since.elapsed();
    assert!(took < AT_ONCE, "the second up took {took:?}");

    let registry = world.register().part("registry").unwrap().unwrap();
    registry.process.signal(Signal::SIGKILL);
    assert!(registry.process.ended_within(Duration::from_secs(5)).await);
    let status = own.dev(&["status"]);
    assert!(!status.status.success());
    assert!(
        text(&status).contains("registry has stopped by itself"),
        "{}",
        text(&status)
    );
    let last_words = last_lines(&registry.recipe.log, 3);
    assert!(!last_words.is_empty());
    for line in &last_words {
        // A long line is cut.
        let begin: String = line.chars().take(200).collect();
        let shown = format!("\n  | {begin}");
        assert!(text(&status).contains(&shown), "{}", text(&status));
    }
    let repaired = own.up();
    assert!(
        repaired.status.success() && text(&repaired).contains("is up again"),
        "{}",
        text(&repaired)
    );
    let status = own.dev(&["status"]);
    assert!(status.status.success(), "{}", text(&status));

    let processes: Vec<Process> = world
        .register()
        .parts()
        .unwrap()
        .into_iter()
        .map(|part| part.process)
        .collect();
    let down = own.dev(&["down"]);
    assert!(down.status.success(), "{}", text(&down));
    assert!(processes.iter().all(|process| !process.is_alive()));
    let marked = with_environment(&format!("HARMONIX_WORLD_FOLDER={}", own.folder().display()));
    assert!(marked.is_empty(), "{marked:?}");
    assert!(world.ports.all().into_iter().all(is_free));
    let logs = own.dev(&["logs", "kube-apiserver"]);
    assert!(
        logs.status.success() && !logs.stdout.is_empty(),
        "{}",
        text(&logs)
    );
}

#[tokio::test]
async fn the_api_server_dies_and_etcd_stands_still_and_both_come_back_with_what_they_knew() {
    let own = Own::new("outage");
    let up = own.up();
    assert!(up.status.success(), "{}", text(&up));
    let world = World::load(&own.name).unwrap();
    let made = administrate(&world, &["create", "namespace", "before"]);
    assert!(made.status.success(), "{}", text(&made));

    world.kill_api_server().await.unwrap();
    let ask = ["get", "namespace", "before", "--request-timeout=2s"];
    let refused = administrate(&world, &ask);
    assert!(text(&refused).contains("refused"), "{}", text(&refused));
    assert!(world.kill_api_server().await.is_err());
    let port = world.ports.kubernetes;
    for _ in 0..2 {
        // One that runs is left as it is.
        world.restore_api_server().await.unwrap();
    }
    let server = world.register().part("kube-apiserver").unwrap().unwrap();
    assert_eq!(server.recipe.ports, [port]);
    let found = administrate(&world, &ask);
    assert!(found.status.success(), "{}", text(&found));

    let stalled = world.stall_etcd().unwrap();
    let silent = administrate(
        &world,
        &["create", "namespace", "during", "--request-timeout=2s"],
    );
    assert!(!silent.status.success(), "{}", text(&silent));
    drop(stalled);
    let goes_on = administrate(
        &world,
        &["create", "namespace", "after", "--request-timeout=10s"],
    );
    assert!(goes_on.status.success(), "{}", text(&goes_on));

    // Killed once more, now as a process that this one has started.
    world.kill_api_server().await.unwrap();
    world.restore_api_server().await.unwrap();
    assert!(administrate(&world, &ask).status.success());
    world.check().unwrap();
}

#[tokio::test]
async fn two_worlds_side_by_side_do_not_disturb_each_other() {
    let (left, right) = (Own::new("left"), Own::new("right"));
    std::thread::scope(|scope| {
        for own in [&left, &right] {
            scope.spawn(|| {
                let up = own.up();
                assert!(up.status.success(), "{}", text(&up));
            });
        }
    });
    let worlds = [&left, &right].map(|own| World::load(&own.name).unwrap());
    let [one, other] = &worlds;
    let ports: BTreeSet<u16> = worlds.iter().flat_map(|world| world.ports.all()).collect();
    assert_eq!(ports.len(), one.ports.all().len() + other.ports.all().len());
    assert!(!one.layout.folder().starts_with(other.layout.folder()));
    assert!(!other.layout.folder().starts_with(one.layout.folder()));

    // What happens in one stands in its journals and nowhere else, and what lets into one does not let into the other.
    assert_eq!(ask_gitlab(one, &one.tokens.gitlab_developer).await, 200);
    assert_eq!(ask_gitlab(one, &other.tokens.gitlab_developer).await, 401);
    let asked = worlds.each_ref().map(|world| {
        let entries = journal::read(&world.layout.journal("gitlab")).unwrap();
        entries.iter().filter(|e| e.action == "version").count()
    });
    assert_eq!(asked, [2, 0]);
    let made = administrate(one, &["create", "namespace", "only-here"]);
    assert!(made.status.success(), "{}", text(&made));
    let absent = administrate(other, &["get", "namespace", "only-here"]);
    assert!(text(&absent).contains("NotFound"), "{}", text(&absent));

    // One ends; the other goes on, with every process it had.
    let before = other.register().parts().unwrap();
    let down = left.dev(&["down"]);
    assert!(down.status.success(), "{}", text(&down));
    assert!(one.ports.all().into_iter().all(is_free));
    let status = right.dev(&["status"]);
    assert!(status.status.success(), "{}", text(&status));
    assert_eq!(other.register().parts().unwrap(), before);
    assert!(before.iter().all(|part| part.process.is_alive()));
    assert_eq!(ask_gitlab(other, &other.tokens.gitlab_developer).await, 200);
    let there = administrate(other, &["get", "namespace", "harmonix-system"]);
    assert!(there.status.success(), "{}", text(&there));
}

/// Answers the status with which a world's GitLab tells its version.
async fn ask_gitlab(world: &World, token: &str) -> u16 {
    let request = reqwest::Client::new()
        .get(format!("{}/api/v4/version", world.gitlab_url()))
        .header("PRIVATE-TOKEN", token);
    request.send().await.unwrap().status().as_u16()
}

fn administrate(world: &World, arguments: &[&str]) -> Output {
    let mut command = Command::new(world.kubectl());
    command
        .arg("--kubeconfig")
        .arg(world.layout.administrator_kubeconfig())
        .args(arguments)
        .output()
        .unwrap()
}
