use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::*;

/// A world of which nothing runs.
fn world(folder: &Path) -> World {
    let key = json!({ "id": "AKIACONTROLLER", "secret": "s" });
    let identity =
        json!({ "principal": CONTROLLER_PRINCIPAL, "account": "111111111111", "key": key });
    let ports = json!({
        "etcd": 1, "etcd_peer": 2, "kubernetes": 3, "moto": 4, "aws": 5, "registry": 6, "ecr": 7, "gitlab": 8,
    });
    let tokens = json!({
        "kubernetes": "k", "gitlab_controller": "c", "gitlab_developer": "d", "gitlab_administrator": "a",
        "installation_key": "i",
    });
    let world = json!({
        "name": "test", "folder": folder, "options": { "executor": "real", "tasks": "real" }, "ports": ports,
        "tokens": tokens, "identities": { "controller": identity, "administrators": [] }, "node_image": "node",
    });
    serde_json::from_value(world).unwrap()
}

/// A program in the controller's place.
fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

async fn said(controller: &Controller, what: &str) -> String {
    for _ in 0..500 {
        let text = std::fs::read_to_string(controller.log()).unwrap_or_default();
        if text.contains(what) {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the controller did not say {what:?}");
}

#[tokio::test]
async fn a_controller_has_its_own_credentials_and_ends_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'exit 0' TERM; env; echo \"$@\"; echo ready; while :; do sleep 0.05; done";
    let world = world(folder.path());
    let mut controller = world
        .start_controller(Start::of(program(folder.path(), script)))
        .unwrap();
    let text = said(&controller, "ready").await;

    assert!(
        text.contains("AWS_ACCESS_KEY_ID=AKIACONTROLLER\n"),
        "{text}"
    );
    assert!(
        text.contains("AWS_ENDPOINT_URL=http://127.0.0.1:5\n"),
        "{text}"
    );
    assert!(
        text.contains("run --gitlab-url http://127.0.0.1:8 "),
        "{text}"
    );
    // cargo gives this test a variable of its own: nothing is handed on.
    assert!(!text.contains("CARGO_PKG_NAME"), "{text}");
    assert!(controller.memory().unwrap().resident > 0);
    controller.check().unwrap();

    let status = controller.stop(Duration::from_secs(10)).await.unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(controller.memory(), None);
    assert!(
        controller
            .check()
            .unwrap_err()
            .sentence()
            .contains("stopped by itself")
    );
}

#[tokio::test]
async fn a_controller_that_does_not_end_is_killed_and_that_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
    let world = world(folder.path());
    let mut controller = world
        .start_controller(Start::of(program(folder.path(), script)))
        .unwrap();
    said(&controller, "ready").await;

    let failure = controller
        .stop(Duration::from_millis(300))
        .await
        .unwrap_err();

    assert!(failure.sentence().contains("was killed"), "{failure}");
    assert!(controller.ended().unwrap().is_some());
}

#[tokio::test]
async fn a_controller_that_runs_is_ended_in_good_order_and_started_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'echo ended; exit 0' TERM; echo \"ready $@\"; while :; do sleep 0.05; done";
    let world = world(folder.path());
    assert!(world.restart_controller().await.is_err());
    let mut start = Start::of(program(folder.path(), script));
    start.arguments = vec!["--poll-interval=5s".to_owned()];
    let mut first = world.start_controller(start).unwrap();
    said(&first, "ready").await;

    world.restart_controller().await.unwrap();

    assert!(first.ended().unwrap().is_some());
    let second = world.register().part(NAME).unwrap().unwrap();
    assert!(second.process.is_alive());
    assert_ne!(second.process.pid, first.pid());
    assert_eq!(second.recipe, first.part.recipe);
    // Both write into one log.
    for _ in 0..500 {
        if said(&first, "ended").await.matches("ready run ").count() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let text = said(&first, "ended").await;
    assert_eq!(text.matches("--poll-interval=5s").count(), 2, "{text}");
    second.process.signal(Signal::SIGKILL);
    assert!(second.process.ended_within(Duration::from_secs(5)).await);
}

#[test]
fn an_option_of_ones_own_takes_the_place_of_the_worlds() {
    let folder = tempfile::tempdir().unwrap();
    let own = ["--poll-interval=5s", "--log-format", "json"].map(str::to_owned);

    let arguments = world(folder.path()).controller_arguments(&own);

    assert!(arguments.ends_with(&own), "{arguments:?}");
    let count = |option: &str| {
        arguments
            .iter()
            .filter(|argument| argument.starts_with(option))
            .count()
    };
    assert_eq!(
        (
            count("--poll-interval"),
            count("--log-format"),
            count("--gitlab-url")
        ),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn a_wrong_clock_is_wrong_by_as_much_as_it_was_set_to_and_is_set_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'exit 0' TERM; while :; do date +at=%s; sleep 0.05; done";
    let hour = jiff::SignedDuration::from_hours(1);
    let clock = WrongClock::new(folder.path().join("clock"), hour * 24).unwrap();
    let mut start = Start::of(program(folder.path(), script));
    start.clock = Some(clock.clone());
    let mut controller = world(folder.path()).start_controller(start).unwrap();
    let shows = async |wanted: i64| {
        for _ in 0..100 {
            let text = std::fs::read_to_string(controller.log()).unwrap_or_default();
            let last = text
                .lines()
                .rev()
                .find_map(|line| line.strip_prefix("at=")?.parse().ok());
            let truth = jiff::Timestamp::now().as_second();
            if last.is_some_and(|shown: i64| (shown - truth - wanted).abs() < 30) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the clock is not wrong by {wanted} s");
    };
    shows(24 * 3600).await;
    clock.set(-hour).unwrap();
    shows(-3600).await;
    controller.stop(Duration::from_secs(5)).await.unwrap();
}
