//! A pipeline that has not ended: what it waits for, and who can help.

use std::time::Duration;

use harmonix::api::condition::{ConditionType, Reason};
use harmonix::api::{ApplicationStatus, RepositoryStatus};
use harmonix::domain::forge::{Job, Pipeline};
use harmonix::domain::observed::{ApplicationObserved, PipelineSeen};
use harmonix::domain::plan;
use harmonix::domain::reading::Reading;
use jiff::Timestamp;

use super::case::Case;
use crate::world::settings;

const NOW: i64 = 1_800_000_000;
/// Longer than a runner is waited for.
const LONG: u64 = 601;

pub(super) fn job(id: i64, name: &str, status: &str) -> Job {
    Job {
        id,
        name: name.into(),
        status: status.into(),
        web_url: format!("https://gitlab.example.com/j/{id}"),
        ..Job::default()
    }
}

fn pending(id: i64, name: &str, tags: &[&str], seconds: u64) -> Job {
    Job {
        tags: tags.iter().map(|&tag| tag.into()).collect(),
        queued: Some(Duration::from_secs(seconds)),
        ..job(id, name, "pending")
    }
}

/// What is told of a build in this state, this many seconds old, with these jobs.
fn told(status: &str, age: u64, jobs: &[Job]) -> (Reason, String) {
    let target = Case::good().target().unwrap();
    let memory = ApplicationStatus {
        repository: Some(RepositoryStatus {
            files: target.repository.files.digest(),
            settings: target.repository.settings_digest(),
            ..RepositoryStatus::default()
        }),
        ..ApplicationStatus::default()
    };
    let now = Timestamp::from_second(NOW).unwrap();
    let observed = ApplicationObserved {
        build: Reading::Known(PipelineSeen {
            pipeline: Pipeline {
                status: status.into(),
                web_url: "https://gitlab.example.com/p/1".into(),
                created_at: Some(now - Duration::from_secs(age)),
                ..Pipeline::default()
            },
            jobs: jobs.to_vec(),
            ..PipelineSeen::default()
        }),
        ..ApplicationObserved::default()
    };
    let plan = plan::application(&target, &memory, &observed, &settings(), now);
    let claim = plan
        .claims
        .into_iter()
        .find(|claim| claim.kind == ConditionType::PipelineSucceeded)
        .unwrap();
    (claim.reason, claim.message)
}

#[test]
fn a_pipeline_that_goes_on_in_time_runs() {
    let green = job(1, "harmonix-build", "success");
    let table = [
        ("pending", 600, vec![]),
        ("running", 600, vec![]),
        ("running", LONG, vec![]),
        ("running", LONG, vec![job(1, "harmonix-build", "running")]),
        // A job of a late stage has only just come to the queue.
        (
            "running",
            LONG,
            vec![green.clone(), pending(2, "lint", &[], 5)],
        ),
        ("pending", LONG, vec![pending(2, "lint", &[], 5)]),
        ("running", LONG, vec![pending(2, "lint", &[], LONG - 1)]),
        // One of its own jobs holds what the other waits for.
        (
            "running",
            LONG,
            vec![
                job(1, "one", "running"),
                job(2, "two", "waiting_for_resource"),
            ],
        ),
    ];
    for (status, age, jobs) in table {
        let (reason, message) = told(status, age, &jobs);
        assert_eq!(reason, Reason::PipelineRunning, "{status}: {message}");
    }
}

