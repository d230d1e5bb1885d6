//! The plan of an EnvironmentProvider: repository, pipeline, then a look from outside.

use jiff::Timestamp;

use crate::api::EnvironmentProviderStatus;
use crate::api::condition::{ConditionType, Reason};
use crate::domain::condition::{Claim, Truth};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::forge::PipelineStart;
use crate::domain::intent::Action;
use crate::domain::observed::{PipelineSeen, ProviderObserved};
use crate::domain::reading::Reading;
use crate::domain::settings::Settings;
use crate::domain::step::{Effect, Step};
use crate::domain::target::{DEFAULT_BRANCH, Mode, ProviderTarget};
use crate::domain::verdict::{Backoff, Verdict, reason_of};

use super::pipeline::{PipelineState, missing, pipeline_state, verdict as pipeline_verdict};
use super::repository::{claim as repository_claim, repository};
use super::{Plan, effects, is_retried};

/// Decides about a provider. `memory` is its status, with everything done so far absorbed.
pub fn provider(
    target: &ProviderTarget,
    memory: &EnvironmentProviderStatus,
    observed: &ProviderObserved,
    settings: &Settings,
    now: Timestamp,
) -> Plan {
    let scope = &target.scope;
    let settlement = effects::settle(&observed.effects, &scope.identity, settings, now);
    let mut plan = Plan::quiet(Verdict::Settled);
    plan.settled = settlement.settled;
    if scope.mode == Mode::LetGo {
        let plan = effects::let_go(
            plan,
            settlement.hold,
            observed.effects.held,
            &target.repository.path,
            &target.place.name,
        );
        return effects::after_what_was_lost(plan, &observed.effects, settings, now);
    }
    plan.claims.push(Claim::new(
        ConditionType::Accepted,
        Truth::True,
        Reason::Valid,
        "the spec is valid",
    ));
    let decision = repository(
        scope,
        &target.repository,
        memory.repository.as_ref(),
        &observed.repository,
        &target.place.name,
        &settings.key,
    );
    plan.claims
        .push(repository_claim(&decision, memory.repository.as_ref()));
    let provisioning = provisioning(target, memory, observed, settings, now);
    plan.claims
        .extend(look_claims(target, observed, provisioning.state));
    plan.claims.push(provisioning.claim());
    plan.verdict = provisioning
        .verdict
        .clone()
        .unwrap_or_else(|| look_verdict(&plan.claims, observed));
    let obstacle = effects::obstacle(
        settlement.hold,
        &plan.settled,
        scope.mode,
        memory.effects.as_ref(),
    );
    if let Some(verdict) = obstacle {
        plan.verdict = verdict;
        return plan;
    }
    if decision.take(&mut plan)
        && let (true, Some(known)) = (provisioning.start, &memory.repository)
    {
        plan.steps.push(start(target, &known.path));
    }
    effects::after_what_was_lost(plan, &observed.effects, settings, now)
}

/// Where provisioning stands.
struct Provisioning {
    state: Option<PipelineState>,
    /// Whether a pipeline is to be started.
    start: bool,
    /// What to say; none when it succeeded.
    verdict: Option<Verdict>,
}

/// Where the pipeline stands that provisions. One that GitLab no longer has is remembered by its
/// success, as long as it ran with the files that are wanted.
pub fn provisioned(
    target: &ProviderTarget,
    memory: &EnvironmentProviderStatus,
    pipeline: &Reading<PipelineSeen>,
) -> Option<PipelineState> {
    match pipeline {
        Reading::Known(seen) => Some(pipeline_state(&seen.pipeline.status)),
        Reading::Absent => memory
            .pipeline
            .as_ref()
            .filter(|known| known.files == target.repository.files.digest())
            .map(|known| pipeline_state(&known.status))
            .filter(|state| *state == PipelineState::Succeeded),
        Reading::Unread | Reading::Unreadable(_) => None,
    }
}

