//! Pipelines.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::model::{Data, Pipeline, Project, Role, Status, Variable};
use super::super::moment;
use super::super::page::Page;
use super::super::pipeline::{self, Created, Request, Start};
use super::user;

/// Answers a pipeline as lists show it.
pub fn basic(url: &str, project: &Project, pipeline: &Pipeline) -> Value {
    json!({
        "id": pipeline.id,
        "iid": pipeline.iid,
        "project_id": pipeline.project_id,
        "sha": pipeline.sha,
        "ref": pipeline.ref_name,
        "status": pipeline.status.word(),
        "source": pipeline.source,
        "created_at": moment::text(pipeline.created_at),
        "updated_at": moment::text(pipeline.updated_at),
        "web_url": format!("{url}/{}/-/pipelines/{}", project.full_path, pipeline.id),
    })
}

fn with_name(mut body: Value, pipeline: &Pipeline) -> Value {
    if let Value::Object(body) = &mut body {
        body.insert("name".into(), json!(pipeline.name));
    }
    body
}

fn full(call: &Call, data: &Data, project: &Project, pipeline: &Pipeline) -> Value {
    let url = call.instance.url.as_str();
    let mut body = basic(url, project, pipeline);
    let label = match pipeline.status {
        Status::Success => "passed",
        Status::Created
        | Status::WaitingForResource
        | Status::Pending
        | Status::Running
        | Status::Failed
        | Status::Canceled
        | Status::Skipped
        | Status::Manual => pipeline.status.word(),
    };
    let more = json!({
        "before_sha": pipeline.before_sha,
        "tag": pipeline.tag,
        "yaml_errors": pipeline.yaml_errors,
        "user": user::by_name(url, data, &pipeline.user),
        "started_at": pipeline.started_at.map(moment::text),
        "finished_at": pipeline.finished_at.map(moment::text),
        "committed_at": null,
        "duration": pipeline.started_at.zip(pipeline.finished_at).map(|(from, to)| moment::seconds(from, to).round() as u64),
        "queued_duration": pipeline.started_at.map(|to| moment::seconds(pipeline.created_at, to).round() as u64),
        "coverage": null,
        "detailed_status": {
            "icon": format!("status_{}", pipeline.status.word()),
            "text": label,
            "label": label,
            "group": pipeline.status.word(),
            "tooltip": label,
            "has_details": true,
            "details_path": format!("/{}/-/pipelines/{}", project.full_path, pipeline.id),
            "illustration": null,
            "favicon": format!("/assets/ci_favicons/favicon_status_{}.png", pipeline.status.word()),
        },
    });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

/// Answers the pipeline that the path names.
fn named(call: &Call, project: &Project) -> Result<Pipeline, Answer> {
    let id = call.part("pipeline_id").parse::<u64>();
    let id = id.map_err(|_| Answer::bad_parameter("pipeline_id is invalid"))?;
    let found = call
        .instance
        .store
        .read(|data| data.pipelines.get(&id).cloned());
    found
        .filter(|pipeline| pipeline.project_id == project.id)
        .ok_or_else(|| Answer::not_found("Pipeline").with_detail("pipeline", id))
}

fn shown(call: &Call, project: &Project, id: u64, status: StatusCode) -> Reply {
    call.instance.store.read(|data| {
        let pipeline = data
            .pipelines
            .get(&id)
            .ok_or_else(|| Answer::not_found("Pipeline"))?;
        let body = with_name(full(call, data, project, pipeline), pipeline);
        Ok(Answer::json(status, &body).with_detail("pipeline", id))
    })
}

/// `GET /projects/:id/pipelines`
pub async fn list(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let page = Page::asked(&call.params)?;
    let text = |name: &str| call.params.text(name);
    let time = |name: &str| match text(name).map(|text| text.parse::<jiff::Timestamp>()) {
        None => Ok(None),
        Some(Ok(time)) => Ok(Some(time)),
        Some(Err(_)) => Err(Answer::bad_parameter(format!("{name} is invalid"))),
    };
    let (updated_after, updated_before) = (time("updated_after")?, time("updated_before")?);
    let (created_after, created_before) = (time("created_after")?, time("created_before")?);
    let same = |name: &str, value: &str| text(name).is_none_or(|wanted| wanted == value);
    let scope = |status: Status| match text("scope").as_deref() {
        Some("running") => status == Status::Running,
        Some("pending") => status == Status::Pending,
        Some("finished") => status.is_complete(),
        Some(_) | None => true,
    };
    let keep = |pipeline: &&Pipeline| {
        pipeline.project_id == project.id
            && same("ref", &pipeline.ref_name)
            && same("sha", &pipeline.sha)
            && same("source", &pipeline.source)
            && same("status", pipeline.status.word())
            && same("name", pipeline.name.as_deref().unwrap_or_default())
            && same("username", &pipeline.user)
            && scope(pipeline.status)
            && call
                .params
                .flag("yaml_errors")
                .is_none_or(|wanted| wanted == pipeline.yaml_errors.is_some())
            && updated_after.is_none_or(|time| pipeline.updated_at > time)
            && updated_before.is_none_or(|time| pipeline.updated_at < time)
            && created_after.is_none_or(|time| pipeline.created_at > time)
            && created_before.is_none_or(|time| pipeline.created_at < time)
    };
    let bodies = call.instance.store.read(|data| {
        let mut list: Vec<&Pipeline> = data.pipelines.values().filter(keep).collect();
        match text("order_by").as_deref() {
            Some("updated_at") => list.sort_by_key(|pipeline| pipeline.updated_at),
            Some("status") => list.sort_by_key(|pipeline| pipeline.status.word()),
            Some("ref") => list.sort_by(|a, b| a.ref_name.cmp(&b.ref_name)),
            Some(_) | None => {}
        }
        if text("sort").as_deref() != Some("asc") {
            list.reverse();
        }
        let body = |pipeline: &&Pipeline| {
            with_name(basic(&call.instance.url, &project, pipeline), pipeline)
        };
        list.iter().map(body).collect()
    });
    Ok(page.of(bodies, &call.address, &call.params))
}

/// `GET /projects/:id/pipelines/:pipeline_id`
pub async fn get(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let pipeline = named(&call, &project)?;
    shown(&call, &project, pipeline.id, StatusCode::OK)
}

/// `GET /projects/:id/pipelines/latest`
pub async fn latest(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let name = call
        .params
        .text("ref")
        .or_else(|| project.default_branch.clone());
    let found = call.instance.store.read(|data| {
        let mut newest = data.pipelines.values().rev();
        newest
            .find(|p| p.project_id == project.id && Some(&p.ref_name) == name.as_ref())
            .map(|p| p.id)
    });
    let id = found.ok_or_else(|| Answer::forbidden(None))?;
    shown(&call, &project, id, StatusCode::OK)
}

/// `GET /projects/:id/pipelines/:pipeline_id/variables`
pub async fn variables(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let pipeline = named(&call, &project)?;
    let bodies: Vec<Value> = pipeline
        .variables
        .iter()
        .map(|variable| {
            json!({
                "variable_type": if variable.file { "file" } else { "env_var" },
                "key": variable.key,
                "value": variable.value,
                "raw": false,
            })
        })
        .collect();
    Ok(Answer::ok(&Value::Array(bodies)))
}

/// `POST /projects/:id/pipeline`
pub async fn create(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let name = call.required("ref")?;
    let variables = given_variables(&call)?;
    let repository = call.repository(&project);
    let branch = repository
        .branches()
        .await?
        .into_iter()
        .find(|(branch, _)| *branch == name);
    let (tag, sha) = match branch {
        Some((_, sha)) => (false, sha),
        None => match repository.resolve(&name).await? {
            Some(sha) if sha != name => (true, sha),
            Some(_) | None => return Err(refused(&["Reference not found".into()])),
        },
    };
    let role = call.actor.role_at(&project.full_path);
    if !tag && !project.may_push(&name, role) {
        let text = format!(
            "You do not have sufficient permission to run a pipeline on '{name}'. Please select a different branch or contact your administrator for assistance."
        );
        return Err(refused(&[text]));
    }
    if !variables.is_empty() && !may_set_variables(&project, role) {
        return Err(refused(&[
            "Insufficient permissions to set pipeline variables".into(),
        ]));
    }
    if project.archived {
        return Err(Answer::forbidden(None));
    }
    let detail: Map<String, Value> = variables
        .iter()
        .map(|variable| (variable.key.clone(), variable.value.clone().into()))
        .collect();
    let user = call.actor.known()?.clone();
    let start = Start::Api { variables };
    let request = Request {
        project: project.clone(),
        ref_name: name,
        tag,
        sha,
        start,
        user,
    };
    let created = pipeline::create(&call.instance, &request).await?;
    let detail = Value::Object(detail);
    match created {
        Created::Pipeline(id) => {
            Ok(shown(&call, &project, id, StatusCode::CREATED)?.with_detail("variables", detail))
        }
        Created::Refused(why) => Err(refused(&why).with_detail("variables", detail)),
        Created::Nothing => Err(refused(&["No stages / jobs for this pipeline.".into()])),
    }
}

fn refused(why: &[String]) -> Answer {
    Answer::bad_request(json!({ "base": why }))
}

fn given_variables(call: &Call) -> Result<Vec<Variable>, Answer> {
    let invalid = || Answer::bad_parameter("variables is invalid");
    if call.params.value("variables").is_none() {
        return Ok(Vec::new());
    }
    let given = call.params.objects("variables").ok_or_else(invalid)?;
    given
        .iter()
        .enumerate()
        .map(|(at, variable)| {
            let missing = || Answer::bad_parameter(format!("variables[{at}][key] is missing"));
            let key = variable.text("key").ok_or_else(missing)?;
            let file = match variable.text("variable_type").as_deref() {
                None | Some("env_var") => false,
                Some("file") => true,
                Some(_) => {
                    let text =
                        format!("variables[{at}][variable_type] does not have a valid value");
                    return Err(Answer::bad_parameter(text));
                }
            };
            Ok(Variable {
                file,
                ..Variable::new(key, variable.text("value").unwrap_or_default())
            })
        })
        .collect()
}

/// Says whether a role may start a pipeline with variables, as the project's settings have it.
fn may_set_variables(project: &Project, role: Option<Role>) -> bool {
    let least = project.text_setting("ci_pipeline_variables_minimum_override_role");
    match least.as_deref() {
        Some("no_one_allowed") => false,
        Some("owner") => role >= Some(Role::Owner),
        Some("maintainer") => role >= Some(Role::Maintainer),
        Some(_) | None => {
            let restricted = project.setting("restrict_user_defined_variables") == true;
            role >= Some(if restricted {
                Role::Maintainer
            } else {
                Role::Developer
            })
        }
    }
}

/// `POST /projects/:id/pipelines/:pipeline_id/retry`
pub async fn retry(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let pipeline = named(&call, &project)?;
    let user = call.actor.known()?.username.clone();
    let ended = call.instance.store.read(|data| {
        let jobs = data.latest_jobs(pipeline.id);
        jobs.filter(|job| matches!(job.status, Status::Failed | Status::Canceled))
            .map(|job| job.id)
            .collect::<Vec<_>>()
    });
    for job in ended {
        call.instance.engine.retry_job(&call.instance, job, &user);
    }
    shown(&call, &project, pipeline.id, StatusCode::CREATED)
}

/// `POST /projects/:id/pipelines/:pipeline_id/cancel`
pub async fn cancel(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let pipeline = named(&call, &project)?;
    let open = call.instance.store.read(|data| {
        let jobs = data
            .latest_jobs(pipeline.id)
            .filter(|job| !job.status.is_complete());
        jobs.map(|job| job.id).collect::<Vec<_>>()
    });
    for job in open {
        call.instance.engine.cancel_job(&call.instance, job);
    }
    shown(&call, &project, pipeline.id, StatusCode::OK)
}
