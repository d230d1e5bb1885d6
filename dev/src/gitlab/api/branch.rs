//! Branches and their protection.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::model::{Project, ProtectedBranch, Role};
use super::super::page::Page;
use super::commit;

async fn body(call: &Call, project: &Project, name: &str, sha: &str) -> Result<Value, Answer> {
    let found = call
        .repository(project)
        .commit_at(sha)
        .await?
        .unwrap_or_default();
    let role = call.actor.role_at(&project.full_path);
    let protection = project.protection(name);
    let developers = |least: Option<Role>| least == Some(Role::Developer);
    Ok(json!({
        "name": name,
        "commit": commit::body(call, project, &found, false),
        "merged": false,
        "protected": protection.is_some(),
        "developers_can_push": protection.is_some_and(|protection| developers(protection.push)),
        "developers_can_merge": protection.is_some_and(|protection| developers(protection.merge)),
        "can_push": project.may_push(name, role),
        "default": project.default_branch.as_deref() == Some(name),
        "web_url": format!("{}/{}/-/tree/{name}", call.instance.url, project.full_path),
    }))
}

/// `GET /projects/:id/repository/branches`
pub async fn list(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let page = Page::asked(&call.params)?;
    let search = call.params.text("search");
    let mut bodies = Vec::new();
    for (name, sha) in call.repository(&project).branches().await? {
        if search
            .as_ref()
            .is_none_or(|search| name.contains(search.as_str()))
        {
            bodies.push(body(&call, &project, &name, &sha).await?);
        }
    }
    Ok(page.of(bodies, &call.address, &call.params))
}

/// `GET /projects/:id/repository/branches/:branch`
pub async fn get(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let branches = call.repository(&project).branches().await?;
    let found = branches
        .iter()
        .find(|(name, _)| name == call.part("branch"));
    let (name, sha) = found.ok_or_else(|| Answer::not_found("Branch"))?;
    Ok(Answer::ok(&body(&call, &project, name, sha).await?))
}

/// `POST /projects/:id/repository/branches`
pub async fn create(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let (name, from) = (call.required("branch")?, call.required("ref")?);
    let repository = call.repository(&project);
    let sha = repository.resolve(&from).await?;
    let sha = sha.ok_or_else(|| Answer::bad_request(format!("Invalid reference name: {from}")))?;
    if repository
        .branches()
        .await?
        .iter()
        .any(|(known, _)| *known == name)
    {
        return Err(Answer::bad_request("Branch already exists"));
    }
    repository.set_branch(&name, &sha).await?;
    Ok(Answer::created(&body(&call, &project, &name, &sha).await?))
}

/// `DELETE /projects/:id/repository/branches/:branch`
pub async fn delete(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let (repository, name) = (call.repository(&project), call.part("branch"));
    if !repository
        .branches()
        .await?
        .iter()
        .any(|(known, _)| known == name)
    {
        return Err(Answer::not_found("Branch"));
    }
    if project.protection(name).is_some() {
        return Err(Answer::message(
            StatusCode::BAD_REQUEST,
            "Protected branches cannot be deleted",
        ));
    }
    repository.remove_branch(name).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn level(id: u64, role: Option<Role>) -> Value {
    let (number, text) = match role {
        None => (0, "No one"),
        Some(Role::Owner) => (50, "Owners"),
        Some(Role::Maintainer) => (40, "Maintainers"),
        Some(Role::Developer | Role::Reporter | Role::Guest) => (30, "Developers + Maintainers"),
    };
    json!([{
        "id": id,
        "access_level": number,
        "access_level_description": text,
        "deploy_key_id": null,
        "user_id": null,
        "group_id": null,
    }])
}

fn protected(branch: &ProtectedBranch) -> Value {
    json!({
        "id": branch.id,
        "name": branch.name,
        "push_access_levels": level(branch.id, branch.push),
        "merge_access_levels": level(branch.id, branch.merge),
        "allow_force_push": branch.allow_force_push,
        "unprotect_access_levels": [],
        "code_owner_approval_required": false,
        "inherited": false,
    })
}

/// `GET /projects/:id/protected_branches`
pub async fn protections(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let page = Page::asked(&call.params)?;
    let bodies = project.protected_branches.iter().map(protected).collect();
    Ok(page.of(bodies, &call.address, &call.params))
}

/// `GET /projects/:id/protected_branches/:name`
pub async fn protection(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let found = project
        .protected_branches
        .iter()
        .find(|branch| branch.name == call.part("name"));
    found
        .map(|branch| Answer::ok(&protected(branch)))
        .ok_or_else(|| Answer::not_found(""))
}

/// `POST /projects/:id/protected_branches`
pub async fn protect(call: Call) -> Reply {
    let project = call.project(Role::Maintainer)?;
    let name = call.required("name")?;
    if project
        .protected_branches
        .iter()
        .any(|branch| branch.name == name)
    {
        let text = format!("Protected branch '{name}' already exists");
        return Err(Answer::message(StatusCode::CONFLICT, text));
    }
    let read = |parameter: &str| match call.params.number(parameter) {
        None | Some(40) => Ok(Some(Role::Maintainer)),
        Some(0) => Ok(None),
        Some(30) => Ok(Some(Role::Developer)),
        Some(_) => Err(Answer::bad_parameter(format!(
            "{parameter} does not have a valid value"
        ))),
    };
    let (push, merge) = (read("push_access_level")?, read("merge_access_level")?);
    let allow_force_push = call.params.flag("allow_force_push").unwrap_or(false);
    let body = call.instance.store.write(|data| {
        let branch = ProtectedBranch {
            id: data.next_id(),
            name,
            push,
            merge,
            allow_force_push,
        };
        let body = protected(&branch);
        if let Some(project) = data.projects.get_mut(&project.id) {
            project.protected_branches.push(branch);
        }
        body
    });
    Ok(Answer::created(&body))
}

/// `DELETE /projects/:id/protected_branches/:name`
pub async fn unprotect(call: Call) -> Reply {
    let project = call.project(Role::Maintainer)?;
    let removed = call.instance.store.write(|data| {
        let project = data.projects.get_mut(&project.id)?;
        let before = project.protected_branches.len();
        project
            .protected_branches
            .retain(|branch| branch.name != call.part("name"));
        (project.protected_branches.len() < before).then_some(())
    });
    removed
        .map(|()| Answer::empty(StatusCode::NO_CONTENT))
        .ok_or_else(|| Answer::not_found(""))
}
