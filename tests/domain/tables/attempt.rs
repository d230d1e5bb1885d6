//! How the last deployment of an environment went, whether another one starts, and whether what runs is what was wanted.

use harmonix::api::DeploymentState;
use harmonix::api::condition::Reason;
use harmonix::domain::forge::Pipeline;
use harmonix::domain::observed::PipelineSeen;
use harmonix::domain::plan::rollouts;
use harmonix::domain::reading::Reading;
use harmonix::domain::runtime::Service;
use harmonix::domain::verdict::{Backoff, Verdict};

use super::case::now;
use super::rollout::{Bend, deploys, failure, is_now, newer, of, reason, services};
use super::running::Running;
use crate::world::settings;

fn all_services(running: &mut Running, reading: &Reading<Service>) {
    for service in running.seen.services.values_mut() {
        *service = reading.clone();
    }
}

fn failed(running: &mut Running) {
    is_now(running, "dev", "failed");
}

fn runs(running: &mut Running) {
    is_now(running, "dev", "running");
}

fn retried(running: &mut Running) {
    running.target.scope.retry = "again".into();
}

fn reconfigured(running: &mut Running) {
    running.target.environments[0].configuration = "others".into();
}

/// Something else runs than was deployed.
fn broken(running: &mut Running) {
    services(running, "dev", |service| {
        service
            .tags
            .insert("harmonix:release".into(), "e".repeat(40));
    });
}

fn degraded(running: &mut Running) {
    services(running, "dev", |service| service.running = 0);
}

fn gone(running: &mut Running) {
    running.seen.rollouts.insert("dev".into(), Reading::Absent);
}

#[test]
fn a_deployment_under_way_is_never_overtaken() {
    assert_eq!(deploys(&[runs, newer]), [] as [&str; 0]);
    assert_eq!(deploys(&[runs, reconfigured, retried]), [] as [&str; 0]);
    assert_eq!(reason("dev", &[runs]).1, Reason::Deploying);
    // What was looked at is an earlier one.
    let earlier: Bend = |running| {
        if let Some(Reading::Known(seen)) = running.seen.rollouts.get_mut("dev") {
            seen.pipeline.id = 7;
        }
    };
    assert_eq!(deploys(&[earlier, newer]), [] as [&str; 0]);
    assert_eq!(reason("dev", &[earlier]).1, Reason::Deploying);
    let unread: Bend = |running| {
        let failed: Reading<PipelineSeen> = Reading::Unreadable(failure());
        running.seen.rollouts.insert("dev".into(), failed);
    };
    assert_eq!(deploys(&[unread, newer]), [] as [&str; 0]);
    assert_eq!(reason("dev", &[unread]).1, Reason::AwsUnavailable);
}

#[test]
fn one_that_failed_is_tried_again_for_something_else_or_where_a_person_asks() {
    let told = (DeploymentState::Failed, Reason::PipelineFailed);
    assert_eq!(reason("dev", &[failed]), told);
    assert_eq!(deploys(&[failed]), [] as [&str; 0]);
    for other in [retried, newer, reconfigured] {
        assert_eq!(deploys(&[failed, other]).len(), 1);
    }
}

#[test]
fn one_that_succeeded_is_tried_again_where_a_person_asks_and_it_does_not_run() {
    let told = (DeploymentState::Failed, Reason::DeploymentFailed);
    assert_eq!(reason("dev", &[broken]), told);
    assert_eq!(deploys(&[broken]), [] as [&str; 0]);
    assert_eq!(deploys(&[broken, retried]), ["c in dev"]);
    assert_eq!(deploys(&[retried]), [] as [&str; 0]);
    assert_eq!(deploys(&[degraded, retried]), [] as [&str; 0]);
    let told = (DeploymentState::Updating, Reason::ServiceDegraded);
    assert_eq!(reason("dev", &[degraded]), told);
    assert_eq!(deploys(&[reconfigured]), ["c in dev"]);
}

#[test]
fn one_that_gitlab_no_longer_has_is_judged_by_what_runs() {
    assert_eq!(of("dev", &[gone]).0, DeploymentState::Running);
    let told = (DeploymentState::Failed, Reason::PipelineMissing);
    assert_eq!(reason("dev", &[gone, broken]), told);
    assert_eq!(deploys(&[gone, broken]), [] as [&str; 0]);
    assert_eq!(deploys(&[gone, broken, retried]), ["c in dev"]);
    assert_eq!(deploys(&[gone, reconfigured]), ["c in dev"]);
}

