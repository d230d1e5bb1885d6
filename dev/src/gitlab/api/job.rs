//! Jobs.

use std::collections::BTreeMap;

use http::{StatusCode, header};
use serde_json::{Value, json};

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::executor;
use super::super::model::{Data, Job, Project, Role, Status};
use super::super::moment;
use super::super::page::Page;
use super::super::repository::Commit;
use super::{commit, pipeline, runner, user};

fn body(call: &Call, project: &Project, job: &Job, at: &Commit) -> Value {
    let url = call.instance.url.as_str();
    call.instance.store.read(|data| {
        let found = data.pipelines.get(&job.pipeline_id);
        let size: u64 = job.artifacts.iter().map(|file| file.size).sum();
        let mut files = Vec::new();
        if !job.artifacts.is_empty() {
            files.push(json!({
                "file_type": "archive", "size": size, "filename": "artifacts.zip", "file_format": "zip",
            }));
        }
        if job.started_at.is_some() {
            let size = trace_path(call, job.id).metadata().map_or(0, |file| file.len());
            files.push(json!({
                "file_type": "trace", "size": size, "filename": "job.log", "file_format": null,
            }));
        }
        let ran = job.started_at.map(|from| moment::seconds(from, job.finished_at.unwrap_or_else(moment::now)));
        let queued = job.queued_at.map(|from| moment::seconds(from, job.started_at.unwrap_or_else(moment::now)));
        let mut answer = json!({
            "id": job.id,
            "status": job.status.word(),
            "stage": job.spec.stage,
            "name": job.spec.name,
            "ref": found.map(|found| &found.ref_name),
            "tag": found.is_some_and(|found| found.tag),
            "coverage": null,
            "allow_failure": job.allow_failure,
            "created_at": moment::text(job.created_at),
            "started_at": job.started_at.map(moment::text),
            "finished_at": job.finished_at.map(moment::text),
            "erased_at": null,
            "duration": ran,
            "queued_duration": queued,
            "user": user::by_name(url, data, &job.user),
            "commit": commit::body(call, project, at, false),
            "pipeline": found.map(|found| pipeline::basic(url, project, found)),
            "web_url": format!("{url}/{}/-/jobs/{}", project.full_path, job.id),
            "project": { "ci_job_token_scope_enabled": false },
            "artifacts": files,
            "runner": job.started_at.map(|_| runner::body()),
            "runner_manager": null,
            "artifacts_expire_at": null,
            "archived": false,
            "tag_list": job.spec.tags,
        });
        if let Value::Object(answer) = &mut answer {
            // GitLab leaves both out where there is nothing to say.
            if let Some(reason) = &job.failure_reason {
                answer.insert("failure_reason".into(), json!(reason));
            }
            if !job.artifacts.is_empty() {
                answer.insert("artifacts_file".into(), json!({ "filename": "artifacts.zip", "size": size }));
            }
        }
        answer
    })
}

fn trace_path(call: &Call, job: u64) -> std::path::PathBuf {
    call.instance.job_folder(job).join("trace.log")
}

async fn bodies(call: &Call, project: &Project, jobs: Vec<Job>) -> Result<Vec<Value>, Answer> {
    let repository = call.repository(project);
    let mut known: BTreeMap<String, Commit> = BTreeMap::new();
    let mut bodies = Vec::new();
    for job in jobs {
        let pipelines = |data: &Data| data.pipelines.get(&job.pipeline_id).map(|p| p.sha.clone());
        let sha = call.instance.store.read(pipelines).unwrap_or_default();
        let at = match known.get(&sha) {
            Some(at) => at.clone(),
            None => repository.commit_at(&sha).await?.unwrap_or_default(),
        };
        bodies.push(body(call, project, &job, &at));
        known.insert(sha, at);
    }
    Ok(bodies)
}

fn in_scope(call: &Call, job: &Job) -> bool {
    let scope = call.params.texts("scope");
    scope.is_empty() || scope.iter().any(|word| word == job.status.word())
}

/// `GET /projects/:id/pipelines/:pipeline_id/jobs`
pub async fn of_pipeline(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let page = Page::asked(&call.params)?;
    let id = call.part("pipeline_id").parse::<u64>();
    let id = id.map_err(|_| Answer::bad_parameter("pipeline_id is invalid"))?;
    let retried = call.params.flag("include_retried").unwrap_or(false);
    let jobs = call.instance.store.read(|data| {
        data.pipelines
            .get(&id)
            .filter(|pipeline| pipeline.project_id == project.id)?;
        let jobs = data
            .jobs
            .values()
            .rev()
            .filter(|job| job.pipeline_id == id && (retried || !job.retried));
        Some(
            jobs.filter(|job| in_scope(&call, job))
                .cloned()
                .collect::<Vec<_>>(),
        )
    });
    let jobs = jobs.ok_or_else(|| Answer::not_found(""))?;
    Ok(page.of(
        bodies(&call, &project, jobs).await?,
        &call.address,
        &call.params,
    ))
}

