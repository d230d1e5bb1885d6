//! Projects.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::model::{Data, Project, Role};
use super::super::moment;
use super::super::page::Page;
use super::super::params::Params;
use super::document;

mod create;
mod show;

pub use create::create;
pub use show::body;

/// What a path may look like, in GitLab's words.
pub const PATH_RULE: &str = "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-' or '_', end in '.git' or '.atom', or contain consecutive special characters";

/// Says whether a text can be a path.
pub fn is_path(text: &str) -> bool {
    let special = |c: char| matches!(c, '_' | '-' | '.');
    let doubled = text
        .as_bytes()
        .windows(2)
        .any(|two| two.iter().all(|b| special(char::from(*b))));
    !text.is_empty()
        && text.len() <= 255
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || special(c))
        && text.starts_with(|c: char| !special(c))
        && text.ends_with(|c: char| !special(c))
        && !text.ends_with(".git")
        && !text.ends_with(".atom")
        && !doubled
}

/// Answers projects in the order asked for.
pub fn sorted<'a>(
    projects: impl Iterator<Item = &'a Project>,
    params: &Params,
) -> impl Iterator<Item = &'a Project> {
    let mut list: Vec<&Project> = projects.collect();
    match params.text("order_by").as_deref() {
        Some("name") => list.sort_by(|a, b| a.name.cmp(&b.name)),
        Some("path") => list.sort_by(|a, b| a.path.cmp(&b.path)),
        Some("updated_at" | "last_activity_at") => list.sort_by_key(|project| project.updated_at),
        Some(_) | None => list.sort_by_key(|project| project.id),
    }
    if params.text("sort").as_deref() != Some("asc") {
        list.reverse();
    }
    list.into_iter()
}

/// `GET /projects`
pub async fn list(call: Call) -> Reply {
    let page = Page::asked(&call.params)?;
    let search = call.params.text("search").map(|text| text.to_lowercase());
    let members_only = call.params.flag("membership").unwrap_or(false);
    let id_after = call.params.number("id_after").unwrap_or(0);
    let projects = call.instance.store.read(|data| {
        let chosen = data
            .projects
            .values()
            .filter(|project| project.id > id_after)
            .filter(|project| call.actor.may_see(&project.full_path, project.visibility))
            .filter(|project| !members_only || call.actor.role_at(&project.full_path).is_some())
            .filter(|project| {
                search
                    .as_ref()
                    .is_none_or(|text| project.path.to_lowercase().contains(text.as_str()))
            });
        sorted(chosen, &call.params)
            .map(|project| show::body(&call, data, project))
            .collect()
    });
    Ok(page.of(projects, &call.address, &call.params))
}

/// `GET /projects/:id`
pub async fn get(call: Call) -> Reply {
    let project = call.project(Role::Guest)?;
    Ok(Answer::ok(
        &call
            .instance
            .store
            .read(|data| show::with_access(&call, data, &project)),
    ))
}

/// `PUT /projects/:id`
pub async fn update(call: Call) -> Reply {
    let project = call.project(Role::Maintainer)?;
    let mut settings =
        document::accepted("putApiV4ProjectsId", &call.params).map_err(Answer::bad_parameter)?;
    if settings.is_empty() {
        return Err(Answer::bad_parameter(
            "name, default_branch, path, description and other attributes are missing, at least one parameter must be provided",
        ));
    }
    let role = call.actor.role_at(&project.full_path);
    may_change_who_sets_variables(&project, &settings, role)?;
    if let Some(branch) = settings
        .remove("default_branch")
        .as_ref()
        .and_then(Value::as_str)
    {
        let repository = call.repository(&project);
        if repository.resolve(branch).await?.is_none() {
            return Err(Answer::bad_request(
                json!({ "base": ["Could not set the default branch. Does the branch exist?"] }),
            ));
        }
        repository.set_head(branch).await?;
        call.instance.store.write(|data| {
            if let Some(project) = data.projects.get_mut(&project.id) {
                project.default_branch = Some(branch.to_owned());
            }
        });
    }
    let body = call
        .instance
        .store
        .write(|data| change(&call, data, project.id, settings))?;
    Ok(Answer::ok(&body))
}

