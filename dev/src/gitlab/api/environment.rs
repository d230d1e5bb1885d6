//! Environments and deployments.

use serde_json::{Value, json};

use super::super::answer::Reply;
use super::super::endpoint::Call;
use super::super::model::{Data, Deployment, Environment, Role};
use super::super::moment;
use super::super::page::Page;
use super::super::pipeline::slug;
use super::user;

fn basic(environment: &Environment) -> Value {
    json!({
        "id": environment.id,
        "name": environment.name,
        "slug": slug(&environment.name),
        "external_url": environment.external_url,
        "created_at": moment::text(environment.created_at),
        "updated_at": moment::text(environment.updated_at),
    })
}

fn body(environment: &Environment) -> Value {
    let mut answer = basic(environment);
    if let Value::Object(answer) = &mut answer {
        answer.insert("tier".into(), json!(environment.tier));
        answer.insert("state".into(), json!("available"));
        answer.insert("auto_stop_at".into(), Value::Null);
        answer.insert("description".into(), Value::Null);
    }
    answer
}

fn deployment(call: &Call, data: &Data, deployment: &Deployment) -> Value {
    let job = data.jobs.get(&deployment.job_id);
    let pipeline = job.and_then(|job| data.pipelines.get(&job.pipeline_id));
    json!({
        "id": deployment.id,
        "iid": deployment.iid,
        "ref": pipeline.map(|pipeline| &pipeline.ref_name),
        "sha": pipeline.map(|pipeline| &pipeline.sha),
        "created_at": moment::text(deployment.created_at),
        "updated_at": moment::text(deployment.updated_at),
        "user": job.map(|job| user::by_name(&call.instance.url, data, &job.user)),
        "environment": data.environments.get(&deployment.environment_id).map(basic),
        "deployable": job.map(|job| json!({
            "id": job.id,
            "status": job.status.word(),
            "stage": job.spec.stage,
            "name": job.spec.name,
            "ref": pipeline.map(|pipeline| &pipeline.ref_name),
            "tag": false,
            "created_at": moment::text(job.created_at),
            "started_at": job.started_at.map(moment::text),
            "finished_at": job.finished_at.map(moment::text),
        })),
        "status": deployment.status.word(),
    })
}

/// `GET /projects/:id/environments`
pub async fn list(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let page = Page::asked(&call.params)?;
    let name = call.params.text("name");
    let bodies = call.instance.store.read(|data| {
        let all = data
            .environments
            .values()
            .filter(|environment| environment.project_id == project.id);
        all.filter(|environment| name.as_ref().is_none_or(|name| environment.name == *name))
            .map(body)
            .collect()
    });
    Ok(page.of(bodies, &call.address, &call.params))
}

/// `GET /projects/:id/deployments`
pub async fn deployments(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let page = Page::asked(&call.params)?;
    let (wanted, status) = (call.params.text("environment"), call.params.text("status"));
    let bodies = call.instance.store.read(|data| {
        let named = |d: &&Deployment| {
            let environment = data.environments.get(&d.environment_id);
            wanted
                .as_ref()
                .is_none_or(|name| environment.is_some_and(|environment| environment.name == *name))
                && status
                    .as_ref()
                    .is_none_or(|status| d.status.word() == status)
        };
        let mut list: Vec<&Deployment> = data
            .deployments
            .values()
            .filter(|d| d.project_id == project.id)
            .filter(named)
            .collect();
        if call.params.text("sort").as_deref() == Some("desc") {
            list.reverse();
        }
        list.into_iter()
            .map(|d| deployment(&call, data, d))
            .collect()
    });
    Ok(page.of(bodies, &call.address, &call.params))
}
