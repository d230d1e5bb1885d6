//! A provider whose pipeline succeeded: what each look from outside makes of its conditions, and which of them is told.

use std::time::Duration;

use harmonix::api::condition::{ConditionType, Reason};
use harmonix::api::{EnvironmentProviderStatus, PipelineStatus, ProviderOutputs};
use harmonix::domain::condition::{Claim, Truth};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::forge::Pipeline;
use harmonix::domain::observed::{PipelineSeen, ProviderObserved};
use harmonix::domain::plan::{self, Plan};
use harmonix::domain::reading::Reading;
use harmonix::domain::report;
use harmonix::domain::runtime::Cluster;
use harmonix::domain::target::{Mode, ProviderTarget};
use harmonix::domain::verdict::{Backoff, Verdict};
use jiff::ToSpan;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::case::{kept, now, place, telling};
use super::pipeline::job;
use crate::world::settings;

/// A provider, what its status remembers, and what is seen of it.
pub(super) struct Case {
    pub(super) target: ProviderTarget,
    pub(super) memory: EnvironmentProviderStatus,
    pub(super) seen: ProviderObserved,
}

impl Case {
    /// Everything is as it should be.
    pub(super) fn good() -> Self {
        let target = place();
        let pipeline = PipelineStatus {
            id: 7,
            status: "success".into(),
            files: target.repository.files.digest(),
            retry: target.scope.retry.clone(),
            ..PipelineStatus::default()
        };
        let memory = EnvironmentProviderStatus {
            repository: Some(kept(&target.repository)),
            pipeline: Some(pipeline),
            ..EnvironmentProviderStatus::default()
        };
        let seen = ProviderObserved {
            pipeline: Reading::Known(PipelineSeen {
                pipeline: Pipeline {
                    status: "success".into(),
                    ..Pipeline::default()
                },
                ..PipelineSeen::default()
            }),
            session: Reading::Known(()),
            outputs: Reading::Known(ProviderOutputs::default()),
            cluster: cluster("ACTIVE"),
            audit: Reading::Known(()),
            ..ProviderObserved::default()
        };
        Self {
            target,
            memory,
            seen,
        }
    }

    pub(super) fn plan(&self) -> Plan {
        plan::provider(&self.target, &self.memory, &self.seen, &settings(), now())
    }
}

impl Case {
    /// What the status tells then.
    pub(super) fn told(&self) -> EnvironmentProviderStatus {
        let settings = settings();
        let telling = telling(&settings, &[]);
        let (memory, plan) = (self.memory.clone(), self.plan());
        report::provider(&self.target, memory, &self.seen, &plan, &telling).status
    }
}

fn cluster(status: &str) -> Reading<Cluster> {
    Reading::Known(Cluster {
        name: "dev-cluster".into(),
        status: status.into(),
    })
}

fn failure(kind: FailureKind) -> Failure {
    Failure {
        party: Party::Aws,
        kind,
        message: "AWS said so".into(),
    }
}

pub(super) fn claim(plan: &Plan, kind: ConditionType) -> &Claim {
    plan.claims.iter().find(|claim| claim.kind == kind).unwrap()
}

#[test]
fn a_provider_of_which_everything_was_seen_is_settled() {
    let case = Case::good();
    let plan = case.plan();
    assert_eq!(plan.verdict, Verdict::Settled);
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    for claim in &plan.claims {
        assert_eq!(claim.truth, Truth::True, "{claim:?}");
    }
    let runtime = claim(&plan, ConditionType::RuntimeHealthy);
    assert_eq!(runtime.message, "the cluster dev-cluster is ACTIVE");
}

/// What is seen instead; then which condition says what.
type Look = (
    fn(&mut ProviderObserved),
    ConditionType,
    Truth,
    Reason,
    &'static str,
);

