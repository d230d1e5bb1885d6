//! Reports: what kstatus, `kubectl wait` and GitOps tools make of every verdict, when to look again,
//! and what GitLab's words mean.

use std::time::Duration;

use harmonix::api::EnvironmentProviderStatus;
use harmonix::api::condition::{ConditionType, Reason};
use harmonix::domain::condition::{Claim, Truth};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::observed::ProviderObserved;
use harmonix::domain::plan::{PipelineState, Plan, pipeline_state};
use harmonix::domain::report::{self, Report, Telling};
use harmonix::domain::target::Blocked;
use harmonix::domain::verdict::{Backoff, Verdict, reason_of};
use serde_json::{Value, json};

use super::case::{place, telling};
use crate::kstatus::{Kstatus, kstatus};
use crate::world::settings;

/// What is told of a provider about which this is the verdict.
fn told(
    verdict: Verdict,
    previous: &EnvironmentProviderStatus,
    failures: u32,
) -> Report<EnvironmentProviderStatus> {
    let settings = settings();
    let telling = Telling {
        failures,
        ..telling(&settings, &previous.conditions)
    };
    let mut plan = Plan::quiet(verdict);
    plan.claims.push(Claim::new(
        ConditionType::Accepted,
        Truth::True,
        Reason::Valid,
        "valid",
    ));
    report::provider(
        &place(),
        previous.clone(),
        &ProviderObserved::default(),
        &plan,
        &telling,
    )
}

fn object(status: &EnvironmentProviderStatus) -> Value {
    json!({ "metadata": { "generation": 3 }, "status": status })
}

fn ready(status: &EnvironmentProviderStatus) -> &str {
    let found = status.conditions.iter().find(|c| c.type_ == "Ready");
    found.map_or("", |c| c.status.as_str())
}

fn verdicts() -> Vec<(Verdict, Kstatus)> {
    let text = || "because".to_owned();
    vec![
        (Verdict::Settled, Kstatus::Current),
        (
            Verdict::Progressing(Reason::Deploying, text()),
            Kstatus::InProgress,
        ),
        (
            Verdict::Waiting(Reason::DependencyNotReady, text()),
            Kstatus::InProgress,
        ),
        (
            Verdict::Blocked(Reason::GitLabUnavailable, text(), Backoff::Growing),
            Kstatus::InProgress,
        ),
        (
            Verdict::Blocked(Reason::RoleDenied, text(), Backoff::Growing),
            Kstatus::InProgress,
        ),
        (
            Verdict::Stalled(Reason::PipelineFailed, text()),
            Kstatus::Failed,
        ),
    ]
}

#[test]
fn kstatus_reads_every_verdict_as_it_is_meant() {
    for (verdict, wanted) in verdicts() {
        let report = told(verdict.clone(), &EnvironmentProviderStatus::default(), 0);
        assert_eq!(kstatus(&object(&report.status)), wanted, "{verdict:?}");
        let both = report
            .status
            .conditions
            .iter()
            .filter(|c| ["Reconciling", "Stalled"].contains(&c.type_.as_str()))
            .count();
        assert!(both <= 1, "{verdict:?}: never both");
        for condition in &report.status.conditions {
            assert_eq!(condition.observed_generation, Some(3));
        }
    }
}

#[test]
fn an_object_nobody_has_looked_at_is_in_progress() {
    for crd in harmonix::api::all_crds() {
        let crd = serde_json::to_value(&crd).unwrap();
        let status = crd
            .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/status/default")
            .unwrap();
        let object = json!({ "metadata": { "generation": 1 }, "status": status });
        assert_eq!(kstatus(&object), Kstatus::InProgress);
    }
}

#[test]
fn a_status_of_an_older_spec_is_in_progress() {
    let report = told(Verdict::Settled, &EnvironmentProviderStatus::default(), 0);
    let newer = json!({ "metadata": { "generation": 4 }, "status": report.status });
    assert_eq!(kstatus(&newer), Kstatus::InProgress);
}

