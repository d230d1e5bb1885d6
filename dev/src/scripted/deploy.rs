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

/// The roles of the application's own code and of whoever starts it; the second pulls the image.
async fn roles(job: &Job, session: &Session, account: &str) -> Result<[String; 2], Failure> {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ecs-tasks.amazonaws.com" },
        "Condition": {
            "StringEquals": { "aws:SourceAccount": account },
            "ArnLike": { "aws:SourceArn": format!("arn:aws:ecs:{}:{account}:*", session.region) },
        },
    }] })
    .to_string();
    let (prefix, provider) = (
        job.variable("HARMONIX_PROVIDER_PREFIX")?,
        job.variable("HARMONIX_PROVIDER_NAME")?,
    );
    let path = format!("/harmonix/{prefix}-{provider}/");
    let mut arns = [String::new(), String::new()];
    for (arn, purpose) in arns.iter_mut().zip(["task", "execution"]) {
        let name = format!("{}-{purpose}", job.variable("HARMONIX_NAME")?);
        let parameters = [
            ("RoleName", name.as_str()),
            ("Path", &path),
            ("AssumeRolePolicyDocument", &trust),
        ];
        tolerate(session.iam("CreateRole", &parameters).await)?;
        *arn = format!("arn:aws:iam::{account}:role{path}{name}");
    }
    let rights = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "ecr:*", "Resource": "*" },
    ] })
    .to_string();
    let name = format!("{}-execution", job.variable("HARMONIX_NAME")?);
    let parameters = [
        ("RoleName", name.as_str()),
        ("PolicyName", "execution"),
        ("PolicyDocument", &rights),
    ];
    session.iam("PutRolePolicy", &parameters).await?;
    Ok(arns)
}

/// What the application finds in its environment: its own variables, and what the platform says.
fn environment(job: &Job, parameters: &Value) -> Result<Vec<Value>, Failure> {
    let text = |name: &str| parameters[name].as_str().unwrap_or_default();
    let own = parameters["variables"].as_object().into_iter().flatten();
    let platform = [
        (
            "HARMONIX_APPLICATION",
            format!("{}/{}", text("namespace"), text("application")),
        ),
        ("HARMONIX_ENVIRONMENT", text("environment").to_owned()),
        (
            "HARMONIX_RELEASE",
            job.variable("HARMONIX_RELEASE")?.to_owned(),
        ),
        ("HARMONIX_HEALTH_PATH", text("health_path").to_owned()),
        ("PORT", parameters["port"].to_string()),
    ];
    let own = own.map(|(name, value)| json!({ "name": name, "value": value }));
    let platform = platform.map(|(name, value)| json!({ "name": name, "value": value }));
    Ok(own.chain(platform).collect())
}

/// A list of tags as ECS takes it.
fn tagged(tags: &[(&str, String)]) -> Vec<Value> {
    tags.iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect()
}

/// What everything of the application carries.
fn tags(job: &Job, parameters: &Value) -> Result<Vec<(&'static str, String)>, Failure> {
    let text = |name: &str| parameters[name].as_str().unwrap_or_default();
    Ok(vec![
        (
            "harmonix:application",
            format!("{}/{}", text("namespace"), text("application")),
        ),
        ("harmonix:environment", text("environment").to_owned()),
        (
            "harmonix:prefix",
            job.variable("HARMONIX_PROVIDER_PREFIX")?.to_owned(),
        ),
        (
            "harmonix:provider",
            job.variable("HARMONIX_PROVIDER_NAME")?.to_owned(),
        ),
    ])
}

async fn register(
    job: &Job,
    session: &Session,
    parameters: &Value,
    image: &str,
) -> Result<String, Failure> {
    let name = job.variable("HARMONIX_NAME")?;
    let account = job
        .variable("HARMONIX_ROLE_ARN")?
        .split(':')
        .nth(4)
        .unwrap_or_default();
    let [task, execution] = roles(job, session, account).await?;
    let group = format!(
        "/harmonix/{}-{}/{name}",
        job.variable("HARMONIX_PROVIDER_PREFIX")?,
        job.variable("HARMONIX_PROVIDER_NAME")?
    );
    let port = &parameters["port"];
    let body = json!({
        "family": name, "taskRoleArn": task, "executionRoleArn": execution,
        "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
        "runtimePlatform": { "operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64" },
        "cpu": parameters["cpu"].to_string(), "memory": parameters["memory"].to_string(),
        "tags": tagged(&tags(job, parameters)?),
        "containerDefinitions": [{
            "name": "application", "image": image, "essential": true, "readonlyRootFilesystem": true,
            "environment": environment(job, parameters)?, "secrets": [], "stopTimeout": 30,
            "portMappings": [{ "containerPort": port, "hostPort": port, "protocol": "tcp" }],
            "logConfiguration": { "logDriver": "awslogs", "options": {
                "awslogs-group": group, "awslogs-region": session.region,
                "awslogs-stream-prefix": "application",
            } },
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
    let mut tags = tags(job, parameters)?;
    tags.extend([
        (
            "harmonix:release",
            job.variable("HARMONIX_RELEASE")?.to_owned(),
        ),
        (
            "harmonix:configuration",
            job.variable("HARMONIX_CONFIGURATION")?.to_owned(),
        ),
        ("harmonix:endpoint", format!("http://{name}.example.com")),
    ]);
    let tags = tagged(&tags);
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
                "tags": tags, "launchType": "FARGATE", "enableECSManagedTags": true, "propagateTags": "SERVICE",
                "deploymentConfiguration": {
                    "deploymentCircuitBreaker": { "enable": true, "rollback": true },
                    "minimumHealthyPercent": 100, "maximumPercent": 200,
                },
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
