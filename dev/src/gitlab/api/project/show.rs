//! A project as the API shows it.

use serde_json::{Map, Value, json};

use super::super::super::endpoint::Call;
use super::super::super::model::{Data, Group, Project, Role};
use super::super::super::moment;

/// Settings that every answer has.
const SETTINGS: [&str; 57] = [
    "packages_enabled",
    "resolve_outdated_diff_discussions",
    "issues_enabled",
    "merge_requests_enabled",
    "wiki_enabled",
    "jobs_enabled",
    "snippets_enabled",
    "container_registry_enabled",
    "service_desk_enabled",
    "issues_access_level",
    "repository_access_level",
    "merge_requests_access_level",
    "forking_access_level",
    "wiki_access_level",
    "builds_access_level",
    "snippets_access_level",
    "pages_access_level",
    "analytics_access_level",
    "container_registry_access_level",
    "security_and_compliance_access_level",
    "releases_access_level",
    "environments_access_level",
    "feature_flags_access_level",
    "infrastructure_access_level",
    "monitor_access_level",
    "model_experiments_access_level",
    "model_registry_access_level",
    "emails_disabled",
    "emails_enabled",
    "shared_runners_enabled",
    "lfs_enabled",
    "ci_default_git_depth",
    "ci_delete_pipelines_in_seconds",
    "ci_forward_deployment_enabled",
    "ci_forward_deployment_rollback_allowed",
    "ci_separated_caches",
    "ci_allow_fork_pipelines_to_run_in_parent_project",
    "build_git_strategy",
    "keep_latest_artifact",
    "restrict_user_defined_variables",
    "ci_pipeline_variables_minimum_override_role",
    "group_runners_enabled",
    "auto_cancel_pending_pipelines",
    "build_timeout",
    "auto_devops_enabled",
    "auto_devops_deploy_strategy",
    "ci_push_repository_for_job_token_allowed",
    "ci_config_path",
    "public_jobs",
    "only_allow_merge_if_pipeline_succeeds",
    "allow_merge_on_skipped_pipeline",
    "request_access_enabled",
    "only_allow_merge_if_all_discussions_are_resolved",
    "remove_source_branch_after_merge",
    "merge_method",
    "squash_option",
    "autoclose_referenced_issues",
];

fn namespace(url: &str, group: &Group) -> Value {
    json!({
        "id": group.id,
        "name": group.name,
        "path": group.path,
        "kind": "group",
        "full_path": group.full_path,
        "parent_id": group.parent_id,
        "avatar_url": null,
        "web_url": format!("{url}/groups/{}", group.full_path),
    })
}

/// Answers a project.
pub fn body(call: &Call, data: &Data, project: &Project) -> Value {
    let url = call.instance.url.as_str();
    let web = format!("{url}/{}", project.full_path);
    let group = data.groups.get(&project.namespace_id);
    let own = format!("{url}/api/v4/projects/{}", project.id);
    let host = url
        .split("://")
        .nth(1)
        .unwrap_or_default()
        .split(':')
        .next()
        .unwrap_or_default();
    let empty = project.default_branch.is_none();
    let Value::Object(mut answer) = json!({
        "id": project.id,
        "description": project.description,
        "name": project.name,
        "name_with_namespace": format!("{} / {}", group.map_or("", |group| group.name.as_str()), project.name),
        "path": project.path,
        "path_with_namespace": project.full_path,
        "created_at": moment::text(project.created_at),
        "default_branch": project.default_branch.as_ref().or(empty.then_some(&project.initial_branch)),
        "tag_list": project.setting("tag_list"),
        "topics": project.setting("topics"),
        "ssh_url_to_repo": format!("git@{host}:{}.git", project.full_path),
        "http_url_to_repo": format!("{web}.git"),
        "web_url": web,
        "readme_url": null,
        "forks_count": 0,
        "avatar_url": null,
        "star_count": 0,
        "last_activity_at": moment::text(project.updated_at),
        "visibility": project.visibility.word(),
        "namespace": group.map(|group| namespace(url, group)),
        "_links": {
            "self": own,
            "repo_branches": format!("{own}/repository/branches"),
            "members": format!("{own}/members"),
        },
        "marked_for_deletion_at": project.marked_for_deletion_at.map(moment::day),
        "marked_for_deletion_on": project.marked_for_deletion_at.map(moment::day),
        "empty_repo": empty,
        "archived": project.archived,
        "repository_object_format": "sha1",
        "can_create_merge_request_in": true,
        "creator_id": project.creator_id,
        "import_url": null,
        "import_type": null,
        "import_status": "none",
        "open_issues_count": 0,
        "description_html": project.description.as_ref().map(|text| format!("<p>{}</p>", escaped(text))),
        "updated_at": moment::text(project.updated_at),
        "ci_job_token_scope_enabled": false,
        "ci_id_token_sub_claim_components": ["project_path", "ref_type", "ref"],
        "shared_with_groups": [],
    }) else {
        return Value::Null;
    };
    for name in SETTINGS {
        answer.insert(name.into(), project.setting(name));
    }
    if call.actor.role_at(&project.full_path) >= Some(Role::Maintainer) {
        answer.insert("runners_token".into(), Value::Null);
    }
    Value::Object(answer)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Answers a project with what the asker may do in it.
pub fn with_access(call: &Call, data: &Data, project: &Project) -> Value {
    let mut answer = body(call, data, project);
    let level = call.actor.role_at(&project.full_path).map(|role| {
        let mut access = Map::new();
        access.insert("access_level".into(), role.level().into());
        access.insert("notification_level".into(), 3.into());
        access
    });
    if let Value::Object(answer) = &mut answer {
        answer.insert(
            "permissions".into(),
            json!({ "project_access": null, "group_access": level }),
        );
    }
    answer
}
