//! The report on an Application.

use crate::api::{
    ApplicationStatus, DeploymentState, DeploymentStatus, JobStatus, PipelineStatus, ServiceStatus,
};
use crate::domain::condition::{Claim, shorten};
use crate::domain::observed::{ApplicationObserved, PipelineSeen};
use crate::domain::plan::{Plan, is_unusable, rollouts};
use crate::domain::reading::Reading;
use crate::domain::target::{ApplicationTarget, Blocked, DeploymentTarget, EnvironmentTarget};
use crate::domain::verdict::Verdict;

use super::memory::settled_word;
use super::project::{is_as_wanted, recognise};
use super::provider::refusal;
use super::readiness::{Serving, conditions};
use super::{Report, Telling};

/// What is told of an application with a target.
pub fn application(
    target: &ApplicationTarget,
    mut memory: ApplicationStatus,
    observed: &ApplicationObserved,
    plan: &Plan,
    telling: &Telling<'_>,
) -> Report<ApplicationStatus> {
    let states = rollouts(target, &memory, observed, telling.settings, telling.now).environments;
    memory.home.clone_from(&target.home.name);
    if let (Some(known), Some(pushed)) = (&mut memory.repository, &observed.repository.pushed) {
        // Looked at, and nothing to correct; until then it is looked at again.
        if is_as_wanted(&target.repository, &observed.repository) {
            known.head.clone_from(pushed);
        }
    }
    memory.template = Some(target.template.clone());
    recognise(
        &mut memory.repository,
        &target.repository,
        &observed.repository,
    );
    // What was seen is older than what was done since: a pipeline that this pass started stays.
    if let Some(seen) = observed.build.known() {
        let before = memory.pipeline.take().unwrap_or_default();
        let is_newer = seen.pipeline.id >= before.id || observed.gone == Some(before.id);
        memory.pipeline = Some(if is_newer {
            pipeline(seen, before)
        } else {
            before
        });
    }
    answer(target, &mut memory, &states, observed);
    if let Some(release) = observed.release.known() {
        memory.release = Some(release.clone());
    }
    memory.rollouts.retain(|rollout| {
        target
            .environments
            .iter()
            .any(|e| e.name == rollout.environment)
    });
    for rollout in &mut memory.rollouts {
        let seen = observed
            .rollouts
            .get(&rollout.environment)
            .and_then(Reading::known);
        if let (Some(seen), Some(before)) = (seen, &rollout.pipeline)
            && seen.pipeline.id == before.id
        {
            rollout.pipeline = Some(pipeline(seen, before.clone()));
        }
    }
    memory.deployments = target
        .environments
        .iter()
        .flat_map(|environment| {
            let state = states.iter().find(|(name, ..)| name == &environment.name);
            let memory = &memory;
            environment.deployments.iter().map(move |deployment| {
                let state = state.map(|(_, state, verdict)| (*state, verdict));
                deployment_status(environment, deployment, state, memory, observed)
            })
        })
        .collect();
    memory.summary = shorten(
        &states
            .iter()
            .map(|(name, state, _)| format!("{name}:{}", state.as_str()))
            .collect::<Vec<_>>()
            .join(" "),
        1000,
    );
    let serving = if memory
        .deployments
        .iter()
        .all(|d| d.service.as_ref().is_some_and(|s| s.running >= s.desired))
    {
        Serving::Before
    } else {
        Serving::Nothing
    };
    finish(
        memory,
        plan.claims.clone(),
        plan.verdict.clone(),
        serving,
        telling,
    )
}

/// What a person asked for is there: the same annotation must not start anything later.
fn answer(
    target: &ApplicationTarget,
    memory: &mut ApplicationStatus,
    states: &[(String, DeploymentState, Verdict)],
    observed: &ApplicationObserved,
) {
    let retry = &target.scope.retry;
    // Where nobody could look, a newer build may have failed: perhaps it is that which is to be tried again.
    if let Some(pipeline) = &mut memory.pipeline
        && pipeline.status == "success"
        && observed.build.is_certain()
        && !is_unusable(observed)
    {
        pipeline.retry.clone_from(retry);
    }
    for (name, _, verdict) in states {
        let rollouts = memory.rollouts.iter_mut();
        let mut own = rollouts.filter(|rollout| &rollout.environment == name);
        if let (Verdict::Settled, Some(pipeline)) = (
            verdict,
            own.next().and_then(|rollout| rollout.pipeline.as_mut()),
        ) {
            pipeline.retry.clone_from(retry);
        }
    }
}

