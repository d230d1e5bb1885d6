//! What a task is to run: its definition, read, with everything looked up that it names.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::{End, secret};
use crate::aws::Gate;
use crate::aws::ecr::Repository;
use crate::aws::ecr::registry::Manifest;
use crate::aws::ecs::Key;
use crate::aws::identity::{Kind, Principal, RoleSession};
use crate::aws::permission::{Need, Right};
use crate::aws::policy::{Caller, Context, Says};
use crate::aws::resource::Resource;

/// What a task is to run. A task has one container here: the first of its definition.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The container's name.
    pub container: String,
    /// The image, as the definition names it.
    pub image: String,
    /// Where the image is in the registry.
    pub path: String,
    /// The image's manifest.
    pub manifest: Manifest,
    /// The environment, secrets included.
    pub environment: BTreeMap<String, String>,
    /// What is run, where the definition says so.
    pub entry_point: Option<Vec<String>>,
    /// Its arguments, where the definition says so.
    pub command: Option<Vec<String>>,
    /// Where it is run, where the definition says so.
    pub directory: Option<String>,
    /// As whom, where the definition says so.
    pub user: Option<String>,
    /// The path that answers 200 when it is healthy; nothing where it listens on no port.
    pub health: Option<String>,
}

static URL_PATH: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"https?://[^/\s'\x22]+(/[^\s'\x22)]*)").ok());

impl Plan {
    /// Reads the definition and looks up image, rights and secrets; what is missing ends the task.
    pub(super) async fn make(
        gate: &Gate,
        key: &Key,
        id: &str,
        definition: &str,
    ) -> Result<Self, End> {
        let target = "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition";
        let asked = json!({ "taskDefinition": definition });
        let found = gate
            .moto
            .json(&key.place, "ecs", target, &asked)
            .await
            .map_err(|refusal| End::before_start(refusal.message))?;
        let definition = &found["taskDefinition"];
        let container = &definition["containerDefinitions"][0];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let image = text(&container["image"]).unwrap_or_default();
        let role = execution_role(gate, key, id, definition["executionRoleArn"].as_str()).await?;
        let (path, manifest) = find_image(gate, role.as_ref(), &image).await?;
        let mut environment: BTreeMap<String, String> = pairs(&container["environment"]).collect();
        environment
            .append(&mut secret::resolve(gate, key, role.as_ref(), &container["secrets"]).await?);
        Ok(Self {
            container: text(&container["name"]).unwrap_or_default(),
            path,
            manifest,
            environment,
            entry_point: texts(&container["entryPoint"]),
            command: texts(&container["command"]),
            directory: text(&container["workingDirectory"]),
            user: text(&container["user"]),
            health: health_path(gate, key, container).await,
            image,
        })
    }
}

fn pairs(list: &Value) -> impl Iterator<Item = (String, String)> {
    list.as_array().into_iter().flatten().filter_map(|pair| {
        Some((
            pair["name"].as_str()?.to_owned(),
            pair["value"].as_str().unwrap_or_default().to_owned(),
        ))
    })
}

fn texts(list: &Value) -> Option<Vec<String>> {
    let texts: Vec<String> = list
        .as_array()?
        .iter()
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect();
    (!texts.is_empty()).then_some(texts)
}

/// Answers the path that tells health: of the container's own check, of the target group's, or the usual one.
async fn health_path(gate: &Gate, key: &Key, container: &Value) -> Option<String> {
    container["portMappings"]
        .as_array()
        .filter(|ports| !ports.is_empty())?;
    let command = texts(&container["healthCheck"]["command"])
        .unwrap_or_default()
        .join(" ");
    let in_command = URL_PATH
        .as_ref()
        .and_then(|pattern| pattern.captures(&command));
    if let Some(path) = in_command.and_then(|found| found.get(1)) {
        return Some(path.as_str().to_owned());
    }
    let group = gate.services.look(|known| {
        let balancers = known.get(key)?.settings.get("loadBalancers")?;
        balancers[0]["targetGroupArn"].as_str().map(str::to_owned)
    });
    if let Some(group) = group
        && let Some(path) = gate.target_group_path(&key.place, &group).await
    {
        return Some(path);
    }
    Some("/health".to_owned())
}

