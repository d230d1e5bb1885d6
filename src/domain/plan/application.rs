//! The plan of an Application: repository, build, then one environment after the other.

use jiff::Timestamp;

use crate::api::ApplicationStatus;
use crate::api::condition::{ConditionType, Reason};
use crate::domain::condition::{Claim, Truth};
use crate::domain::failure::FailureKind;
use crate::domain::forge::PipelineStart;
use crate::domain::intent::Action;
use crate::domain::observed::ApplicationObserved;
use crate::domain::reading::Reading;
use crate::domain::settings::Settings;
use crate::domain::step::{Effect, Step};
use crate::domain::target::{ApplicationTarget, DEFAULT_BRANCH, Mode};
use crate::domain::verdict::Verdict;

use super::pipeline::{PipelineState, missing, pipeline_state, verdict as pipeline_verdict};
use super::repository::{claim as repository_claim, repository};
use super::rollout::{self, Rollouts};
use super::{Plan, effects, is_retried};

/// Decides about an application. `memory` is its status, with everything done so far absorbed.
pub fn application(
    target: &ApplicationTarget,
    memory: &ApplicationStatus,
    observed: &ApplicationObserved,
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
            &target.home.name,
        );
        return effects::after_what_was_lost(plan, &observed.effects, settings, now);
    }
    plan.claims.push(Claim::new(
        ConditionType::Accepted,
        Truth::True,
        Reason::Valid,
        "the spec is valid and everything it names may be used",
    ));
    let decision = repository(
        scope,
        &target.repository,
        memory.repository.as_ref(),
        &observed.repository,
        &target.home.name,
        &settings.key,
    );
    plan.claims
        .push(repository_claim(&decision, memory.repository.as_ref()));
    let build = build(target, memory, observed, settings, now);
    plan.claims.push(build.claim());
    let rollouts = rollout::decide(target, memory, observed, settings, now);
    plan.claims.push(rollouts.claim());
    plan.verdict = say(&build, &rollouts);
    let obstacle = effects::obstacle(
        settlement.hold,
        &plan.settled,
        scope.mode,
        memory.effects.as_ref(),
    );
    let obstacle = obstacle.or_else(|| {
        (!target.home.ready).then(|| {
            Verdict::Waiting(
                Reason::DependencyNotReady,
                format!(
                    "the EnvironmentProvider {} is not ready; its own status says why",
                    target.home.name
                ),
            )
        })
    });
    if let Some(verdict) = obstacle {
        plan.verdict = verdict;
        return plan;
    }
    if !decision.take(&mut plan) {
        return effects::after_what_was_lost(plan, &observed.effects, settings, now);
    }
    if let (true, Some(known)) = (build.start, &memory.repository) {
        plan.steps.push(start_build(target, &known.path));
    }
    plan.steps.extend(rollouts.steps);
    effects::after_what_was_lost(plan, &observed.effects, settings, now)
}

/// Where the newest build stands.
struct Build {
    start: bool,
    verdict: Option<Verdict>,
    /// Whether any release exists, so that a failed newer build leaves something to run.
    released: bool,
}

fn build(
    target: &ApplicationTarget,
    memory: &ApplicationStatus,
    observed: &ApplicationObserved,
    settings: &Settings,
    now: Timestamp,
) -> Build {
    let what = "the build";
    let retried = is_retried(&target.scope, memory.pipeline.as_ref());
    let released = observed.release.known().is_some();
    let (start, verdict) = match &observed.build {
        Reading::Unreadable(failure) => (false, Some(Verdict::from_failure(failure))),
        Reading::Unread => (
            false,
            Some(Verdict::Progressing(
                Reason::Creating,
                "the repository comes first".into(),
            )),
        ),
        // Older than GitLab's list reaches: what the status remembers of it stands.
        Reading::Absent
            if memory
                .pipeline
                .as_ref()
                .is_some_and(|p| p.status == "success")
                && released =>
        {
            (false, None)
        }
        Reading::Absent => {
            let since = memory
                .conditions
                .iter()
                .find(|c| c.type_ == ConditionType::RepositoryReady.as_str() && c.status == "True")
                .map(|c| c.last_transition_time.0);
            let verdict = missing(what, since, settings, now);
            (
                matches!(verdict, Verdict::Stalled(..)) && retried,
                Some(verdict),
            )
        }
        Reading::Known(seen) => {
            let failed = match pipeline_state(&seen.pipeline.status) {
                PipelineState::Running => false,
                PipelineState::Succeeded => is_unusable(observed),
                PipelineState::Failed => true,
            };
            let verdict = pipeline_verdict(seen, what, Reason::PipelineRunning, settings, now)
                .or_else(|| observed.release.failure().map(Verdict::from_failure));
            (failed && retried, verdict)
        }
    };
    let verdict = if start {
        Some(Verdict::Progressing(
            Reason::PipelineRunning,
            "starting the build again".into(),
        ))
    } else {
        verdict
    };
    Build {
        start,
        verdict,
        released,
    }
}

/// Whether a green build left nothing that can be deployed.
pub(crate) fn is_unusable(observed: &ApplicationObserved) -> bool {
    let failure = observed.release.failure();
    failure.is_some_and(|failure| failure.kind == FailureKind::Invalid)
}

impl Build {
    fn claim(&self) -> Claim {
        let kind = ConditionType::PipelineSucceeded;
        match &self.verdict {
            None => Claim::new(
                kind,
                Truth::True,
                Reason::Succeeded,
                "the newest commit was built",
            ),
            Some(verdict) => {
                let (reason, message) = verdict.reason();
                let truth = match verdict {
                    Verdict::Blocked(..) | Verdict::Progressing(..) => Truth::Unknown,
                    Verdict::Settled
                    | Verdict::Waiting(..)
                    | Verdict::Stalled(..)
                    | Verdict::Suspended => Truth::False,
                };
                Claim::new(kind, truth, reason, message)
            }
        }
    }
}

/// What to say of build and roll-outs together. Before the first release only the build counts.
fn say(build: &Build, rollouts: &Rollouts) -> Verdict {
    match &build.verdict {
        Some(verdict) if !build.released => verdict.clone(),
        Some(verdict) => verdict.clone().or_worse(rollouts.verdict.clone()),
        None => rollouts.verdict.clone(),
    }
}

fn start_build(target: &ApplicationTarget, project: &str) -> Step {
    Step {
        action: Action::Build {
            project: project.to_owned(),
            retry: target.scope.retry.clone(),
        },
        ledger: target.home.name.clone(),
        effect: Effect::StartPipeline(PipelineStart {
            project: project.to_owned(),
            branch: DEFAULT_BRANCH.to_owned(),
            variables: vec![
                ("HARMONIX_ACTION".into(), "build".into()),
                ("HARMONIX_ENVIRONMENT".into(), "-".into()),
            ],
        }),
    }
}
