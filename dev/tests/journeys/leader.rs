//! Two replicas: one acts, the other waits with its caches filled and takes over.

use std::path::Path;
use std::time::{Duration, Instant};

use harmonix_dev::chaos::hosts::{Host, Hosts};
use harmonix_dev::chaos::label::Label;
use harmonix_dev::fault::{Fault, Match, Position, Rule};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::lost::is_there_once;
use super::manifest::{self, application, with};
use super::stage::Stage;
use super::trail::NOTHING;
use super::turns::{LIMIT, LOOK_AGAIN, PATIENCE, Turns, epochs};

/// How long the lease of a controller that says nothing else lasts.
const USUAL: Duration = Duration::from_secs(15);
/// A lease for those who do not want to wait for long.
const SHORT: Duration = Duration::from_secs(3);
/// How often who waits looks.
const LOOK: Duration = Duration::from_secs(1);
/// How long handing over may take.
const HANDOVER: Duration = Duration::from_secs(3);

#[tokio::test]
async fn of_two_replicas_one_acts_and_the_other_takes_over_at_once_when_it_is_told_to_end() {
    let stage = Stage::alone("two").await;
    let mut turns = Turns::begin(&stage, "two", USUAL).await;
    let cart = application("two", "cart", &["dev"]);
    stage.settle(&cart).await;
    is_there_once(&stage, "cart").await;
    let first = turns.epoch().await;
    assert!(
        epochs(&stage, "cart")
            .await
            .iter()
            .all(|epoch| *epoch == first)
    );
    let waits = turns.replica("second").log();
    assert!(!waits.contains(" effect "), "{waits}");

    // Somebody wants something just as the first is told to end.
    let mark = stage.trail.mark();
    let since = Instant::now();
    turns.replica("first").signal(Signal::SIGTERM);
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    turns.held_by("second").await;
    let took = since.elapsed();
    assert!(took < HANDOVER, "handing over took {took:?}");
    stage.cluster.ready("Application", "two/cart").await;
    let writes = stage.trail.gitlab(mark, &stage.project("cart"));
    let acted = writes.iter().find(|entry| entry.mutating).unwrap();
    println!(
        "handed over after {took:?}; the first effect after {}",
        acted.time.duration_since(mark.time())
    );
    let status = turns.replica("first").controller.stop(LIMIT).await.unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(turns.epoch().await, first + 1);
    let names = stage.trail.gitlab_writes(mark, &stage.project("cart"));
    assert_eq!(names, ["commits.create", "pipelines.create"]);
    let status = turns
        .replica("second")
        .controller
        .stop(LIMIT)
        .await
        .unwrap();
    assert!(status.success(), "{status}");
    let lease = turns.lease().await.unwrap();
    assert_eq!(lease["holderIdentity"].as_str().unwrap_or_default(), "");
}

#[tokio::test]
async fn a_replica_takes_over_from_one_that_died_within_the_time_of_its_lease() {
    let stage = Stage::alone("died").await;
    let duration = Duration::from_secs(5);
    let mut turns = Turns::begin(&stage, "died", duration).await;
    let cart = application("died", "cart", &["dev"]);
    stage.settle(&cart).await;
    let since = Instant::now();
    turns.replica("first").controller.kill().await.unwrap();
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    turns.held_by("second").await;
    let took = since.elapsed();
    println!("taken over after {took:?}");
    // It looks once a second, so it may see the last renewal that much later.
    assert!(took < duration + LOOK + LOOK / 2, "{took:?}");
    stage.cluster.ready("Application", "died/cart").await;
    // One that is started again waits for its turn, under another name.
    turns.all.retain(|replica| replica.pod != "first");
    turns.start("first");
    turns.replica("first").says("the caches are filled").await;
    turns.held_by("second").await;
}

/// What people do to a lease: whoever acts is one at any time, and nothing happens twice.
#[tokio::test]
async fn a_lease_that_somebody_deletes_or_takes_away_is_found_again() {
    let stage = Stage::alone("meddled").await;
    let mut turns = Turns::begin(&stage, "meddled", SHORT).await;
    let first = turns.epoch().await;
    stage
        .cluster
        .delete("Lease", "harmonix-system/meddled")
        .await;
    turns.held_by("first").await;
    assert_eq!(turns.epoch().await, first, "its holder made it anew");
    let change = json!({ "spec": { "holderIdentity": "somebody" } });
    stage
        .cluster
        .merge("Lease", "harmonix-system/meddled", change)
        .await;
    turns.replica("first").says("does not lead any more").await;
    turns.until(|holder| holder != "somebody").await;
    assert_eq!(turns.epoch().await, first + 1);
    stage
        .settle(&application("meddled", "cart", &["dev"]))
        .await;
    is_there_once(&stage, "cart").await;
    for pod in ["first", "second"] {
        turns.replica(pod).controller.check().unwrap();
    }
}

