//! Writes a new pipeline and its jobs down.

use super::super::super::instance::Instance;
use super::super::super::model::{Data, Job, Pipeline, Status};
use super::super::super::moment;
use super::super::super::repository::ZEROS;
use super::super::JobSpec;
use super::{Plan, Request, Start};

/// Writes a pipeline down; without a plan it has no jobs and is over at once.
pub fn insert(
    instance: &Instance,
    request: &Request,
    plan: Option<Plan>,
    status: Status,
    yaml_errors: Option<String>,
) -> u64 {
    let now = moment::now();
    instance.store.write(|data| {
        let id = data.next_id();
        let iid = data
            .projects
            .get_mut(&request.project.id)
            .map_or(1, |project| {
                project.pipelines += 1;
                project.pipelines
            });
        let (before_sha, variables) = match &request.start {
            Start::Push { before } => (before.clone(), Vec::new()),
            Start::Api { variables } => (ZEROS.into(), variables.clone()),
        };
        let mut pipeline = Pipeline {
            id,
            iid,
            project_id: request.project.id,
            sha: request.sha.clone(),
            ref_name: request.ref_name.clone(),
            tag: request.tag,
            before_sha,
            source: request.start.word().into(),
            name: None,
            yaml_errors,
            status,
            user: request.user.username.clone(),
            variables,
            root_variables: Vec::new(),
            stages: Vec::new(),
            auto_cancel: "conservative".into(),
            created_at: now,
            updated_at: now,
            started_at: None,
            finished_at: status.is_complete().then_some(now),
        };
        if let Some(plan) = plan {
            pipeline.name = plan.name;
            pipeline.root_variables = plan.root;
            pipeline.auto_cancel = plan.auto_cancel;
            pipeline.stages = plan.config.stages;
            // GitLab numbers jobs by stage, then in the order written.
            let mut jobs: Vec<(usize, JobSpec)> = plan
                .jobs
                .into_iter()
                .map(|spec| {
                    (
                        pipeline
                            .stages
                            .iter()
                            .position(|stage| *stage == spec.stage)
                            .unwrap_or(0),
                        spec,
                    )
                })
                .collect();
            jobs.sort_by_key(|(stage, _)| *stage);
            for (stage_index, spec) in jobs {
                let job = job(data, &pipeline, stage_index, spec);
                data.jobs.insert(job.id, job);
            }
        }
        data.pipelines.insert(id, pipeline);
        id
    })
}

fn job(data: &mut Data, pipeline: &Pipeline, stage_index: usize, spec: JobSpec) -> Job {
    Job {
        id: data.next_id(),
        pipeline_id: pipeline.id,
        project_id: pipeline.project_id,
        status: Status::Created,
        allow_failure: spec.allow_failure,
        stage_index,
        retried: false,
        attempt: 0,
        user: pipeline.user.clone(),
        token: None,
        failure_reason: None,
        exit_code: None,
        created_at: pipeline.created_at,
        queued_at: None,
        started_at: None,
        finished_at: None,
        artifacts: Vec::new(),
        dotenv: Default::default(),
        spec,
    }
}