/// Assumes the execution role as ECS does, for what the platform itself needs to start the task.
async fn execution_role(
    gate: &Gate,
    key: &Key,
    id: &str,
    arn: Option<&str>,
) -> Result<Option<Principal>, End> {
    let Some(arn) = arn else { return Ok(None) };
    let unusable = || {
        End::before_start(format!(
            "ECS was unable to assume the role '{arn}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
        ))
    };
    let found = gate
        .roles
        .find(arn)
        .await
        .map_err(|refusal| End::before_start(refusal.message))?;
    let role = found.ok_or_else(unusable)?;
    let mut context = Context::default();
    context.set("aws:SourceAccount", &key.place.account);
    context.set(
        "aws:SourceArn",
        format!("arn:aws:ecs:{}:{}:*", key.place.region, key.place.account),
    );
    let caller = Caller::Service("ecs-tasks.amazonaws.com".into());
    let resource = Resource::Arn(arn.to_owned());
    if role
        .trust
        .says_of(&caller, "sts:AssumeRole", &resource, &context)
        .0
        != Says::Allow
    {
        return Err(unusable());
    }
    let name = crate::aws::role::parts(arn).map_or("", |(_, name)| name);
    Ok(Some(Principal {
        arn: format!("arn:aws:sts::{}:assumed-role/{name}/{id}", role.account),
        account: role.account.clone(),
        kind: Kind::Session(RoleSession {
            role_arn: arn.to_owned(),
            assumed_role_id: format!("{}:{id}", role.id),
            tags: BTreeMap::new(),
            transitive: Vec::new(),
            source_identity: None,
            policies: Vec::new(),
            expires: jiff::Timestamp::MAX,
        }),
    }))
}

/// Says whether the platform may do something in the role's name; `what` it wanted stands in the task's end.
pub(super) async fn require(
    gate: &Gate,
    role: Option<&Principal>,
    action: &str,
    resource: Resource,
    what: &str,
) -> Result<(), End> {
    let Some(role) = role else {
        return Err(End::before_start(format!(
            "{what}: the task definition names no execution role"
        )));
    };
    let mut context = Context::default();
    role.describe(&mut context);
    let need = Need {
        action: action.to_owned(),
        resource,
    };
    let right = gate.right(role, &need, &context).await;
    match right.map_err(|refusal| End::before_start(refusal.message))? {
        Right::Granted => Ok(()),
        Right::Missing(_) | Right::Denied(_) => Err(End::before_start(format!(
            "{what}: AccessDeniedException: User: {} is not authorized to perform: {action} on resource: {}",
            role.arn,
            need.resource.display()
        ))),
    }
}

async fn find_image(
    gate: &Gate,
    role: Option<&Principal>,
    image: &str,
) -> Result<(String, Manifest), End> {
    let failed = |why: &str| End::before_start(format!("CannotPullContainerError: {image}: {why}"));
    let Some((path, reference)) = locate(image, gate.registry.public_host()) else {
        return Err(failed("it is not in the registry of this world"));
    };
    if let Some(repository) = Repository::of_path(&path) {
        let what = "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve ecr registry auth";
        require(
            gate,
            role,
            "ecr:GetAuthorizationToken",
            Resource::Everything,
            what,
        )
        .await?;
        if let Some(role) = role {
            for action in ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] {
                let permitted = gate.permit_on_repository(role, &repository, action).await;
                permitted.map_err(|refusal| failed(&refusal.message))?;
            }
        }
    }
    let manifest = gate.registry.manifest(&path, &reference).await;
    let manifest = manifest.map_err(|refusal| failed(&refusal.message))?;
    manifest
        .map(|manifest| (path, manifest))
        .ok_or_else(|| failed("not found"))
}

/// Splits an image's name into path and reference, where it is in the registry at `host`.
fn locate(image: &str, host: &str) -> Option<(String, String)> {
    let (name, reference) = match image.split_once('@') {
        Some((name, digest)) => (name, digest.to_owned()),
        None => match image.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag.to_owned()),
            _ => (image, "latest".to_owned()),
        },
    };
    let path = name.strip_prefix(host)?.strip_prefix('/')?;
    // `repository:tag@digest`: the digest decides.
    let path = path.split(':').next().unwrap_or(path);
    Some((path.to_owned(), reference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_located_by_digest_by_tag_and_not_elsewhere() {
        for (image, expected) in [
            ("127.0.0.1:5/a/b@sha256:c", Some(("a/b", "sha256:c"))),
            ("127.0.0.1:5/a/b:v1", Some(("a/b", "v1"))),
            ("127.0.0.1:5/a/b:v1@sha256:c", Some(("a/b", "sha256:c"))),
            ("127.0.0.1:5/a/b", Some(("a/b", "latest"))),
            ("127.0.0.1:55/a/b", None),
            ("elsewhere.example/a/b", None),
        ] {
            let found = locate(image, "127.0.0.1:5");
            let found = found
                .as_ref()
                .map(|(path, reference)| (path.as_str(), reference.as_str()));
            assert_eq!(found, expected, "{image}");
        }
    }

    #[test]
    fn the_health_path_is_read_from_a_command() {
        let path = |command: &str| {
            let found = URL_PATH.as_ref().unwrap().captures(command);
            found.map(|found| found[1].to_owned())
        };
        assert_eq!(
            path("CMD-SHELL curl -f http://localhost:8080/health || exit 1").as_deref(),
            Some("/health")
        );
        assert_eq!(
            path("CMD node -e \"fetch('http://127.0.0.1:80/ready?a=b')\"").as_deref(),
            Some("/ready?a=b")
        );
        assert_eq!(path("CMD-SHELL true"), None);
    }
}
