//! Checks a configuration without running it.

use serde_json::{Value, json};

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::model::Role;
use super::super::pipeline::{self, JobSpec, Request, Start, When};
use super::super::repository::ZEROS;

fn job(spec: &JobSpec) -> Value {
    let when = match spec.when {
        When::OnSuccess => "on_success",
        When::OnFailure => "on_failure",
        When::Always => "always",
        When::Manual => "manual",
        When::Never => "never",
    };
    json!({
        "name": spec.name,
        "stage": spec.stage,
        "before_script": spec.before_script,
        "script": spec.script,
        "after_script": spec.after_script,
        "tag_list": spec.tags,
        "only": null,
        "except": null,
        "environment": spec.environment.as_ref().map(|environment| &environment.name),
        "when": when,
        "allow_failure": spec.allow_failure,
        "needs": null,
    })
}

/// `POST /projects/:id/ci/lint`
pub async fn check(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let content = call.required("content")?;
    let user = call.actor.known()?.clone();
    let named = call
        .params
        .text("ref")
        .or_else(|| project.default_branch.clone());
    let name = named.unwrap_or_else(|| project.initial_branch.clone());
    let sha = call
        .repository(&project)
        .resolve(&name)
        .await?
        .unwrap_or_default();
    let start = Start::Push {
        before: ZEROS.into(),
    };
    let request = Request {
        project,
        ref_name: name,
        tag: false,
        sha,
        start,
        user,
    };
    let (valid, errors, jobs) = match pipeline::lint(&call.instance, &request, &content).await? {
        Ok(jobs) => (true, Vec::new(), jobs),
        Err(errors) => (false, errors, Vec::new()),
    };
    let mut answer = json!({
        "valid": valid,
        "errors": errors,
        "warnings": [],
        "merged_yaml": content,
        "includes": [],
    });
    if call.params.flag("include_jobs") == Some(true)
        && let Value::Object(answer) = &mut answer
    {
        answer.insert("jobs".into(), jobs.iter().map(job).collect());
    }
    Ok(Answer::ok(&answer))
}
