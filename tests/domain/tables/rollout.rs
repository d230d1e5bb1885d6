//! Deployment and promotion: which release each environment should run.

use harmonix::api::condition::Reason;
use harmonix::api::{DeploymentState, DeploymentStatus, ReleaseStatus};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::intent::Action;
use harmonix::domain::plan::{Rollouts, rollouts};
use harmonix::domain::reading::Reading;
use harmonix::domain::runtime::Service;
use harmonix::domain::step::Effect;
use harmonix::domain::verdict::Verdict;

use super::case::now;
use super::running::Running;
use crate::world::settings;

pub(super) type Bend = fn(&mut Running);

fn decided(bends: &[Bend]) -> Rollouts {
    let mut running = Running::good();
    for bend in bends {
        bend(&mut running);
    }
    let Running {
        target,
        memory,
        seen,
        ..
    } = &running;
    rollouts(target, memory, seen, &settings(), now())
}

/// State and verdict of an environment.
pub(super) fn of(environment: &str, bends: &[Bend]) -> (DeploymentState, Verdict) {
    let mut all = decided(bends).environments.into_iter();
    let found = all.find(|(name, ..)| name == environment);
    found.map(|(_, state, verdict)| (state, verdict)).unwrap()
}

pub(super) fn reason(environment: &str, bends: &[Bend]) -> (DeploymentState, Reason) {
    let (state, verdict) = of(environment, bends);
    (state, verdict.reason().0)
}

/// What is deployed where.
pub(super) fn deploys(bends: &[Bend]) -> Vec<String> {
    let steps = decided(bends).steps.into_iter();
    let told = steps.map(|step| match step.action {
        Action::Deploy {
            environment,
            release,
            ..
        } => format!("{} in {environment}", &release.commit[..1]),
        other => panic!("{other:?}"),
    });
    told.collect()
}

fn release(letter: &str, pipeline_id: i64) -> ReleaseStatus {
    ReleaseStatus {
        commit: letter.repeat(40),
        image: format!("registry.example.com/cart@sha256:{}", letter.repeat(64)),
        pipeline_id,
    }
}

pub(super) fn failure() -> Failure {
    Failure {
        party: Party::Aws,
        kind: FailureKind::Retryable,
        message: "AWS said nothing".into(),
    }
}

pub(super) fn newer(running: &mut Running) {
    running.seen.release = Reading::Known(release("d", 25));
}

pub(super) fn services(running: &mut Running, environment: &str, bend: fn(&mut Service)) {
    for ((name, _), service) in &mut running.seen.services {
        if let (true, Reading::Known(service)) = (name == environment, service) {
            bend(service);
        }
    }
}

pub(super) fn is_now(running: &mut Running, environment: &str, status: &str) {
    if let Some(Reading::Known(seen)) = running.seen.rollouts.get_mut(environment) {
        seen.pipeline.status = status.into();
    }
}

/// The newer release runs in dev.
fn dev_has_newer(running: &mut Running) {
    newer(running);
    let dev = running.memory.rollouts.iter_mut();
    for rollout in dev.filter(|rollout| rollout.environment == "dev") {
        rollout.release = release("d", 25);
    }
    services(running, "dev", |service| {
        let release = release("d", 25);
        service
            .tags
            .insert("harmonix:release".into(), release.commit);
        service.image = release.image;
    });
}

/// A second environment on the level of dev.
fn with_test(running: &mut Running) {
    let mut test = running.target.environments[0].clone();
    test.name = "test".into();
    running.target.environments.insert(1, test);
    let mut rollout = running.memory.rollouts[0].clone();
    rollout.environment = "test".into();
    running.memory.rollouts.push(rollout);
    let seen = &mut running.seen;
    let pipeline = seen.rollouts["dev"].clone();
    seen.rollouts.insert("test".into(), pipeline);
    let dev: Vec<_> = seen
        .services
        .clone()
        .into_iter()
        .filter(|((name, _), _)| name == "dev")
        .collect();
    for ((_, place), service) in dev {
        seen.services.insert(("test".into(), place), service);
    }
}

#[test]
fn what_runs_as_wanted_is_left_alone() {
    let all = decided(&[]);
    assert_eq!((all.steps.len(), all.verdict), (0, Verdict::Settled));
    let running = (DeploymentState::Running, Verdict::Settled);
    assert_eq!(of("dev", &[]), running);
    assert_eq!(of("prod", &[]), running);
    let stopped: Bend = |running| {
        let environments = running.target.environments.iter_mut();
        environments.for_each(|environment| environment.replicas = 0);
    };
    assert_eq!(of("dev", &[stopped]).0, DeploymentState::Stopped);
}