/// What is told of an application without one.
pub fn blocked_application(
    memory: ApplicationStatus,
    blocked: &Blocked,
    telling: &Telling<'_>,
) -> Report<ApplicationStatus> {
    let (claim, verdict) = refusal(blocked);
    finish(memory, vec![claim], verdict, Serving::Nothing, telling)
}

fn finish(
    mut memory: ApplicationStatus,
    claims: Vec<Claim>,
    verdict: Verdict,
    serving: Serving,
    telling: &Telling<'_>,
) -> Report<ApplicationStatus> {
    memory.observed_generation = Some(telling.generation);
    memory.conditions = conditions(telling, claims, &verdict, serving);
    Report {
        notice: telling.notice(&memory.conditions, &verdict),
        requeue: Some(telling.requeue(&verdict)),
        status: memory,
        verdict,
    }
}

/// The pipeline as the status keeps it; what was remembered of it stays.
fn pipeline(seen: &PipelineSeen, before: PipelineStatus) -> PipelineStatus {
    let same = before.id == seen.pipeline.id;
    PipelineStatus {
        id: seen.pipeline.id,
        status: settled_word(&seen.pipeline.status).to_owned(),
        sha: seen.pipeline.sha.clone(),
        web_url: seen.pipeline.web_url.clone(),
        failed_jobs: seen
            .jobs
            .iter()
            .filter(|job| job.status == "failed")
            .map(|job| shorten(&job.name, 255))
            .take(16)
            .collect(),
        intent: if same { before.intent } else { String::new() },
        // A push answers no annotation, but an annotation that was answered stays answered.
        retry: before.retry,
        files: before.files,
    }
}

fn deployment_status(
    environment: &EnvironmentTarget,
    deployment: &DeploymentTarget,
    state: Option<(DeploymentState, &Verdict)>,
    memory: &ApplicationStatus,
    observed: &ApplicationObserved,
) -> DeploymentStatus {
    let place = &deployment.place.name;
    let before = memory
        .deployments
        .iter()
        .find(|d| d.environment == environment.name && &d.provider == place)
        .cloned()
        .unwrap_or_default();
    let (state, verdict) = state.map_or((DeploymentState::Waiting, None), |(s, v)| (s, Some(v)));
    let message = match verdict {
        None | Some(Verdict::Settled) => String::new(),
        Some(verdict) => shorten(verdict.reason().1, 2000),
    };
    let mut status = DeploymentStatus {
        environment: environment.name.clone(),
        provider: place.clone(),
        state,
        message,
        log_group: deployment.log_group.clone(),
        ..before
    };
    let key = (environment.name.clone(), place.clone());
    if let Some(service) = observed.services.get(&key).and_then(Reading::known) {
        let tag = |name: &str| service.tags.get(name).cloned().unwrap_or_default();
        status.revision = tag("harmonix:release");
        status.configuration = tag("harmonix:configuration");
        status.endpoint = tag("harmonix:endpoint");
        status.image.clone_from(&service.image);
        status.service = Some(ServiceStatus {
            desired: service.desired,
            running: service.running,
            pending: service.pending,
            rollout: service.rollout.clone(),
        });
    }
    if let Some(seen) = observed
        .rollouts
        .get(&environment.name)
        .and_then(Reading::known)
    {
        let name = format!("harmonix-deploy-{}-{place}", environment.name);
        if let Some(job) = seen.jobs.iter().find(|job| job.name == name) {
            status.job = Some(JobStatus {
                id: job.id,
                status: job.status.clone(),
                web_url: job.web_url.clone(),
            });
        }
    }
    status
}