/// The boundaries at which a leader stands still: what is asked, and at which moment.
const BOUNDARIES: [(&str, Position); 18] = [
    (
        "Application/kubernetes/hold/CreateGroup+CreateProject+CommitFiles+ApplySettings",
        Position::Before,
    ),
    (
        "Application/kubernetes/hold/CreateGroup+CreateProject+CommitFiles+ApplySettings",
        Position::Applied,
    ),
    ("Application/gitlab/groups.create/-", Position::Before),
    ("Application/gitlab/groups.create/-", Position::Applied),
    ("Application/gitlab/projects.create/-", Position::Before),
    ("Application/gitlab/projects.create/-", Position::Half),
    ("Application/gitlab/commits.create/-", Position::Before),
    ("Application/gitlab/commits.create/-", Position::Applied),
    ("Application/gitlab/projects.update/-", Position::Before),
    ("Application/gitlab/projects.update/-", Position::Half),
    ("Application/kubernetes/hold/Deploy dev", Position::Applied),
    (
        "Application/gitlab/pipelines.create/deploy dev",
        Position::Before,
    ),
    (
        "Application/gitlab/pipelines.create/deploy dev",
        Position::Applied,
    ),
    (
        "Application/gitlab/pipelines.create/deploy dev",
        Position::Half,
    ),
    (
        "Application/dynamodb/PutItem/CreateProject",
        Position::Before,
    ),
    (
        "Application/dynamodb/PutItem/CommitFiles",
        Position::Applied,
    ),
    ("Application/dynamodb/PutItem/Deploy", Position::Applied),
    ("Application/kubernetes/status/Deploying", Position::Before),
];

#[tokio::test]
async fn a_leader_that_stands_still_past_its_lease_at_any_boundary_makes_no_second_effect() {
    let mut stage = Stage::alone("stands-still").await;
    let hosts = Hosts::of(stage.world);
    let pid_file = stage.world.layout.path("controller/leader-pid");
    let mut namespaces = Vec::new();
    {
        let mut turns = Turns::begin(&stage, "stands-still", SHORT).await;
        let mut order = ["first", "second"];
        for (number, (label, position)) in (0..).zip(BOUNDARIES) {
            let namespace = format!("stands-still-{number}");
            let leader = turns.replica(order[0]).controller.pid();
            stage
                .world
                .layout
                .write(&pid_file, leader.to_string())
                .unwrap();
            stand_still(
                &turns,
                &hosts,
                (label, position),
                &namespace,
                &pid_file,
                order,
            )
            .await;
            order.reverse();
            namespaces.push(namespace);
        }
    }
    for namespace in namespaces {
        stage.namespace = namespace;
        is_there_once(&stage, "cart").await;
        let epochs = epochs(&stage, "cart").await;
        let (first, last) = (epochs[0], epochs[epochs.len() - 1]);
        assert!(last - first <= 1, "{}: {epochs:?}", stage.namespace);
        assert!(epochs.is_sorted(), "{}: {epochs:?}", stage.namespace);
    }
}

/// The leader stands still at a boundary, the other one finishes what it began, and the leader goes on.
async fn stand_still(
    turns: &Turns<'_>,
    hosts: &Hosts,
    (label, at): (&str, Position),
    namespace: &str,
    pid_file: &Path,
    [leader, other]: [&str; 2],
) {
    let Stage { cluster, trail, .. } = turns.stage;
    let label: Label = label.parse().unwrap();
    let host = Host::of_service(&label.service);
    let rule = Rule {
        matches: Match {
            label: Some(label.to_string()),
            contains: Some(namespace.to_owned()),
            ..Match::default()
        },
        fault: Fault::Stop {
            at,
            pid_file: pid_file.to_owned(),
        },
        count: 1,
        skip: 0,
    };
    let rule = hosts.arm(host, &rule).await.unwrap();
    let stands = std::fs::read_to_string(pid_file).unwrap();
    cluster.apply(&manifest::namespace(namespace)).await;
    cluster
        .apply(&application(namespace, "cart", &["dev"]))
        .await;
    let name = format!("{namespace}/cart");
    cluster.ready("Application", &name).await;
    assert_eq!(hosts.hits(host, &rule).await.unwrap(), 1, "{label} {at:?}");
    turns.held_by(other).await;
    // Whoever is Ready may have one more thing to tell.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mark = trail.mark();
    let log = |pod: &str| {
        let mut all = turns.all.iter();
        all.find(|replica| replica.pod == pod).unwrap().log()
    };
    let said = log(leader).len();
    kill(
        Pid::from_raw(stands.trim().parse().unwrap()),
        Signal::SIGCONT,
    )
    .unwrap();
    let since = Instant::now();
    while !log(leader)[said..].contains("does not lead any more") {
        assert!(since.elapsed() < PATIENCE, "{}", log(leader));
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    // It has all the time that it needs to do something wrong.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let project = format!("aws-apps/{namespace}/cart");
    let about = |sort: &str, writes: Vec<String>| {
        assert_eq!(writes, NOTHING, "{sort} after it went on: {label} {at:?}");
    };
    about("GitLab", trail.gitlab_writes(mark, &project));
    // What it was just about to write may be on its way, and is refused.
    about("AWS", trail.aws_effects(mark, &format!("{namespace}@cart")));
    let mut written = trail.kubernetes_writes(mark, &name);
    written.retain(|write| !write.ends_with(" 409"));
    about("Kubernetes", written);
}
