//! Environments and deployments that jobs make.

use jiff::Timestamp;

use super::super::model::{Data, Deployment, Environment, Job, Status};
use super::super::pipeline::tier;

/// A job for an environment started: the environment exists, and so does a running deployment.
pub fn started(data: &mut Data, job: u64, now: Timestamp) {
    let Some(job) = data.jobs.get(&job).cloned() else {
        return;
    };
    let Some(spec) = job.spec.environment.filter(|spec| spec.action == "start") else {
        return;
    };
    let known = data
        .environments
        .values()
        .find(|environment| {
            environment.project_id == job.project_id && environment.name == spec.name
        })
        .map(|environment| environment.id);
    let environment = known.unwrap_or_else(|| {
        let id = data.next_id();
        let environment = Environment {
            id,
            project_id: job.project_id,
            tier: tier(spec.tier.as_deref(), &spec.name),
            name: spec.name.clone(),
            external_url: spec.url.clone(),
            created_at: now,
            updated_at: now,
        };
        data.environments.insert(id, environment);
        id
    });
    let iid = data.projects.get_mut(&job.project_id).map_or(1, |project| {
        project.deployments += 1;
        project.deployments
    });
    let id = data.next_id();
    data.deployments.insert(
        id,
        Deployment {
            id,
            iid,
            project_id: job.project_id,
            environment_id: environment,
            job_id: job.id,
            status: Status::Running,
            created_at: now,
            updated_at: now,
        },
    );
}

/// A job ended: so did its deployment.
pub fn ended(data: &mut Data, job: &Job, now: Timestamp) {
    for deployment in data.deployments.values_mut().filter(|d| d.job_id == job.id) {
        deployment.status = job.status;
        deployment.updated_at = now;
    }
}
