//! `harmonix-deploy-…`: the image copied by digest, one service, and a look at what really runs.

use std::time::Duration;

use serde_json::{Value, json};

use super::job::Job;
use super::provision::tolerate;
use super::registry::Repository;
use super::session::Session;
use crate::failure::{Doing, Failure};

const ECS: &str = "AmazonEC2ContainerServiceV20141113";
/// How often, and with which pause, the service is looked at until it is stable.
const LOOKS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// Deploys the release that the pipeline names.
pub async fn run(job: &Job, session: &Session) -> Result<(), Failure> {
    let (release, home) = (
        job.variable("HARMONIX_RELEASE")?,
        job.variable("HARMONIX_IMAGE")?,
    );
    let repository = Repository::ensure(session, job.variable("HARMONIX_REPOSITORY")?).await?;
    let (home_uri, digest) = home.split_once('@').unwrap_or((home, ""));
    if home_uri != repository.uri {
        let from = home_repository(job, home_uri).await?;
        let copied = repository.copy(&from, digest, release).await?;
        if copied != digest {
            return Err(Failure::new(format!(
                "the copy of {home} has the digest {copied}"
            )));
        }
    }
    let cluster = format!(
        "{}-{}-cluster",
        job.variable("HARMONIX_PROVIDER_PREFIX")?,
        job.variable("HARMONIX_PROVIDER_NAME")?
    );
    let parameters = parameters(job).await?;
    let image = format!("{}@{digest}", repository.uri);
    let definition = register(job, session, &parameters, &image).await?;
    converge(job, session, (&cluster, &definition), &parameters).await?;
    stable(job, session, &cluster, &definition).await
}

/// The repository that has this address, read with the role of the place that it is in.
async fn home_repository(job: &Job, uri: &str) -> Result<Repository, Failure> {
    let path = ".harmonix/registries";
    let text = job.file(path).await?;
    for line in text.lines() {
        let mut words = line.split(' ');
        let (Some(role), Some(region), Some(name)) = (words.next(), words.next(), words.next())
        else {
            return Err(Failure::new(format!("{path} has the line {line:?}")));
        };
        let session = Session::assume(job, role, region).await?;
        match Repository::find(&session, name).await {
            Ok(found) if found.uri == uri => return Ok(found),
            // The image may have been built at an earlier home.
            Ok(_) | Err(_) => {}
        }
    }
    Err(Failure::new(format!("none of the providers has {uri}")))
}

async fn parameters(job: &Job) -> Result<Value, Failure> {
    let environment = job.variable("HARMONIX_ENVIRONMENT")?;
    let path = format!(".harmonix/environments/{environment}.tfvars.json");
    let text = job.file(&path).await?;
    serde_json::from_str(&text).doing(|| format!("read {path}"))
}

async fn call(session: &Session, operation: &str, body: Value) -> Result<Value, Failure> {
    session
        .json("ecs", &format!("{ECS}.{operation}"), body)
        .await
}

/// The role that pulls the application's image.
async fn execution_role(job: &Job, session: &Session, account: &str) -> Result<String, Failure> {
    let name = format!("{}-execution", job.variable("HARMONIX_NAME")?);
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ecs-tasks.amazonaws.com" },
    }] });
    let rights = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "ecr:*", "Resource": "*" },
    ] });
    let (trust, rights) = (trust.to_string(), rights.to_string());
    let role = ("RoleName", name.as_str());
    tolerate(
        session
            .iam("CreateRole", &[role, ("AssumeRolePolicyDocument", &trust)])
            .await,
    )?;
    session
        .iam(
            "PutRolePolicy",
            &[role, ("PolicyName", "pull"), ("PolicyDocument", &rights)],
        )
        .await?;
    Ok(format!("arn:aws:iam::{account}:role/{name}"))
}

async fn register(
    job: &Job,
    session: &Session,
    parameters: &Value,
    image: &str,
) -> Result<String, Failure> {
    let name = job.variable("HARMONIX_NAME")?;
    let environment: Vec<Value> = parameters["variables"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let account = job
        .variable("HARMONIX_ROLE_ARN")?
        .split(':')
        .nth(4)
        .unwrap_or_default();
    let role = execution_role(job, session, account).await?;
    let body = json!({
        "family": name, "executionRoleArn": role,
        "cpu": parameters["cpu"].to_string(), "memory": parameters["memory"].to_string(),
        "containerDefinitions": [{
            "name": "application", "image": image, "essential": true, "environment": environment,
            "portMappings": [{ "containerPort": parameters["port"], "protocol": "tcp" }],
        }],
    });
    let answer = call(session, "RegisterTaskDefinition", body).await?;
    Ok(answer["taskDefinition"]["taskDefinitionArn"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

async fn converge(
    job: &Job,
    session: &Session,
    (cluster, definition): (&str, &str),
    parameters: &Value,
) -> Result<(), Failure> {
    let name = job.variable("HARMONIX_NAME")?;
    let replicas = &parameters["replicas"];
    let tags: Vec<Value> = [
        (
            "harmonix:release",
            job.variable("HARMONIX_RELEASE")?.to_owned(),
        ),
        (
            "harmonix:configuration",
            job.variable("HARMONIX_CONFIGURATION")?.to_owned(),
        ),
        ("harmonix:endpoint", format!("http://{name}.example.com")),
    ]
    .into_iter()
    .map(|(key, value)| json!({ "key": key, "value": value }))
    .collect();
    match service(job, session, cluster).await? {
        Some(found) => {
            let update = json!({ "cluster": cluster, "service": name, "taskDefinition": definition, "desiredCount": replicas });
            call(session, "UpdateService", update).await?;
            let tag = json!({ "resourceArn": found["serviceArn"], "tags": tags });
            call(session, "TagResource", tag).await?;
        }
        None => {
            let create = json!({
                "cluster": cluster, "serviceName": name, "taskDefinition": definition, "desiredCount": replicas,
                "tags": tags,
                "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": true } },
            });
            call(session, "CreateService", create).await?;
        }
    }
    Ok(())
}

async fn service(job: &Job, session: &Session, cluster: &str) -> Result<Option<Value>, Failure> {
    let wanted = json!({ "cluster": cluster, "services": [job.variable("HARMONIX_NAME")?] });
    let answer = call(session, "DescribeServices", wanted).await?;
    Ok(answer["services"]
        .as_array()
        .and_then(|all| all.iter().find(|s| s["status"] == "ACTIVE"))
        .cloned())
}

/// Green only when the service runs what was deployed: a roll-back is a failure.
async fn stable(
    job: &Job,
    session: &Session,
    cluster: &str,
    definition: &str,
) -> Result<(), Failure> {
    for _ in 0..LOOKS {
        let service = service(job, session, cluster).await?.unwrap_or_default();
        let primary = service["deployments"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|d| d["status"] == "PRIMARY")
            .cloned();
        let primary = primary.unwrap_or_default();
        if primary["taskDefinition"] != definition {
            return Err(Failure::new(
                "the circuit breaker rolled the deployment back: its tasks did not become healthy",
            ));
        }
        match primary["rolloutState"].as_str().unwrap_or_default() {
            "COMPLETED" => {
                job.say(format!("The service runs {definition}."));
                return Ok(());
            }
            "FAILED" => {
                return Err(Failure::new(
                    "the deployment failed: its tasks did not become healthy",
                ));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    Err(Failure::new("the service was not stable in time"))
}