#[test]
fn each_look_that_is_not_good_has_its_condition_and_is_told() {
    use ConditionType::{AuditReady, RolesAssumable, RuntimeHealthy};
    let table: [Look; 9] = [
        (
            |seen| seen.cluster = cluster("INACTIVE"),
            RuntimeHealthy,
            Truth::False,
            Reason::ClusterNotActive,
            "the cluster dev-cluster is INACTIVE",
        ),
        (
            |seen| seen.cluster = Reading::Absent,
            RuntimeHealthy,
            Truth::False,
            Reason::ClusterNotActive,
            "does not exist",
        ),
        (
            |seen| seen.cluster = Reading::Unreadable(failure(FailureKind::Denied)),
            RuntimeHealthy,
            Truth::False,
            Reason::AwsUnavailable,
            "AWS said so",
        ),
        (
            |seen| seen.session = Reading::Unreadable(failure(FailureKind::Denied)),
            RolesAssumable,
            Truth::False,
            Reason::RoleDenied,
            "AWS said so",
        ),
        (
            |seen| seen.session = Reading::Unreadable(failure(FailureKind::Retryable)),
            RolesAssumable,
            Truth::Unknown,
            Reason::AwsUnavailable,
            "AWS said so",
        ),
        (
            |seen| seen.audit = Reading::Absent,
            AuditReady,
            Truth::False,
            Reason::AuditUnavailable,
            "the audit table does not exist",
        ),
        (
            |seen| seen.audit = Reading::Unreadable(failure(FailureKind::Missing)),
            AuditReady,
            Truth::False,
            Reason::AuditUnavailable,
            "AWS said so",
        ),
        (
            |seen| {
                seen.audit = Reading::Unread;
                seen.outputs = Reading::Absent;
            },
            AuditReady,
            Truth::False,
            Reason::OutputsMissing,
            "are missing in SSM although the pipeline succeeded",
        ),
        (
            |seen| {
                seen.audit = Reading::Unread;
                seen.outputs = Reading::Unreadable(failure(FailureKind::Denied));
            },
            AuditReady,
            Truth::False,
            Reason::OutputsMissing,
            "AWS said so",
        ),
    ];
    for (at, (change, kind, truth, reason, words)) in table.into_iter().enumerate() {
        let mut case = Case::good();
        change(&mut case.seen);
        let plan = case.plan();
        let claim = claim(&plan, kind);
        let said = (claim.truth, claim.reason);
        assert_eq!(said, (truth, reason), "entry {at}: {claim:?}");
        assert!(claim.message.contains(words), "entry {at}: {claim:?}");
        match &plan.verdict {
            Verdict::Blocked(told, message, Backoff::Growing) => {
                assert_eq!((*told, message), (reason, &claim.message), "entry {at}");
            }
            other => panic!("entry {at}: {other:?}"),
        }
    }
}

/// What was not looked at, since something else went wrong, is not what is told.
#[test]
fn what_went_wrong_is_told_before_what_was_not_looked_at() {
    let mut case = Case::good();
    case.seen.session = Reading::Unread;
    case.seen.cluster = cluster("INACTIVE");
    let plan = case.plan();
    let roles = claim(&plan, ConditionType::RolesAssumable);
    assert_eq!(
        (roles.truth, roles.reason),
        (Truth::Unknown, Reason::DependencyNotReady)
    );
    let is_told = |reason| matches!(&plan.verdict, Verdict::Blocked(told, ..) if *told == reason);
    assert!(is_told(Reason::ClusterNotActive), "{:?}", plan.verdict);
}

#[test]
fn where_aws_says_how_long_to_wait_it_is_waited_for_so_long() {
    let asked = Duration::from_secs(31);
    let throttled = || Reading::<()>::Unreadable(failure(FailureKind::Throttled(asked)));
    let table: [fn(&mut ProviderObserved, Reading<()>); 2] = [
        |seen, reading| seen.session = reading,
        |seen, reading| seen.audit = reading,
    ];
    for change in table {
        let mut case = Case::good();
        change(&mut case.seen, throttled());
        let plan = case.plan();
        let waits = matches!(&plan.verdict, Verdict::Blocked(_, _, Backoff::Exactly(wait)) if *wait == asked);
        assert!(waits, "{:?}", plan.verdict);
    }
}

