//! Looks at builds, releases and roll-outs.

use serde::Deserialize;

use crate::api::{ApplicationStatus, ReleaseStatus, RepositoryStatus, RolloutStatus};
use crate::controllers::{Context, look};
use crate::domain::failure::{Failure, FailureKind, Party};
use crate::domain::forge::Pipeline;
use crate::domain::observed::ApplicationObserved;
use crate::domain::plan::{PipelineState, pipeline_state};
use crate::domain::reading::Reading;
use crate::domain::target::ApplicationTarget;

/// What a build leaves as `release.json`.
#[derive(Deserialize)]
struct ReleaseFile {
    commit: String,
    image: String,
}

/// Whether a pipeline builds.
fn is_build(pipeline: &Pipeline) -> bool {
    pipeline.name.starts_with("build ") || (pipeline.name.is_empty() && pipeline.source == "push")
}

/// The newest build. One that its commit asked to skip counts only where there is no other: that
/// is how our own commits look, and a developer's who knew what they wanted.
fn newest(recent: &[Pipeline]) -> Option<&Pipeline> {
    let builds = || recent.iter().filter(|pipeline| is_build(pipeline));
    builds()
        .find(|pipeline| pipeline.status != "skipped")
        .or_else(|| builds().next())
}

/// The newest commit that was pushed.
pub(super) fn pushed(recent: &[Pipeline]) -> Option<&Pipeline> {
    recent.iter().find(|pipeline| pipeline.source == "push")
}

/// Looks at the newest build, the newest release, pinned releases, and roll-outs.
pub(super) async fn look(
    target: &ApplicationTarget,
    memory: &ApplicationStatus,
    known: &RepositoryStatus,
    recent: &[Pipeline],
    observed: &mut ApplicationObserved,
    context: &Context,
) {
    observed.build = match newest(recent) {
        Some(pipeline) => {
            let told = memory.pipeline.as_ref();
            look::pipeline(&known.path, pipeline.clone(), told, context).await
        }
        None => Reading::Absent,
    };
    observed.gone = gone(memory, known, recent, context).await;
    let built = recent
        .iter()
        .find(|p| is_build(p) && pipeline_state(&p.status) == PipelineState::Succeeded);
    observed.release = match (built, &memory.release) {
        (Some(pipeline), Some(release)) if release.commit == pipeline.sha => {
            Reading::Known(release.clone())
        }
        (Some(pipeline), _) => release(target, known, pipeline, context).await,
        // Older than the list reaches, but remembered.
        (None, Some(release)) => Reading::Known(release.clone()),
        (None, None) => Reading::Absent,
    };
    for environment in &target.environments {
        let Some(commit) = &environment.pinned else {
            continue;
        };
        let remembered = memory
            .rollouts
            .iter()
            .any(|rollout| &rollout.release.commit == commit)
            || observed
                .release
                .known()
                .is_some_and(|release| &release.commit == commit);
        if !remembered {
            let reading = pinned(target, known, commit, context).await;
            observed.pinned.insert(commit.clone(), reading);
        }
    }
    for environment in &target.environments {
        let known = |r: &RolloutStatus| r.environment == environment.name;
        if memory.rollouts.iter().any(known) {
            continue;
        }
        // Of a lost cluster's object, or of one of this name that was let go.
        let name = format!("deploy {} ", environment.name);
        let under_way = recent.iter().find(|p| {
            p.name.starts_with(&name) && pipeline_state(&p.status) == PipelineState::Running
        });
        if let Some(pipeline) = under_way {
            let unknown = &mut observed.unknown;
            unknown.insert(environment.name.clone(), pipeline.clone());
        }
    }
    for rollout in &memory.rollouts {
        let reading = match &rollout.pipeline {
            Some(pipeline) => {
                look::remembered_pipeline(&known.path, pipeline, recent, context).await
            }
            None => Reading::Absent,
        };
        observed
            .rollouts
            .insert(rollout.environment.clone(), reading);
    }
}

/// The build that the status tells of, where it is newer than all there are and GitLab knows none of its number.
async fn gone(
    memory: &ApplicationStatus,
    known: &RepositoryStatus,
    recent: &[Pipeline],
    context: &Context,
) -> Option<i64> {
    let told = memory.pipeline.as_ref()?.id;
    if recent.iter().any(|pipeline| pipeline.id >= told) {
        return None;
    }
    let pipelines = &context.ports.pipelines;
    let found = Reading::<Pipeline>::from(pipelines.pipeline(&known.path, told).await);
    matches!(found, Reading::Absent).then_some(told)
}

async fn pinned(
    target: &ApplicationTarget,
    known: &RepositoryStatus,
    commit: &str,
    context: &Context,
) -> Reading<ReleaseStatus> {
    match context.ports.pipelines.of_commit(&known.path, commit).await {
        Ok(found) => {
            let built = found
                .iter()
                .find(|p| is_build(p) && pipeline_state(&p.status) == PipelineState::Succeeded);
            match built {
                Some(pipeline) => release(target, known, pipeline, context).await,
                None => Reading::Absent,
            }
        }
        Err(failure) => Reading::from(Err::<ReleaseStatus, _>(failure)),
    }
}

/// The release that a green build says it made. What it says must fit what we know.
async fn release(
    target: &ApplicationTarget,
    known: &RepositoryStatus,
    pipeline: &Pipeline,
    context: &Context,
) -> Reading<ReleaseStatus> {
    let pipelines = &context.ports.pipelines;
    let found = async {
        let jobs = pipelines.jobs(&known.path, pipeline.id).await?;
        let job = jobs
            .iter()
            .find(|job| job.name == "harmonix-build")
            .ok_or_else(|| unusable(pipeline, "it has no job harmonix-build"))?;
        let bytes = pipelines
            .artifact(&known.path, job.id, "release.json")
            .await?
            .ok_or_else(|| unusable(pipeline, "its job harmonix-build left no release.json"))?;
        let file: ReleaseFile = serde_json::from_slice(&bytes).map_err(|error| {
            unusable(pipeline, &format!("its release.json is damaged ({error})"))
        })?;
        let image = file.image.as_str();
        let (name, digest) = image.split_once("@sha256:").unwrap_or_default();
        let fits = file.commit == pipeline.sha
            && name.ends_with(&format!("/{}", target.image_repository))
            && digest.len() == 64
            && digest.bytes().all(|b| b.is_ascii_hexdigit());
        if !fits {
            return Err(unusable(
                pipeline,
                "its release.json names another commit or repository",
            ));
        }
        Ok(ReleaseStatus {
            commit: file.commit.clone(),
            image: image.to_owned(),
            pipeline_id: pipeline.id,
        })
    };
    match found.await {
        Ok(release) => Reading::Known(release),
        Err(failure) => Reading::Unreadable(failure),
    }
}

fn unusable(pipeline: &Pipeline, why: &str) -> Failure {
    Failure {
        party: Party::GitLab,
        kind: FailureKind::Invalid,
        message: format!(
            "the build of {} was green, but {why} ({}); build again with the annotation harmonix.io/retry, or push",
            pipeline.sha, pipeline.web_url
        ),
    }
}
