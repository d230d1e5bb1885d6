//! Making a project.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::super::answer::{Answer, Reply};
use super::super::super::endpoint::Call;
use super::super::super::model::{Data, Group, Project, Role, Visibility};
use super::super::super::repository::{Action, ActionKind};
use super::super::{commit, document};
use super::{PATH_RULE, is_path, moment, show};

/// Answers what GitLab answers where path and name are in use.
pub fn taken() -> Answer {
    let taken = json!(["has already been taken"]);
    Answer::bad_request(json!({
        "project_namespace.name": taken,
        "name": taken,
        "path": taken,
    }))
}

/// Reads a visibility that the group allows.
pub fn visibility(data: &Data, group: u64, word: Option<&str>) -> Result<Visibility, Answer> {
    let wanted = match word {
        None => Visibility::Private,
        Some(word) => Visibility::read(word)
            .ok_or_else(|| Answer::bad_parameter("visibility does not have a valid value"))?,
    };
    match data.groups.get(&group) {
        Some(group) if wanted > group.visibility => Err(Answer::bad_request(json!({
            "visibility_level": [format!("{} is not allowed in a {} group.", wanted.word(), group.visibility.word())]
        }))),
        Some(_) | None => Ok(wanted),
    }
}

/// `POST /projects`
pub async fn create(call: Call) -> Reply {
    let mut settings =
        document::accepted("postApiV4Projects", &call.params).map_err(Answer::bad_parameter)?;
    let mut take = |name: &str| settings.remove(name);
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    let (name, path) = match (text(take("name")), text(take("path"))) {
        (None, None) => {
            return Err(Answer::bad_parameter(
                "name, path are missing, at least one parameter must be provided",
            ));
        }
        (Some(name), None) => (name.clone(), name.to_lowercase().replace(' ', "-")),
        (None, Some(path)) => (path.clone(), path),
        (Some(name), Some(path)) => (name, path),
    };
    let (group, branch) = (take("namespace_id"), text(take("default_branch")));
    let with_readme = take("initialize_with_readme") == Some(Value::Bool(true));
    let (description, word) = (text(take("description")), text(take("visibility")));
    let group = namespace(&call, group.and_then(|id| id.as_u64()))?;
    if !is_path(&path) {
        return Err(Answer::bad_request(json!({ "path": [PATH_RULE] })));
    }
    let wanted = Wanted {
        name,
        path,
        description,
        word,
        branch,
        settings,
    };
    let project = call
        .instance
        .store
        .write(|data| insert(&call, data, &group, wanted))?;
    let repository = call.repository(&project);
    if let Err(error) = repository.create(&project.initial_branch).await {
        call.instance
            .store
            .write(|data| data.projects.remove(&project.id));
        return Err(error.into());
    }
    if with_readme {
        let readme = Action {
            kind: ActionKind::Create,
            path: "README.md".into(),
            previous_path: None,
            content: Some(format!("# {}\n", project.name).into_bytes()),
            last_commit_id: None,
            executable: None,
        };
        let branch = project.initial_branch.clone();
        commit::make(&call, &project, &branch, "Initial commit", vec![readme]).await?;
    }
    let body = call.instance.store.read(|data| {
        let project = data.projects.get(&project.id).unwrap_or(&project);
        show::body(&call, data, project)
    });
    Ok(Answer::json(StatusCode::CREATED, &body).with_detail("id", project.id))
}

struct Wanted {
    name: String,
    path: String,
    description: Option<String>,
    word: Option<String>,
    branch: Option<String>,
    settings: Map<String, Value>,
}

fn namespace(call: &Call, id: Option<u64>) -> Result<Group, Answer> {
    let invalid = || Answer::bad_request(json!({ "namespace": ["is not valid"] }));
    // Projects of a person's own are not kept here.
    let id = id.ok_or_else(invalid)?;
    let group = call
        .instance
        .store
        .read(|data| data.groups.get(&id).cloned())
        .ok_or_else(invalid)?;
    if call.actor.role_at(&group.full_path) < Some(Role::Developer) {
        return Err(invalid());
    }
    Ok(group)
}

fn insert(
    call: &Call,
    data: &mut Data,
    group: &Group,
    mut wanted: Wanted,
) -> Result<Project, Answer> {
    let full_path = format!("{}/{}", group.full_path, wanted.path);
    if data.project(&full_path).is_some() || data.group(&full_path).is_some() {
        return Err(taken());
    }
    let same_name =
        |project: &&Project| project.namespace_id == group.id && project.name == wanted.name;
    if data.projects.values().any(|project| same_name(&project)) {
        return Err(Answer::bad_request(
            json!({ "name": ["has already been taken"] }),
        ));
    }
    let visibility = visibility(data, group.id, wanted.word.as_deref())?;
    if let Some(role) = data.pipeline_variables_role(group.id) {
        let setting = "ci_pipeline_variables_minimum_override_role";
        wanted.settings.insert(setting.into(), json!(role));
    }
    let id = data.next_id();
    let now = moment::now();
    // A new project at a path that another one left takes the path over.
    data.redirects.remove(&full_path);
    let project = Project {
        id,
        name: wanted.name,
        path: wanted.path,
        full_path,
        namespace_id: group.id,
        description: wanted.description,
        visibility,
        default_branch: None,
        initial_branch: wanted.branch.unwrap_or_else(|| "main".into()),
        settings: wanted.settings,
        protected_branches: Vec::new(),
        creator_id: call.actor.user().map_or(0, |user| user.id),
        created_at: now,
        updated_at: now,
        archived: false,
        marked_for_deletion_at: None,
        pipelines: 0,
        deployments: 0,
    };
    data.projects.insert(id, project.clone());
    Ok(project)
}
