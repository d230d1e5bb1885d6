//! A build: when it is started again, what is told of it, and what of build and deployments together.

use harmonix::api::condition::{ConditionType, Reason};
use harmonix::domain::condition::{Claim, Truth, merge};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::intent::Action;
use harmonix::domain::observed::PipelineSeen;
use harmonix::domain::plan::Plan;
use harmonix::domain::reading::Reading;
use harmonix::domain::verdict::Verdict;
use jiff::ToSpan;

use super::case::now;
use super::running::Running;

type Bend = fn(&mut Running);

fn plan(bends: &[Bend]) -> Plan {
    let mut running = Running::good();
    for bend in bends {
        bend(&mut running);
    }
    running.plan()
}

fn starts(bends: &[Bend]) -> bool {
    let steps = plan(bends).steps;
    let mut actions = steps.iter().map(|step| &step.action);
    actions.any(|action| matches!(action, Action::Build { .. }))
}

fn is_built(bends: &[Bend]) -> bool {
    let claims = plan(bends).claims;
    let mut claims = claims.iter();
    claims.any(|c| c.kind == ConditionType::PipelineSucceeded && c.truth == Truth::True)
}

fn retried(running: &mut Running) {
    running.target.scope.retry = "again".into();
}

fn is_now(pipeline: &mut Reading<PipelineSeen>, status: &str) {
    if let Reading::Known(seen) = pipeline {
        seen.pipeline.status = status.into();
    }
}

fn failed(running: &mut Running) {
    is_now(&mut running.seen.build, "failed");
}

fn runs(running: &mut Running) {
    is_now(&mut running.seen.build, "running");
}

fn unreadable(kind: FailureKind) -> Failure {
    Failure {
        party: Party::GitLab,
        kind,
        message: "because".into(),
    }
}

/// Green, and nothing came of it.
fn unusable(running: &mut Running) {
    running.seen.release = Reading::Unreadable(unreadable(FailureKind::Invalid));
}

fn unread(running: &mut Running) {
    running.seen.release = Reading::Unreadable(unreadable(FailureKind::Retryable));
}

fn unreleased(running: &mut Running) {
    running.seen.release = Reading::Absent;
}

/// GitLab does not have it, and it did not succeed.
fn lost(running: &mut Running) {
    running.seen.build = Reading::Absent;
    running.memory.pipeline.as_mut().unwrap().status = "failed".into();
}

/// The files were committed so long ago.
fn committed(running: &mut Running, truth: Truth, seconds: i64) {
    let since = now() - seconds.seconds();
    let claim = |kind, truth| Claim::new(kind, truth, Reason::Succeeded, "");
    let long_ago = now() - 1.hour();
    let accepted = [claim(ConditionType::Accepted, Truth::True)];
    let before = merge(&[], &accepted, 3, long_ago);
    let [accepted] = accepted;
    let claims = [accepted, claim(ConditionType::RepositoryReady, truth)];
    running.memory.conditions = merge(&before, &claims, 3, since);
}

#[test]
fn a_build_starts_again_where_a_person_asks_and_it_left_nothing_to_run() {
    assert!(!starts(&[retried]));
    assert!(!starts(&[runs, retried]));
    assert!(starts(&[failed, retried]));
    assert!(!starts(&[failed]));
    assert!(starts(&[unusable, retried]));
    assert!(!starts(&[unusable]));
    assert!(!starts(&[unread, retried]));
}

#[test]
fn a_build_that_never_came_starts_again_where_a_person_asks_after_a_while() {
    let long_ago: Bend = |running| committed(running, Truth::True, 121);
    let just_now: Bend = |running| committed(running, Truth::True, 120);
    let not_yet: Bend = |running| committed(running, Truth::False, 121);
    assert!(starts(&[lost, long_ago, retried]));
    assert!(!starts(&[lost, long_ago]));
    assert!(!starts(&[lost, just_now, retried]));
    assert!(!starts(&[lost, not_yet, retried]));
    assert!(!starts(&[lost, retried]));
}

#[test]
fn a_build_that_gitlab_no_longer_has_stands_where_it_succeeded_and_left_a_release() {
    let gone: Bend = |running| running.seen.build = Reading::Absent;
    assert!(is_built(&[gone]));
    assert!(!is_built(&[gone, unreleased]));
    assert!(!is_built(&[lost]));
    assert!(!is_built(&[lost, unreleased]));
}

#[test]
fn nothing_begins_before_the_home_of_the_images_is_ready() {
    let away: Bend = |running| running.target.home.ready = false;
    let verdict = plan(&[away]).verdict;
    assert!(
        matches!(verdict, Verdict::Waiting(Reason::DependencyNotReady, _)),
        "{verdict:?}"
    );
    assert_eq!(plan(&[]).verdict, Verdict::Settled);
}

#[test]
fn before_the_first_release_only_the_build_counts() {
    let deploys: Bend = |running| {
        let rollouts = running.seen.rollouts.values_mut();
        rollouts.for_each(|rollout| is_now(rollout, "running"));
    };
    let reason = |bends: &[Bend]| plan(bends).verdict.reason().0;
    assert_eq!(reason(&[failed]), Reason::PipelineFailed);
    assert_ne!(reason(&[failed, deploys]), Reason::PipelineFailed);
    assert_eq!(
        reason(&[failed, deploys, unreleased]),
        Reason::PipelineFailed
    );
}
