//! Folders of a repository.

use serde_json::json;

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::model::Role;
use super::super::page::Page;

/// `GET /projects/:id/repository/tree`
pub async fn list(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let page = Page::asked(&call.params)?;
    let repository = call.repository(&project);
    let name = call
        .params
        .text("ref")
        .or_else(|| project.default_branch.clone());
    let sha = match name {
        Some(name) => repository.resolve(&name).await?,
        None => None,
    };
    let sha = sha.ok_or_else(|| Answer::not_found("Tree"))?;
    let path = call.params.text("path").unwrap_or_default();
    if !path.is_empty() && !repository.has_folder(&sha, &path).await? {
        return Err(Answer::not_found("invalid revision or path"));
    }
    let recursive = call.params.flag("recursive").unwrap_or(false);
    let entries = repository.tree(&sha, &path, recursive).await?;
    let mut entries: Vec<_> = entries.iter().collect();
    // GitLab lists folders first.
    entries.sort_by_key(|entry| entry.kind != "tree");
    let bodies = entries
        .into_iter()
        .map(|entry| {
            json!({
                "id": entry.id,
                "name": entry.name(),
                "type": entry.kind,
                "path": entry.path,
                "mode": entry.mode,
            })
        })
        .collect();
    Ok(page.of(bodies, &call.address, &call.params))
}
