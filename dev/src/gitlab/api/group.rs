//! Groups.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::model::{Data, Group, Role, Visibility};
use super::super::moment;
use super::super::page::Page;
use super::project;

fn full_name(data: &Data, group: &Group) -> String {
    match group.parent_id.and_then(|id| data.groups.get(&id)) {
        Some(parent) => format!("{} / {}", full_name(data, parent), group.name),
        None => group.name.clone(),
    }
}

fn body(url: &str, data: &Data, group: &Group) -> Value {
    json!({
        "id": group.id,
        "web_url": format!("{url}/groups/{}", group.full_path),
        "name": group.name,
        "path": group.path,
        "description": group.description,
        "visibility": group.visibility.word(),
        "share_with_group_lock": false,
        "require_two_factor_authentication": false,
        "two_factor_grace_period": 48,
        "project_creation_level": "developer",
        "auto_devops_enabled": null,
        "subgroup_creation_level": "maintainer",
        "emails_disabled": false,
        "emails_enabled": true,
        "mentions_disabled": null,
        "lfs_enabled": true,
        "archived": false,
        "default_branch": null,
        "default_branch_protection": 2,
        "default_branch_protection_defaults": {
            "allowed_to_push": [{ "access_level": 40 }],
            "allow_force_push": false,
            "allowed_to_merge": [{ "access_level": 40 }],
        },
        "avatar_url": null,
        "request_access_enabled": true,
        "full_name": full_name(data, group),
        "full_path": group.full_path,
        "created_at": moment::text(group.created_at),
        "parent_id": group.parent_id,
        "organization_id": 1,
        "shared_runners_setting": "enabled",
        "max_artifacts_size": null,
        "marked_for_deletion_on": null,
    })
}

fn visible(call: &Call) -> Result<Group, Answer> {
    let group = call
        .instance
        .store
        .read(|data| data.group(call.part("id")).cloned());
    group
        .filter(|group| call.actor.may_see(&group.full_path, group.visibility))
        .ok_or_else(|| Answer::not_found("Group"))
}

/// `GET /groups`
pub async fn list(call: Call) -> Reply {
    let page = Page::asked(&call.params)?;
    let search = call.params.text("search").map(|text| text.to_lowercase());
    let groups = call.instance.store.read(|data| {
        let mut groups: Vec<&Group> = data
            .groups
            .values()
            .filter(|group| call.actor.may_see(&group.full_path, group.visibility))
            .filter(|group| {
                search
                    .as_ref()
                    .is_none_or(|text| group.full_path.contains(text.as_str()))
            })
            .collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups
            .into_iter()
            .map(|group| body(&call.instance.url, data, group))
            .collect()
    });
    Ok(page.of(groups, &call.address, &call.params))
}

/// `GET /groups/:id`
pub async fn get(call: Call) -> Reply {
    let group = visible(&call)?;
    let wanted = call.params.flag("with_projects").unwrap_or(true);
    Ok(Answer::ok(&call.instance.store.read(|data| {
        let mut answer = body(&call.instance.url, data, &group);
        if let Value::Object(answer) = &mut answer {
            answer.insert("shared_with_groups".into(), json!([]));
            answer.insert(
                "prevent_sharing_groups_outside_hierarchy".into(),
                json!(false),
            );
            if wanted {
                let projects = data
                    .projects
                    .values()
                    .filter(|project| project.namespace_id == group.id);
                let projects: Vec<Value> = projects
                    .map(|project| project::body(&call, data, project))
                    .collect();
                answer.insert("projects".into(), projects.into());
                answer.insert("shared_projects".into(), json!([]));
            }
        }
        answer
    })))
}

/// `GET /groups/:id/projects`
pub async fn projects(call: Call) -> Reply {
    let group = visible(&call)?;
    let page = Page::asked(&call.params)?;
    let below = call.params.flag("include_subgroups").unwrap_or(false);
    let search = call.params.text("search").map(|text| text.to_lowercase());
    let inside = format!("{}/", group.full_path);
    let projects = call.instance.store.read(|data| {
        let chosen = data
            .projects
            .values()
            .filter(|project| {
                project.namespace_id == group.id
                    || (below && project.full_path.starts_with(&inside))
            })
            .filter(|project| call.actor.may_see(&project.full_path, project.visibility))
            .filter(|project| {
                search
                    .as_ref()
                    .is_none_or(|text| project.full_path.to_lowercase().contains(text.as_str()))
            });
        project::sorted(chosen, &call.params)
            .map(|project| project::body(&call, data, project))
            .collect()
    });
    Ok(page.of(projects, &call.address, &call.params))
}

/// `POST /groups`
pub async fn create(call: Call) -> Reply {
    let (name, path) = (call.required("name")?, call.required("path")?);
    let parent = match call.params.text("parent_id") {
        None => None,
        Some(id) => {
            let parent = call.instance.store.read(|data| data.group(&id).cloned());
            let parent = parent
                .filter(|parent| call.actor.may_see(&parent.full_path, parent.visibility))
                .ok_or_else(|| Answer::not_found("Group"))?;
            if call.actor.role_at(&parent.full_path) < Some(Role::Maintainer) {
                return Err(Answer::forbidden(None));
            }
            Some(parent)
        }
    };
    let visibility = match call.params.text("visibility") {
        None => parent
            .as_ref()
            .map_or(Visibility::Private, |parent| parent.visibility),
        Some(word) => Visibility::read(&word)
            .ok_or_else(|| Answer::bad_parameter("visibility does not have a valid value"))?,
    };
    let save_failed = |why: &str| {
        Answer::message(
            StatusCode::BAD_REQUEST,
            format!("Failed to save group {{{why}}}"),
        )
    };
    if !project::is_path(&path) {
        return Err(save_failed(&format!(":path=>[\"{}\"]", project::PATH_RULE)));
    }
    let above_hidden = parent
        .as_ref()
        .is_some_and(|parent| visibility > parent.visibility);
    if above_hidden {
        return Err(save_failed(
            ":visibility_level=>[\"is not allowed since the parent group has a more restrictive visibility.\"]",
        ));
    }
    let full_path = match &parent {
        Some(parent) => format!("{}/{path}", parent.full_path),
        None => path.clone(),
    };
    let answer = call.instance.store.write(|data| {
        if data.group(&full_path).is_some() || data.project(&full_path).is_some() {
            return Err(save_failed(":path=>[\"has already been taken\"]"));
        }
        let id = data.next_id();
        let group = Group {
            id,
            name,
            path,
            full_path: full_path.clone(),
            parent_id: parent.as_ref().map(|parent| parent.id),
            description: call.params.text("description").unwrap_or_default(),
            visibility,
            created_at: moment::now(),
            pipeline_variables_role: None,
        };
        let answer = body(&call.instance.url, data, &group);
        if parent.is_none()
            && let Some(user) = call
                .actor
                .user()
                .and_then(|user| data.users.get_mut(&user.username))
        {
            user.groups.insert(full_path, Role::Owner);
        }
        data.groups.insert(id, group);
        Ok(answer)
    })?;
    Ok(Answer::created(&answer))
}