/// `GET /projects/:id/jobs`
pub async fn of_project(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let page = Page::asked(&call.params)?;
    let jobs = call.instance.store.read(|data| {
        let jobs = data
            .jobs
            .values()
            .rev()
            .filter(|job| job.project_id == project.id && !job.retried);
        jobs.filter(|job| in_scope(&call, job)).cloned().collect()
    });
    Ok(page.of(
        bodies(&call, &project, jobs).await?,
        &call.address,
        &call.params,
    ))
}

/// Answers the job that the path names.
fn named(call: &Call, project: &Project) -> Result<Job, Answer> {
    let id = call
        .part("job_id")
        .parse::<u64>()
        .map_err(|_| Answer::bad_parameter("job_id is invalid"))?;
    let found = call.instance.store.read(|data| data.jobs.get(&id).cloned());
    found
        .filter(|job| job.project_id == project.id)
        .ok_or_else(|| Answer::not_found(""))
}

async fn shown(call: &Call, project: &Project, id: u64, status: StatusCode) -> Reply {
    let job = call.instance.store.read(|data| data.jobs.get(&id).cloned());
    let job = job.ok_or_else(|| Answer::not_found(""))?;
    let mut bodies = bodies(call, project, vec![job]).await?;
    Ok(Answer::json(status, &bodies.pop().unwrap_or_default()).with_detail("job", id))
}

/// `GET /projects/:id/jobs/:job_id`
pub async fn get(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let job = named(&call, &project)?;
    shown(&call, &project, job.id, StatusCode::OK).await
}

/// `GET /projects/:id/jobs/:job_id/trace`
pub async fn trace(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let job = named(&call, &project)?;
    let log = match std::fs::read(trace_path(&call, job.id)) {
        Ok(log) => log,
        // A job that has not started has an empty log.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(Answer::bytes(StatusCode::OK, "text/plain", log))
}

/// `POST /projects/:id/jobs/:job_id/retry`
pub async fn retry(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let job = named(&call, &project)?;
    let user = call.actor.known()?.username.clone();
    let retryable = !job.retried
        && matches!(
            job.status,
            Status::Success | Status::Failed | Status::Canceled
        );
    let copy = match retryable {
        true => call
            .instance
            .engine
            .retry_job(&call.instance, job.id, &user),
        false => None,
    };
    let copy = copy.ok_or_else(|| Answer::forbidden(Some("Job is not retryable")))?;
    shown(&call, &project, copy, StatusCode::CREATED).await
}

/// `POST /projects/:id/jobs/:job_id/play`
pub async fn play(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let job = named(&call, &project)?;
    if job.status != Status::Manual {
        return Err(Answer::bad_request("Unplayable Job"));
    }
    let user = call.actor.known()?.username.clone();
    call.instance.engine.play_job(&call.instance, job.id, &user);
    shown(&call, &project, job.id, StatusCode::OK).await
}

/// `POST /projects/:id/jobs/:job_id/cancel`
pub async fn cancel(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let job = named(&call, &project)?;
    call.instance.engine.cancel_job(&call.instance, job.id);
    shown(&call, &project, job.id, StatusCode::CREATED).await
}

/// `GET /projects/:id/jobs/:job_id/artifacts`
pub async fn artifacts(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let job = named(&call, &project)?;
    if job.artifacts.is_empty() {
        return Err(Answer::not_found(""));
    }
    let packed = executor::archive(&call.instance, job.id, &job.artifacts)?;
    Ok(
        Answer::bytes(StatusCode::OK, "application/zip", packed).with_header(
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"artifacts.zip\"",
        ),
    )
}

/// `GET /projects/:id/jobs/:job_id/artifacts/*artifact_path`
pub async fn artifact(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let job = named(&call, &project)?;
    let path = call.part("artifact_path");
    if !job.artifacts.iter().any(|file| file.path == path) {
        return Err(Answer::not_found(""));
    }
    let content = executor::artifact_file(&call.instance, job.id, path)?;
    let kind = if path.ends_with(".json") {
        "application/json"
    } else {
        "application/octet-stream"
    };
    Ok(Answer::bytes(StatusCode::OK, kind, content))
}