/// Refuses a change of who may use pipeline variables that is an owner's alone: to owners, and, as
/// GitLab documents it, from owners or from nobody.
fn may_change_who_sets_variables(
    project: &Project,
    settings: &Map<String, Value>,
    role: Option<Role>,
) -> Result<(), Answer> {
    let name = "ci_pipeline_variables_minimum_override_role";
    let now = project.setting(name);
    let Some(wanted) = settings.get(name).filter(|wanted| **wanted != now) else {
        return Ok(());
    };
    if role >= Some(Role::Owner) {
        return Ok(());
    }
    if wanted == "owner" {
        return Err(Answer::bad_request(format!(
            "Changing the {name} to the owner role is not allowed"
        )));
    }
    if now == "owner" || now == "no_one_allowed" {
        return Err(Answer::bad_request(format!(
            "Changing the restrict_user_defined_variables or {name} is not allowed"
        )));
    }
    Ok(())
}

fn change(
    call: &Call,
    data: &mut Data,
    id: u64,
    mut settings: Map<String, Value>,
) -> Result<Value, Answer> {
    let mut project = data
        .projects
        .get(&id)
        .cloned()
        .ok_or_else(|| Answer::not_found("Project"))?;
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    if let Some(name) = text(settings.remove("name")) {
        project.name = name;
    }
    if settings.contains_key("description") {
        project.description = text(settings.remove("description"));
    }
    if let Some(word) = text(settings.remove("visibility")) {
        project.visibility = create::visibility(data, project.namespace_id, Some(&word))?;
    }
    if let Some(path) = text(settings.remove("path")).filter(|path| *path != project.path) {
        if !is_path(&path) {
            return Err(Answer::bad_request(json!({ "path": [PATH_RULE] })));
        }
        rename(data, &mut project, &path)?;
    }
    project.settings.extend(settings);
    project.updated_at = moment::now();
    data.projects.insert(id, project.clone());
    Ok(show::body(call, data, &project))
}

/// Moves a project within its group; the old path leads to it from then on.
fn rename(data: &mut Data, project: &mut Project, path: &str) -> Result<(), Answer> {
    let group = data
        .groups
        .get(&project.namespace_id)
        .map_or("", |group| group.full_path.as_str());
    let full_path = format!("{group}/{path}");
    if data.project(&full_path).is_some() {
        return Err(create::taken());
    }
    data.redirects.insert(project.full_path.clone(), project.id);
    data.redirects.remove(&full_path);
    project.path = path.to_owned();
    project.full_path = full_path;
    Ok(())
}

/// `DELETE /projects/:id`
///
/// The first call marks the project and renames it, so that its path is free; it goes for good only with
/// `permanently_remove` and its new full path, some time later.
pub async fn delete(call: Call) -> Reply {
    let project = call.project(Role::Owner)?;
    let accepted = || Ok(Answer::message(StatusCode::ACCEPTED, "202 Accepted"));
    if call.params.flag("permanently_remove") == Some(true) {
        if project.marked_for_deletion_at.is_none() {
            return Err(Answer::bad_request(
                "Project must be marked for deletion first.",
            ));
        }
        if call.params.text("full_path").as_ref() != Some(&project.full_path) {
            return Err(Answer::bad_request(
                "`full_path` is incorrect. You must enter the complete path for the project.",
            ));
        }
        call.instance.remove_later(project.id);
        return accepted();
    }
    if project.marked_for_deletion_at.is_some() {
        return Err(Answer::bad_request(
            "Project has been already marked for deletion",
        ));
    }
    call.instance.store.write(|data| {
        let Some(mut project) = data.projects.get(&project.id).cloned() else {
            return Ok(());
        };
        let suffix = format!("-deletion_scheduled-{}", project.id);
        let path = format!("{}{suffix}", project.path);
        rename(data, &mut project, &path)?;
        project.name.push_str(&suffix);
        project.archived = true;
        project.marked_for_deletion_at = Some(moment::now());
        data.projects.insert(project.id, project);
        Ok::<(), Answer>(())
    })?;
    accepted()
}
