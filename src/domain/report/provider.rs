//! The report on an EnvironmentProvider.

use crate::api::EnvironmentProviderStatus;
use crate::api::condition::ConditionType;
use crate::domain::condition::{Claim, Truth, shorten};
use crate::domain::observed::ProviderObserved;
use crate::domain::plan::Plan;
use crate::domain::target::{Blocked, ProviderTarget};
use crate::domain::verdict::Verdict;

use super::memory::settled_word;
use super::project::recognise;
use super::readiness::{Serving, conditions};
use super::{Report, Telling};

/// What is told of a provider with a target.
pub fn provider(
    target: &ProviderTarget,
    mut memory: EnvironmentProviderStatus,
    observed: &ProviderObserved,
    plan: &Plan,
    telling: &Telling<'_>,
) -> Report<EnvironmentProviderStatus> {
    memory.external_id.clone_from(&target.place.external_id);
    memory.template = Some(target.template.clone());
    memory.environments = target.environments.iter().take(64).cloned().collect();
    // Files that are remembered without a pipeline are provisioned: while nobody knows whether they were,
    // they are not remembered either.
    if observed.pipeline.is_certain()
        && recognise(
            &mut memory.repository,
            &target.repository,
            &observed.repository,
        )
        && observed.pipeline.known().is_some()
    {
        let status = memory.pipeline.get_or_insert_default();
        status.files = target.repository.files.digest();
    }
    // What was seen is older than what was done since: a pipeline that this pass started stays.
    if let (Some(status), Some(seen)) = (&mut memory.pipeline, observed.pipeline.known())
        && seen.pipeline.id >= status.id
    {
        status.id = seen.pipeline.id;
        settled_word(&seen.pipeline.status).clone_into(&mut status.status);
        status.sha.clone_from(&seen.pipeline.sha);
        status.web_url.clone_from(&seen.pipeline.web_url);
        status.failed_jobs = seen
            .jobs
            .iter()
            .filter(|job| job.status == "failed")
            .map(|job| shorten(&job.name, 255))
            .take(16)
            .collect();
    }
    // What a person asked for is there: the same annotation must not start anything later.
    if matches!(plan.verdict, Verdict::Settled)
        && let Some(status) = &mut memory.pipeline
    {
        status.retry.clone_from(&target.scope.retry);
    }
    finish(
        memory,
        plan.claims.clone(),
        plan.verdict.clone(),
        Serving::Before,
        telling,
    )
}

/// What is told of a provider without one.
pub fn blocked_provider(
    memory: EnvironmentProviderStatus,
    blocked: &Blocked,
    telling: &Telling<'_>,
) -> Report<EnvironmentProviderStatus> {
    let (claim, verdict) = refusal(blocked);
    finish(memory, vec![claim], verdict, Serving::Nothing, telling)
}

/// `Accepted=False`, and the verdict that goes with it.
pub(super) fn refusal(blocked: &Blocked) -> (Claim, Verdict) {
    let claim = Claim::new(
        ConditionType::Accepted,
        Truth::False,
        blocked.reason,
        blocked.message.clone(),
    );
    let verdict = if blocked.stalled {
        Verdict::Stalled(blocked.reason, blocked.message.clone())
    } else {
        Verdict::Waiting(blocked.reason, blocked.message.clone())
    };
    (claim, verdict)
}

fn finish(
    mut memory: EnvironmentProviderStatus,
    claims: Vec<Claim>,
    verdict: Verdict,
    serving: Serving,
    telling: &Telling<'_>,
) -> Report<EnvironmentProviderStatus> {
    memory.observed_generation = Some(telling.generation);
    memory.conditions = conditions(telling, claims, &verdict, serving);
    Report {
        notice: telling.notice(&memory.conditions, &verdict),
        requeue: Some(telling.requeue(&verdict)),
        status: memory,
        verdict,
    }
}