fn provisioning(
    target: &ProviderTarget,
    memory: &EnvironmentProviderStatus,
    observed: &ProviderObserved,
    settings: &Settings,
    now: Timestamp,
) -> Provisioning {
    let what = format!("provisioning {}", target.scope.identity.name);
    let known = memory.pipeline.as_ref();
    let wanted = target.repository.files.digest();
    let outdated = match known {
        Some(known) => known.files != wanted,
        // Taken over: the newest pipeline speaks for what was there, not for what we committed since.
        None => memory
            .repository
            .as_ref()
            .is_some_and(|known| known.files == wanted),
    };
    let retried = is_retried(&target.scope, known);
    let mut result = Provisioning {
        state: provisioned(target, memory, &observed.pipeline),
        start: false,
        verdict: None,
    };
    match (result.state, &observed.pipeline) {
        // One at a time: state files have one lock, and half a run helps nobody.
        (Some(PipelineState::Running), _) => {}
        // Green, but what it should have built is not there: again when a person asks.
        (Some(PipelineState::Succeeded), _) => {
            result.start = outdated || (retried && is_incomplete(observed));
        }
        (Some(PipelineState::Failed), _) => result.start = outdated || retried,
        (None, Reading::Unreadable(failure)) => {
            result.verdict = Some(Verdict::from_failure(failure));
        }
        (None, Reading::Unread | Reading::Absent | Reading::Known(_)) => {
            let since = memory
                .repository
                .as_ref()
                .and_then(|_| committed_at(memory));
            let verdict = missing(&what, since, settings, now);
            let stuck = matches!(verdict, Verdict::Stalled(..));
            result.start = memory.repository.is_some() && (outdated || (stuck && retried));
            result.verdict = Some(verdict);
        }
    }
    if let Reading::Known(seen) = &observed.pipeline {
        result.verdict = pipeline_verdict(seen, &what, Reason::PipelineRunning, settings, now);
    }
    if result.start {
        result.verdict = Some(Verdict::Progressing(
            Reason::PipelineRunning,
            format!("starting {what}"),
        ));
    }
    result
}

/// Whether what the pipeline should have built is missing, as far as it could be looked at.
const fn is_incomplete(observed: &ProviderObserved) -> bool {
    matches!(observed.outputs, Reading::Absent)
        || matches!(observed.audit, Reading::Absent)
        || matches!(observed.cluster, Reading::Absent)
}

fn committed_at(memory: &EnvironmentProviderStatus) -> Option<Timestamp> {
    memory
        .conditions
        .iter()
        .find(|condition| {
            condition.type_ == ConditionType::RepositoryReady.as_str() && condition.status == "True"
        })
        .map(|condition| condition.last_transition_time.0)
}

impl Provisioning {
    fn claim(&self) -> Claim {
        let kind = ConditionType::Provisioned;
        match &self.verdict {
            None => Claim::new(
                kind,
                Truth::True,
                Reason::Succeeded,
                "the pipeline built what the spec asks for",
            ),
            Some(verdict) => {
                let (reason, message) = verdict.reason();
                let truth = if matches!(verdict, Verdict::Blocked(..)) {
                    Truth::Unknown
                } else {
                    Truth::False
                };
                Claim::new(kind, truth, reason, message)
            }
        }
    }
}