#[test]
fn a_newer_release_goes_up_one_level_at_a_time() {
    assert_eq!(deploys(&[newer]), ["d in dev"]);
    assert_eq!(deploys(&[dev_has_newer]), ["d in prod"]);
    let sick: Bend = |running| {
        let place = ("dev".to_owned(), "dev-other".to_owned());
        if let Some(Reading::Known(service)) = running.seen.services.get_mut(&place) {
            service.running = 0;
        }
    };
    assert_eq!(deploys(&[dev_has_newer, sick]), [] as [&str; 0]);
}

#[test]
fn a_release_goes_up_once_it_runs_in_every_environment_of_the_level_below() {
    assert_eq!(deploys(&[dev_has_newer, with_test]), ["d in prod"]);
    assert_eq!(deploys(&[with_test, dev_has_newer]), ["d in test"]);
}

#[test]
fn nothing_goes_back_by_itself() {
    let older: Bend = |running| running.seen.release = Reading::Known(release("b", 19));
    let other: Bend = |running| running.seen.release = Reading::Known(release("b", 20));
    assert_eq!(deploys(&[older]), [] as [&str; 0]);
    assert_eq!(deploys(&[other]), ["b in dev"]);
}

#[test]
fn before_the_first_release_everything_waits() {
    let nothing: Bend = |running| {
        running.memory.rollouts.clear();
        running.seen.release = Reading::Absent;
    };
    for (environment, part) in [("dev", "the first build"), ("prod", "of the level below")] {
        let (state, verdict) = of(environment, &[nothing]);
        assert_eq!(state, DeploymentState::Waiting);
        assert!(verdict.reason().1.contains(part), "{verdict:?}");
    }
}

fn pinned(running: &mut Running) {
    running.target.environments[0].pinned = Some("d".repeat(40));
}

#[test]
fn a_pinned_release_is_deployed_wherever_it_is_known_from() {
    let in_memory: Bend = |running| running.memory.rollouts[1].release = release("d", 10);
    let built: Bend = newer;
    let looked_up: Bend = |running| {
        let found = Reading::Known(release("d", 10));
        running.seen.pinned.insert("d".repeat(40), found);
    };
    for known in [in_memory, built, looked_up] {
        assert!(deploys(&[pinned, known]).contains(&"d in dev".to_owned()));
    }
}

#[test]
fn a_pinned_release_that_is_not_known_is_told() {
    let gone: Bend = |running| {
        running.seen.pinned.insert("d".repeat(40), Reading::Absent);
    };
    let unreadable: Bend = |running| {
        let failed = Reading::Unreadable(failure());
        running.seen.pinned.insert("d".repeat(40), failed);
    };
    let (waiting, failed) = (DeploymentState::Waiting, DeploymentState::Failed);
    assert_eq!(
        reason("dev", &[pinned]),
        (waiting, Reason::WaitingForRelease)
    );
    assert_eq!(
        reason("dev", &[pinned, gone]),
        (failed, Reason::ReleaseNotFound)
    );
    assert_eq!(
        reason("dev", &[pinned, unreadable]),
        (waiting, Reason::AwsUnavailable)
    );
}

/// The first of a place is told otherwise than what follows.
#[test]
fn an_update_is_one_where_something_ran_before() {
    fn told(running: &mut Running, environment: &str, revision: &str) {
        running.memory.deployments = vec![DeploymentStatus {
            environment: environment.into(),
            revision: revision.into(),
            ..DeploymentStatus::default()
        }];
    }
    let state = |bend: Bend| of("dev", &[newer, bend]).0;
    assert_eq!(state(|_| ()), DeploymentState::Provisioning);
    assert_eq!(state(|r| told(r, "dev", "c")), DeploymentState::Updating);
    assert_eq!(state(|r| told(r, "dev", "")), DeploymentState::Provisioning);
    assert_eq!(
        state(|r| told(r, "prod", "c")),
        DeploymentState::Provisioning
    );
}

#[test]
fn a_deployment_is_started_with_what_it_deploys() {
    let steps = decided(&[newer]).steps;
    let Effect::StartPipeline(start) = &steps[0].effect else {
        panic!("{steps:?}");
    };
    let variable = |name: &str| {
        let mut all = start.variables.iter();
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let release = release("d", 25);
    assert_eq!(variable("HARMONIX_ACTION"), Some("deploy"));
    assert_eq!(variable("HARMONIX_ENVIRONMENT"), Some("dev"));
    assert_eq!(variable("HARMONIX_RELEASE"), Some(release.commit.as_str()));
    assert_eq!(variable("HARMONIX_IMAGE"), Some(release.image.as_str()));
    assert_eq!(steps[0].ledger, "dev-place");
}