#[test]
fn what_was_ready_stays_so_through_work_and_outages_but_not_through_failures() {
    let before = told(Verdict::Settled, &EnvironmentProviderStatus::default(), 0).status;
    assert_eq!(ready(&before), "True");
    let text = || "because".to_owned();
    let table = [
        (Verdict::Settled, "True"),
        (
            Verdict::Progressing(Reason::PipelineRunning, text()),
            "True",
        ),
        (Verdict::Waiting(Reason::DependencyNotReady, text()), "True"),
        (
            Verdict::Blocked(Reason::GitLabUnavailable, text(), Backoff::Growing),
            "True",
        ),
        (
            Verdict::Blocked(Reason::GitLabThrottled, text(), Backoff::Growing),
            "True",
        ),
        (
            Verdict::Blocked(Reason::AwsUnavailable, text(), Backoff::Growing),
            "True",
        ),
        (
            Verdict::Blocked(Reason::RoleDenied, text(), Backoff::Growing),
            "False",
        ),
        (
            Verdict::Blocked(Reason::ServiceDegraded, text(), Backoff::Growing),
            "False",
        ),
        (Verdict::Stalled(Reason::PipelineFailed, text()), "False"),
        (Verdict::Suspended, "True"),
    ];
    for (verdict, wanted) in table {
        assert_eq!(
            ready(&told(verdict.clone(), &before, 0).status),
            wanted,
            "{verdict:?}"
        );
    }
}

#[test]
fn a_refusal_is_failed_or_waits_as_it_says() {
    for (stalled, wanted) in [(true, Kstatus::Failed), (false, Kstatus::InProgress)] {
        let settings = settings();
        let previous = EnvironmentProviderStatus::default();
        let blocked = Blocked {
            stalled,
            reason: Reason::Invalid,
            message: "because".into(),
        };
        let report = report::blocked_provider(
            previous.clone(),
            &blocked,
            &telling(&settings, &previous.conditions),
        );
        assert_eq!(kstatus(&object(&report.status)), wanted);
    }
}

#[test]
fn telling_the_same_again_changes_nothing_and_is_no_event() {
    for (verdict, _) in verdicts() {
        let first = told(verdict.clone(), &EnvironmentProviderStatus::default(), 0);
        assert!(first.notice.is_some(), "{verdict:?}");
        let second = told(verdict.clone(), &first.status, 0);
        assert_eq!(first.status, second.status, "{verdict:?}");
        assert_eq!(second.notice, None, "{verdict:?}");
    }
}

#[test]
fn waits_grow_to_a_limit_and_what_the_far_side_asks_for_is_obeyed() {
    let growing = |failures| {
        let verdict = Verdict::Blocked(Reason::AwsUnavailable, String::new(), Backoff::Growing);
        told(verdict, &EnvironmentProviderStatus::default(), failures)
            .requeue
            .unwrap()
    };
    let seconds: Vec<u64> = [0, 1, 2, 3, 6, 7, 100, u32::MAX]
        .map(|n| growing(n).as_secs())
        .into();
    assert_eq!(seconds, [5, 10, 20, 40, 300, 300, 300, 300]);
    let exactly = Backoff::Exactly(Duration::from_secs(77));
    let verdict = Verdict::Blocked(Reason::GitLabThrottled, String::new(), exactly);
    let report = told(verdict, &EnvironmentProviderStatus::default(), 9);
    assert_eq!(report.requeue, Some(Duration::from_secs(77)));
    let report = told(
        Verdict::Progressing(Reason::Deploying, String::new()),
        &EnvironmentProviderStatus::default(),
        0,
    );
    assert_eq!(report.requeue, Some(Duration::from_secs(5)));
    for verdict in [
        Verdict::Settled,
        Verdict::Suspended,
        Verdict::Stalled(Reason::Invalid, String::new()),
    ] {
        let report = told(verdict, &EnvironmentProviderStatus::default(), 0);
        assert_eq!(report.requeue, Some(Duration::from_mins(10)));
    }
}

