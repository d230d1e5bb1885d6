//! A newer commit stops pipelines that it makes redundant, as the project and the configuration allow.

use std::io;

use super::super::super::instance::Instance;
use super::super::super::model::{Job, Project, Status};
use super::super::super::repository::Repository;

/// Stops older pipelines of the same ref whose commit is not its newest.
pub async fn redundant(
    instance: &Instance,
    project: &Project,
    newer: u64,
    repository: &Repository,
) -> io::Result<()> {
    if project
        .text_setting("auto_cancel_pending_pipelines")
        .as_deref()
        != Some("enabled")
    {
        return Ok(());
    }
    let Some(this) = instance
        .store
        .read(|data| data.pipelines.get(&newer).cloned())
    else {
        return Ok(());
    };
    let head = repository.resolve(&this.ref_name).await?;
    let stopped = instance.store.read(|data| {
        let mut stopped = Vec::new();
        for pipeline in data.pipelines.values() {
            let older = pipeline.project_id == project.id
                && pipeline.id < newer
                && pipeline.ref_name == this.ref_name
                && Some(&pipeline.sha) != head.as_ref()
                && !pipeline.status.is_complete();
            if older {
                let jobs: Vec<&Job> = data.latest_jobs(pipeline.id).collect();
                stopped.extend(chosen(&pipeline.auto_cancel, &jobs));
            }
        }
        stopped
    });
    for job in stopped {
        instance.engine.cancel_job(instance, job);
    }
    Ok(())
}

fn chosen(policy: &str, jobs: &[&Job]) -> Vec<u64> {
    let open = jobs.iter().filter(|job| !job.status.is_complete());
    let started = |job: &&&Job| match job.status {
        Status::Running | Status::Success | Status::Failed => true,
        Status::Created
        | Status::WaitingForResource
        | Status::Pending
        | Status::Canceled
        | Status::Skipped
        | Status::Manual => false,
    };
    match policy {
        "none" => Vec::new(),
        "interruptible" => open
            .filter(|job| job.spec.interruptible)
            .map(|job| job.id)
            .collect(),
        // Once a job that must not be stopped has started, everything goes on.
        _ if jobs
            .iter()
            .any(|job| started(&job) && !job.spec.interruptible) =>
        {
            Vec::new()
        }
        _ => open.map(|job| job.id).collect(),
    }
}
