//! What an id token says of its job.

use serde_json::{Map, Value, json};

use super::super::instance::Instance;
use super::super::model::{Job, Pipeline, Project, User};
use super::super::moment;
use super::super::pipeline::tier;

/// Answers the claims of a job's id token, with GitLab's names and types.
pub fn of(
    instance: &Instance,
    (project, pipeline, job, user): (&Project, &Pipeline, &Job, &User),
    audiences: &[String],
    seconds: u64,
) -> Map<String, Value> {
    let now = moment::now().as_second();
    let kind = if pipeline.tag { "tag" } else { "branch" };
    let folder = if pipeline.tag { "tags" } else { "heads" };
    let namespace = project
        .full_path
        .rsplit_once('/')
        .map_or("", |(namespace, _)| namespace);
    let reference = &pipeline.ref_name;
    let config = project.ci_config_path();
    let host = instance.url.split("://").nth(1).unwrap_or_default();
    // One audience is a text, several are a list.
    let audience = match audiences {
        [one] => json!(one),
        several => json!(several),
    };
    let Value::Object(mut claims) = json!({
        "iss": instance.issuer,
        "sub": format!("project_path:{}:ref_type:{kind}:ref:{reference}", project.full_path),
        "aud": audience,
        "iat": now,
        "nbf": now - 5,
        "exp": now + i64::try_from(seconds).unwrap_or(3600),
        "jti": uuid::Uuid::from_u128(rand::random()).to_string(),
        "namespace_id": project.namespace_id.to_string(),
        "namespace_path": namespace,
        "project_id": project.id.to_string(),
        "project_path": project.full_path,
        "job_namespace_id": project.namespace_id.to_string(),
        "job_namespace_path": namespace,
        "job_project_id": project.id.to_string(),
        "job_project_path": project.full_path,
        "project_visibility": project.visibility.word(),
        "user_id": user.id.to_string(),
        "user_login": user.username,
        "user_email": format!("{}@users.noreply.gitlab.example.com", user.username),
        "user_access_level": user.role_at(&project.full_path).map_or("none".into(), |role| json!(role)),
        "pipeline_id": pipeline.id.to_string(),
        "pipeline_source": pipeline.source,
        "job_id": job.id.to_string(),
        "job_source": pipeline.source,
        "ref": reference,
        "ref_type": kind,
        "ref_path": format!("refs/{folder}/{reference}"),
        "ref_protected": project.protection(reference).is_some().to_string(),
        "runner_id": 1,
        "runner_environment": "self-hosted",
        "sha": pipeline.sha,
        "ci_config_ref_uri": format!("{host}/{}//{config}@refs/{folder}/{reference}", project.full_path),
        "ci_config_sha": pipeline.sha,
    }) else {
        return Map::new();
    };
    if let Some(environment) = &job.spec.environment {
        claims.insert("environment".into(), json!(environment.name));
        claims.insert("environment_protected".into(), json!("false"));
        claims.insert(
            "deployment_tier".into(),
            json!(tier(environment.tier.as_deref(), &environment.name)),
        );
        claims.insert("environment_action".into(), json!(environment.action));
    }
    claims
}