#[test]
fn a_pipeline_is_told_with_its_failed_jobs_and_an_older_one_is_not() {
    let mut case = Case::good();
    let seen = |id| {
        Reading::Known(PipelineSeen {
            pipeline: Pipeline {
                id,
                status: "failed".into(),
                sha: "f".repeat(40),
                ..Pipeline::default()
            },
            jobs: vec![job(1, "plan", "success"), job(2, "apply", "failed")],
            ..PipelineSeen::default()
        })
    };
    for (id, told) in [(6, ("success", vec![])), (7, ("failed", vec!["apply"]))] {
        case.seen.pipeline = seen(id);
        let pipeline = case.told().pipeline.unwrap();
        assert_eq!((pipeline.id, pipeline.status.as_str()), (7, told.0));
        assert_eq!(pipeline.failed_jobs, told.1);
    }
}

#[test]
fn asking_again_for_what_is_there_is_answered_once_all_is_well() {
    let mut case = Case::good();
    case.target.scope.retry = "again".into();
    assert_eq!(case.told().pipeline.unwrap().retry, "again");
    case.seen.cluster = cluster("INACTIVE");
    assert_eq!(case.told().pipeline.unwrap().retry, "");
}

/// The first push starts the pipeline; how long ago that was, the condition of the repository tells, and no other.
#[test]
fn a_pipeline_that_never_came_is_waited_for_from_the_commit_on() {
    let limit = settings().pipeline_appears_within;
    let limit = i64::try_from(limit.as_secs()).unwrap();
    let long_ago = 10 * limit;
    for (conditions, stuck) in [
        (vec![("RepositoryReady", "True", limit)], false),
        (vec![("RepositoryReady", "True", limit + 1)], true),
        (vec![("RepositoryReady", "False", long_ago)], false),
        (vec![("Accepted", "True", long_ago)], false),
        (
            vec![
                ("Accepted", "True", long_ago),
                ("RepositoryReady", "True", 1),
            ],
            false,
        ),
    ] {
        let mut case = Case::good();
        let known = case.memory.pipeline.as_mut().unwrap();
        known.status = "created".into();
        case.seen.pipeline = Reading::Absent;
        case.memory.conditions = conditions
            .iter()
            .map(|&(kind, status, seconds)| condition(kind, status, seconds))
            .collect();
        let plan = case.plan();
        let is_stuck = matches!(&plan.verdict, Verdict::Stalled(Reason::PipelineMissing, _));
        assert_eq!(is_stuck, stuck, "{conditions:?}: {:?}", plan.verdict);
        let pending = claim(&plan, ConditionType::RuntimeHealthy);
        assert_eq!(pending.truth, Truth::Unknown);
    }
}

/// A condition that became so this many seconds ago.
fn condition(kind: &str, status: &str, seconds: i64) -> Condition {
    Condition {
        type_: kind.into(),
        status: status.into(),
        reason: "Because".into(),
        message: String::new(),
        last_transition_time: Time(now() - seconds.seconds()),
        observed_generation: None,
    }
}

#[test]
fn what_is_suspended_is_ready_where_everything_is_as_it_should_be() {
    let is_ready = |case: &Case| {
        let conditions = case.told().conditions;
        let mut ready = conditions.iter().filter(|c| c.type_ == "Ready");
        ready.any(|condition| condition.status == "True")
    };
    let mut case = Case::good();
    case.target.scope.mode = Mode::Suspended;
    assert!(is_ready(&case));
    case.seen.cluster = Reading::Absent;
    assert!(!is_ready(&case));
}
