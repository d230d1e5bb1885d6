//! When a provider's pipeline is started: what it ran with is not wanted any more, or somebody asks for another try.

use harmonix::api::condition::{ConditionType, Reason};
use harmonix::domain::condition::{Claim, Truth, merge};
use harmonix::domain::intent::Action;
use harmonix::domain::plan::{PipelineState, provisioned};
use harmonix::domain::reading::Reading;
use jiff::ToSpan;

use super::case::now;
use super::provider::Case;

fn starts(bend: impl Fn(&mut Case)) -> bool {
    let mut case = Case::good();
    bend(&mut case);
    let steps = case.plan().steps;
    let mut actions = steps.iter().map(|step| &step.action);
    actions.any(|action| matches!(action, Action::Provision { .. }))
}

fn outdated(case: &mut Case) {
    case.memory.pipeline.as_mut().unwrap().files = "others".into();
}

fn retried(case: &mut Case) {
    case.target.scope.retry = "again".into();
}

fn ended(case: &mut Case, status: &str) {
    case.memory.pipeline.as_mut().unwrap().status = status.into();
    if let Reading::Known(seen) = &mut case.seen.pipeline {
        seen.pipeline.status = status.into();
    }
}

#[test]
fn a_green_one_starts_again_for_other_files_or_where_a_person_asks_and_something_is_missing() {
    assert!(!starts(|_| ()));
    assert!(starts(outdated));
    assert!(!starts(retried));
    type Bend = fn(&mut Case);
    let missing: [Bend; 3] = [
        |case| case.seen.outputs = Reading::Absent,
        |case| case.seen.audit = Reading::Absent,
        |case| case.seen.cluster = Reading::Absent,
    ];
    for bend in missing {
        assert!(!starts(bend));
        assert!(starts(|case| {
            bend(case);
            retried(case);
        }));
    }
}

#[test]
fn a_failed_one_starts_again_for_other_files_or_where_a_person_asks() {
    let starts = |bend: fn(&mut Case)| {
        starts(|case| {
            ended(case, "failed");
            bend(case);
        })
    };
    assert!(!starts(|_| ()));
    assert!(starts(outdated));
    assert!(starts(retried));
    // Who takes the annotation away asks for nothing.
    assert!(!starts(|case| case
        .memory
        .pipeline
        .as_mut()
        .unwrap()
        .retry = "before".into()));
}

#[test]
fn one_that_runs_is_left_alone() {
    assert!(!starts(|case| {
        ended(case, "running");
        outdated(case);
        retried(case);
    }));
}

/// A pipeline that GitLab does not have: it may come still, unless the files were committed long ago.
#[test]
fn a_lost_one_starts_again_for_other_files_or_where_a_person_asks_after_a_while() {
    let starts = |seconds: i64, bend: fn(&mut Case)| {
        starts(|case| {
            ended(case, "failed");
            case.seen.pipeline = Reading::Absent;
            let ready = Claim::new(
                ConditionType::RepositoryReady,
                Truth::True,
                Reason::Succeeded,
                "",
            );
            case.memory.conditions = merge(&[], &[ready], 3, now() - seconds.seconds());
            bend(case);
        })
    };
    assert!(!starts(121, |_| ()));
    assert!(starts(5, outdated));
    assert!(starts(121, retried));
    assert!(!starts(120, retried));
}

/// The newest pipeline speaks for what was there, not for what was committed since.
#[test]
fn a_place_that_was_taken_over_is_provisioned_once_its_files_are_as_wanted() {
    assert!(starts(|case| case.memory.pipeline = None));
    assert!(!starts(|case| {
        case.memory.pipeline = None;
        case.memory.repository.as_mut().unwrap().files.clear();
    }));
}

#[test]
fn what_gitlab_no_longer_has_is_remembered_by_its_success_with_these_files() {
    let state = |bend: fn(&mut Case)| {
        let mut case = Case::good();
        case.seen.pipeline = Reading::Absent;
        bend(&mut case);
        provisioned(&case.target, &case.memory, &case.seen.pipeline)
    };
    assert_eq!(state(|_| ()), Some(PipelineState::Succeeded));
    assert_eq!(state(outdated), None);
    assert_eq!(state(|case| ended(case, "failed")), None);
    assert_eq!(state(|case| case.seen.pipeline = Reading::Unread), None);
}