#[test]
fn a_job_that_no_runner_takes_is_told_with_its_name_and_its_tags() {
    let green = job(1, "harmonix-build", "success");
    let table = [
        (
            "running",
            vec![
                pending(9, "later", &["x"], LONG),
                green.clone(),
                pending(3, "unit-tests", &["gpu"], LONG),
            ],
            vec![
                "unit-tests",
                "with the tag gpu",
                "https://gitlab.example.com/j/3",
                "600 s",
            ],
        ),
        (
            "running",
            vec![green, pending(3, "lint", &[], LONG)],
            vec!["lint", "that takes jobs without tags"],
        ),
        (
            "pending",
            vec![pending(3, "harmonix-build", &["harmonix", "arm"], LONG)],
            vec!["harmonix-build", "with the tags harmonix, arm"],
        ),
        // Its jobs could not be read.
        (
            "pending",
            vec![],
            vec!["the build", "with the tag harmonix"],
        ),
        (
            "preparing",
            vec![job(1, "harmonix-build", "preparing")],
            vec!["with the tag harmonix"],
        ),
    ];
    for (status, jobs, parts) in table {
        let (reason, message) = told(status, LONG, &jobs);
        assert_eq!(reason, Reason::PipelinePending, "{status}: {message}");
        assert!(
            message.contains("runner") && !message.contains("later"),
            "{message}"
        );
        for part in parts {
            assert!(message.contains(part), "\"{part}\" is not in: {message}");
        }
        // Told again a moment later, it is the same sentence.
        assert_eq!(told(status, LONG + 60, &jobs), (reason, message));
    }
}

#[test]
fn a_job_whose_place_another_deployment_holds_is_waited_for_and_asks_for_no_runner() {
    let held = job(7, "harmonix-deploy-dev-dev-place", "waiting_for_resource");
    let table = [
        ("waiting_for_resource", vec![]),
        ("waiting_for_resource", vec![held.clone()]),
        ("running", vec![job(1, "first", "success"), held]),
    ];
    for (status, jobs) in table {
        let (reason, message) = told(status, LONG, &jobs);
        assert_eq!(reason, Reason::PipelinePending, "{message}");
        assert!(
            message.contains("another deployment of the same environment")
                && message.contains("goes on by itself")
                && !message.contains("runner"),
            "{message}"
        );
        if !jobs.is_empty() {
            assert!(
                message.contains("harmonix-deploy-dev-dev-place"),
                "{message}"
            );
        }
    }
}

#[test]
fn a_pipeline_that_did_not_succeed_is_told_as_it_ended() {
    let allowed = Job {
        allow_failure: true,
        ..job(1, "lint", "failed")
    };
    let failed = Job {
        failure_reason: "runner_system_failure".into(),
        ..job(2, "unit-tests", "failed")
    };
    let green = job(3, "harmonix-build", "success");
    let table = [
        (
            "canceled",
            vec![],
            Reason::PipelineCanceled,
            "was canceled in GitLab",
        ),
        (
            "skipped",
            vec![],
            Reason::PipelineSkipped,
            "GitLab skipped the pipeline",
        ),
        (
            "failed",
            vec![green.clone(), allowed.clone(), failed],
            Reason::PipelineFailed,
            "failed in the job unit-tests (runner_system_failure)",
        ),
        (
            "failed",
            vec![green, allowed],
            Reason::PipelineFailed,
            "the build failed (https://gitlab.example.com/p/1)",
        ),
    ];
    for (status, jobs, reason, part) in table {
        let (told, message) = told(status, 5, &jobs);
        assert_eq!(told, reason, "{message}");
        assert!(message.contains(part), "\"{part}\" is not in: {message}");
    }
}

#[test]
fn only_a_pipeline_that_goes_on_takes_long() {
    let now = Timestamp::from_second(NOW).unwrap();
    let table = [
        ("running", LONG, true),
        ("running", LONG - 1, false),
        ("pending", LONG, true),
        ("manual", LONG, false),
        ("success", LONG, false),
        ("failed", LONG, false),
    ];
    for (status, age, long) in table {
        let pipeline = Pipeline {
            status: status.into(),
            created_at: Some(now - Duration::from_secs(age)),
            ..Pipeline::default()
        };
        let told = plan::takes_long(&pipeline, &settings(), now);
        assert_eq!(told, long, "{status} {age}");
    }
}