#[test]
fn of_two_verdicts_the_one_that_moves_is_told_then_the_one_that_is_stuck() {
    let text = String::new;
    let order = [
        Verdict::Settled,
        Verdict::Waiting(Reason::WaitingForRelease, text()),
        Verdict::Blocked(Reason::AwsUnavailable, text(), Backoff::Growing),
        Verdict::Stalled(Reason::DeploymentFailed, text()),
        Verdict::Progressing(Reason::Deploying, text()),
    ];
    let said = |verdict: &Verdict| (verdict.name(), verdict.reason().1.to_owned());
    assert_eq!(
        order.each_ref().map(Verdict::name),
        ["settled", "waiting", "blocked", "stalled", "progressing"]
    );
    let (one, other) = ("one".to_owned(), "other".to_owned());
    let first = Verdict::Stalled(Reason::DeploymentFailed, one);
    let second = Verdict::Stalled(Reason::DeploymentFailed, other);
    assert_eq!(said(&first.or_worse(second)), ("stalled", "one".to_owned()));
    for (index, light) in order.iter().enumerate() {
        for heavy in &order[index..] {
            assert_eq!(&light.clone().or_worse(heavy.clone()), heavy);
            assert_eq!(&heavy.clone().or_worse(light.clone()), heavy);
        }
    }
}

#[test]
fn every_failure_has_its_reason_and_is_tried_again() {
    let after = Duration::from_secs(3);
    let table = [
        (
            Party::GitLab,
            FailureKind::Retryable,
            Reason::GitLabUnavailable,
        ),
        (
            Party::GitLab,
            FailureKind::Throttled(after),
            Reason::GitLabThrottled,
        ),
        (Party::GitLab, FailureKind::Denied, Reason::GitLabDenied),
        (Party::GitLab, FailureKind::Invalid, Reason::GitLabRejected),
        (
            Party::GitLab,
            FailureKind::Conflict,
            Reason::GitLabUnavailable,
        ),
        (
            Party::GitLab,
            FailureKind::Missing,
            Reason::GitLabUnavailable,
        ),
        (Party::Aws, FailureKind::Denied, Reason::AwsDenied),
        (Party::Sts, FailureKind::Denied, Reason::RoleDenied),
        (Party::Sts, FailureKind::Invalid, Reason::RoleDenied),
        (Party::Sts, FailureKind::Retryable, Reason::AwsUnavailable),
        (Party::Aws, FailureKind::Retryable, Reason::AwsUnavailable),
        (
            Party::Aws,
            FailureKind::Throttled(after),
            Reason::AwsUnavailable,
        ),
    ];
    for (party, kind, reason) in table {
        let failure = Failure {
            party,
            kind,
            message: "why".into(),
        };
        assert_eq!(reason_of(&failure), reason);
        let backoff = match kind {
            FailureKind::Throttled(after) => Backoff::Exactly(after),
            _ => Backoff::Growing,
        };
        assert_eq!(
            Verdict::from_failure(&failure),
            Verdict::Blocked(reason, "why".into(), backoff)
        );
    }
}

#[test]
fn gitlabs_words_for_a_pipeline_mean_running_green_or_ended() {
    let table = [
        ("success", PipelineState::Succeeded),
        ("failed", PipelineState::Failed),
        ("canceled", PipelineState::Failed),
        ("skipped", PipelineState::Failed),
        ("created", PipelineState::Running),
        ("waiting_for_resource", PipelineState::Running),
        ("waiting_for_callback", PipelineState::Running),
        ("preparing", PipelineState::Running),
        ("pending", PipelineState::Running),
        ("running", PipelineState::Running),
        ("canceling", PipelineState::Running),
        ("manual", PipelineState::Running),
        ("scheduled", PipelineState::Running),
        ("a word of next year", PipelineState::Running),
    ];
    for (word, state) in table {
        assert_eq!(pipeline_state(word), state, "{word}");
    }
}

#[test]
fn every_reason_reads_like_one_and_stands_once() {
    let mut words: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    for word in &words {
        assert!(
            word.starts_with(|c: char| c.is_ascii_uppercase())
                && word.chars().all(|c| c.is_ascii_alphanumeric())
        );
    }
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), count);
}

#[test]
fn a_change_of_what_is_ready_is_an_event() {
    let settled = told(Verdict::Settled, &EnvironmentProviderStatus::default(), 0).status;
    let failed = Verdict::Stalled(Reason::PipelineFailed, "because".into());
    let notice = told(failed, &settled, 0).notice;
    assert_eq!(notice.map(|notice| notice.reason), Some("PipelineFailed"));
}