#[test]
fn where_nothing_is_remembered_what_is_under_way_comes_first() {
    let forgotten: Bend = |running| running.memory.rollouts.retain(|r| r.environment != "dev");
    assert_eq!(of("dev", &[forgotten]).0, DeploymentState::Running);
    assert_eq!(deploys(&[forgotten, broken]), ["c in dev"]);
    let rolling: Bend = |running| {
        services(running, "dev", |service| {
            service.rollout = "IN_PROGRESS".into();
        });
    };
    let told = (DeploymentState::Provisioning, Reason::Deploying);
    assert_eq!(reason("dev", &[forgotten, rolling]), told);
    assert_eq!(deploys(&[forgotten, rolling]), [] as [&str; 0]);
    let unknown: Bend = |running| {
        let pipeline = Pipeline::default();
        running.seen.unknown.insert("dev".into(), pipeline);
    };
    let (_, verdict) = of("dev", &[forgotten, broken, unknown]);
    assert!(
        verdict.reason().1.contains("an earlier object"),
        "{verdict:?}"
    );
}

fn away(running: &mut Running) {
    for deployment in &mut running.target.environments[0].deployments {
        deployment.place.ready = false;
    }
}

#[test]
fn nothing_starts_where_a_place_is_not_ready_or_could_not_be_looked_at() {
    let waiting = DeploymentState::Waiting;
    assert_eq!(
        reason("dev", &[newer, away]),
        (waiting, Reason::DependencyNotReady)
    );
    let blind: Bend = |running| all_services(running, &Reading::Unreadable(failure()));
    assert_eq!(
        reason("dev", &[newer, blind]),
        (waiting, Reason::AwsUnavailable)
    );
    assert_eq!(deploys(&[newer, away]), [] as [&str; 0]);
    assert_eq!(deploys(&[newer, blind]), [] as [&str; 0]);
    // What ran is not known to have stopped.
    let unread: Bend = |running| all_services(running, &Reading::Unread);
    let (state, verdict) = of("dev", &[unread, away]);
    assert_eq!(state, DeploymentState::Running);
    assert!(matches!(verdict, Verdict::Waiting(..)), "{verdict:?}");
    let (state, verdict) = of("dev", &[unread]);
    assert_eq!(state, DeploymentState::Updating);
    assert!(verdict.reason().1.contains("looking at"), "{verdict:?}");
}

type Change = fn(&mut Service);

#[test]
fn a_service_is_healthy_where_it_runs_what_was_wanted_with_enough_tasks() {
    let verdict = |bend: fn(&mut Service)| {
        let mut running = Running::good();
        services(&mut running, "dev", bend);
        let Running {
            target,
            memory,
            seen,
            ..
        } = &running;
        let all = rollouts(target, memory, seen, &settings(), now());
        all.environments[0].2.clone()
    };
    let reason = |bend| verdict(bend).reason().0;
    assert_eq!(verdict(|_| ()), Verdict::Settled);
    assert_eq!(
        reason(|s| s.status = "DRAINING".into()),
        Reason::ServiceMissing
    );
    assert_eq!(
        reason(|s| s.rollout = "IN_PROGRESS".into()),
        Reason::Deploying
    );
    assert_eq!(
        reason(|s| s.rollout = "FAILED".into()),
        Reason::DeploymentFailed
    );
    let other = |s: &mut Service, tag: &str| s.tags.insert(tag.into(), "x".into());
    let others: [Change; 2] = [
        |s| s.image = format!("registry.example.com/cart@sha256:{}", "2".repeat(64)),
        |s| s.tags.clear(),
    ];
    for change in others {
        assert_eq!(reason(change), Reason::DeploymentFailed);
    }
    for tag in ["harmonix:release", "harmonix:configuration"] {
        let mut running = Running::good();
        let place = ("dev".to_owned(), "dev-place".to_owned());
        if let Some(Reading::Known(service)) = running.seen.services.get_mut(&place) {
            other(service, tag);
        }
        let Running {
            target,
            memory,
            seen,
            ..
        } = &running;
        let all = rollouts(target, memory, seen, &settings(), now());
        assert_eq!(all.environments[0].2.reason().0, Reason::DeploymentFailed);
    }
    // Where the image comes from is no matter.
    assert_eq!(
        verdict(|s| s.image = s.image.replace("registry", "mirror")),
        Verdict::Settled
    );
    assert_eq!(verdict(|s| s.running += 1), Verdict::Settled);
    let degraded = verdict(|s| s.running -= 1);
    assert!(
        matches!(
            degraded,
            Verdict::Blocked(Reason::ServiceDegraded, _, Backoff::Growing)
        ),
        "{degraded:?}"
    );
    let said = |bend| verdict(bend).reason().1.to_owned();
    assert!(said(|s| s.tags.clear()).contains("runs nothing we know instead of release cccccccc;"));
    let why: fn(&mut Service) = |s| {
        s.rollout = "FAILED".into();
        s.rollout_reason = "circuit breaker".into();
    };
    assert!(said(why).contains("release cccccccc (circuit breaker);"));
}