/// What the look from outside says, condition by condition.
fn look_claims(
    target: &ProviderTarget,
    observed: &ProviderObserved,
    state: Option<PipelineState>,
) -> Vec<Claim> {
    let pending = |kind| {
        Claim::new(
            kind,
            Truth::Unknown,
            Reason::DependencyNotReady,
            "not looked at before the pipeline succeeded",
        )
    };
    if state != Some(PipelineState::Succeeded) {
        return [
            ConditionType::RolesAssumable,
            ConditionType::AuditReady,
            ConditionType::RuntimeHealthy,
        ]
        .map(pending)
        .into();
    }
    let failed = failed_look;
    let roles = match &observed.session {
        Reading::Known(()) => Claim::new(
            ConditionType::RolesAssumable,
            Truth::True,
            Reason::Succeeded,
            "the controller assumes the operations role, pipelines the provisioning role",
        ),
        Reading::Unreadable(failure) => {
            failed(ConditionType::RolesAssumable, Reason::RoleDenied, failure)
        }
        Reading::Unread | Reading::Absent => pending(ConditionType::RolesAssumable),
    };
    let audit = match (&observed.outputs, &observed.audit) {
        (_, Reading::Known(())) => Claim::new(
            ConditionType::AuditReady,
            Truth::True,
            Reason::Succeeded,
            "the audit table accepts conditional writes",
        ),
        (_, Reading::Unreadable(failure)) => {
            failed(ConditionType::AuditReady, Reason::AuditUnavailable, failure)
        }
        (Reading::Unreadable(failure), _) => {
            failed(ConditionType::AuditReady, Reason::OutputsMissing, failure)
        }
        (Reading::Absent, _) => Claim::new(
            ConditionType::AuditReady,
            Truth::False,
            Reason::OutputsMissing,
            format!(
                "parameters below /{}/{}/ are missing in SSM although the pipeline succeeded; start it again with the annotation harmonix.io/retry",
                target.place.prefix, target.place.name
            ),
        ),
        (_, Reading::Absent) => Claim::new(
            ConditionType::AuditReady,
            Truth::False,
            Reason::AuditUnavailable,
            "the audit table does not exist; start the pipeline again with the annotation harmonix.io/retry",
        ),
        (Reading::Unread | Reading::Known(_), Reading::Unread) => {
            pending(ConditionType::AuditReady)
        }
    };
    let runtime = match &observed.cluster {
        Reading::Known(cluster) if cluster.status == "ACTIVE" => Claim::new(
            ConditionType::RuntimeHealthy,
            Truth::True,
            Reason::Succeeded,
            format!("the cluster {} is ACTIVE", cluster.name),
        ),
        Reading::Known(cluster) => Claim::new(
            ConditionType::RuntimeHealthy,
            Truth::False,
            Reason::ClusterNotActive,
            format!("the cluster {} is {}", cluster.name, cluster.status),
        ),
        Reading::Absent => Claim::new(
            ConditionType::RuntimeHealthy,
            Truth::False,
            Reason::ClusterNotActive,
            format!(
                "the cluster {} does not exist; start the pipeline again with the annotation harmonix.io/retry",
                target.place.cluster
            ),
        ),
        Reading::Unreadable(failure) => failed(
            ConditionType::RuntimeHealthy,
            Reason::AwsUnavailable,
            failure,
        ),
        Reading::Unread => pending(ConditionType::RuntimeHealthy),
    };
    vec![roles, audit, runtime]
}

/// The verdict of the look: settled only when every claim is true.
fn look_verdict(claims: &[Claim], observed: &ProviderObserved) -> Verdict {
    let failures = [
        observed.session.failure(),
        observed.outputs.failure(),
        observed.cluster.failure(),
        observed.audit.failure(),
    ];
    let backoff = failures
        .into_iter()
        .flatten()
        .find_map(|failure| match failure.kind {
            FailureKind::Throttled(after) => Some(Backoff::Exactly(after)),
            FailureKind::Retryable
            | FailureKind::Unsent
            | FailureKind::Conflict
            | FailureKind::Denied
            | FailureKind::Missing
            | FailureKind::Invalid => None,
        })
        .unwrap_or(Backoff::Growing);
    claims
        .iter()
        .filter(|claim| claim.truth != Truth::True)
        .find(|claim| claim.reason != Reason::DependencyNotReady)
        .or_else(|| claims.iter().find(|claim| claim.truth != Truth::True))
        .map_or(Verdict::Settled, |claim| {
            Verdict::Blocked(claim.reason, claim.message.clone(), backoff)
        })
}

fn start(target: &ProviderTarget, project: &str) -> Step {
    Step {
        action: Action::Provision {
            project: project.to_owned(),
            files: target.repository.files.digest(),
            retry: target.scope.retry.clone(),
        },
        ledger: target.place.name.clone(),
        effect: Effect::StartPipeline(PipelineStart {
            project: project.to_owned(),
            branch: DEFAULT_BRANCH.to_owned(),
            variables: vec![("HARMONIX_ACTION".into(), "provision".into())],
        }),
    }
}

/// A claim about a look that failed. An outage says nothing about what it looked at, and has its own
/// reason: what was ready stays ready through it.
fn failed_look(kind: ConditionType, reason: Reason, failure: &Failure) -> Claim {
    let (truth, reason) = match failure.kind {
        FailureKind::Retryable
        | FailureKind::Unsent
        | FailureKind::Throttled(_)
        | FailureKind::Conflict => (Truth::Unknown, reason_of(failure)),
        FailureKind::Denied | FailureKind::Missing | FailureKind::Invalid => (Truth::False, reason),
    };
    Claim::new(kind, truth, reason, failure.message.clone())
}
