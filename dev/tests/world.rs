//! A whole world, as a person brings it up, breaks it and ends it.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use harmonix_dev::tools::Cache;
use harmonix_dev::world::World;
use harmonix_dev::world::layout::Layout;
use harmonix_dev::world::port::is_free;
use harmonix_dev::world::process::{Process, with_environment};
use nix::sys::signal::Signal;

/// A world of this test; ended with it, whatever comes.
struct Own {
    name: String,
}

impl Own {
    fn new() -> Self {
        Self {
            name: format!("test-world-{}", std::process::id()),
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
    let own = Own::new();
    let up = own.up();
    assert!(up.status.success(), "{}", text(&up));
    let world = World::load(&own.name).unwrap();

    let namespaces = kubectl(
        &world,
        &world.layout.controller_kubeconfig(),
        &["get", "namespaces"],
    );
    assert!(
        text(&namespaces).contains("harmonix-system"),
        "{}",
        text(&namespaces)
    );
    let secrets = kubectl(
        &world,
        &world.layout.controller_kubeconfig(),
        &["get", "secrets"],
    );
    assert!(text(&secrets).contains("Forbidden"), "{}", text(&secrets));
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
    assert!(since.elapsed() < Duration::from_secs(30));

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

fn kubectl(world: &World, kubeconfig: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(world.kubectl());
    command
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(arguments)
        .output()
        .unwrap()
}
