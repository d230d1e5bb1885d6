//! What a push asks for, whether it may, and what follows from it.

use std::io;
use std::sync::Arc;

use super::super::access::Actor;
use super::super::instance::Instance;
use super::super::model::{Project, ProtectedBranch, Role};
use super::super::moment;
use super::super::pipeline::{self, Request, Start};
use super::super::repository::{Repository, ZEROS};

/// One reference that is to move.
#[derive(Debug, Clone)]
pub struct Update {
    /// Where it was.
    pub old: String,
    /// Where it is to be.
    pub new: String,
    /// Its whole name.
    pub name: String,
}

/// Reads the commands at the start of a push.
pub fn updates(body: &[u8]) -> Vec<Update> {
    let mut updates = Vec::new();
    let mut rest = body;
    while let Some((head, after)) = rest.split_at_checked(4) {
        let length = std::str::from_utf8(head)
            .ok()
            .and_then(|text| usize::from_str_radix(text, 16).ok());
        // Zero ends the commands; what follows is options and the pack.
        let Some(length) = length.filter(|length| *length > 4) else {
            break;
        };
        let Some((line, after)) = after.split_at_checked(length - 4) else {
            break;
        };
        rest = after;
        let line = String::from_utf8_lossy(line);
        let command = line.split('\0').next().unwrap_or_default().trim_end();
        let mut words = command.splitn(3, ' ');
        if let (Some(old), Some(new), Some(name)) = (words.next(), words.next(), words.next()) {
            updates.push(Update {
                old: old.into(),
                new: new.into(),
                name: name.into(),
            });
        }
    }
    updates
}

/// On which terms a push is let in.
#[derive(Debug, Default)]
pub struct Terms {
    /// Why it is refused, where it is.
    pub refusal: Option<String>,
    /// References whose history may not be rewritten.
    pub no_force: Vec<String>,
}

/// Answers on which terms the push is let in.
pub fn terms(project: &Project, actor: &Actor, updates: &[Update]) -> Terms {
    let role = actor.role_at(&project.full_path);
    let mut terms = Terms::default();
    for update in updates {
        let Some(branch) = update.name.strip_prefix("refs/heads/") else {
            continue;
        };
        let protection = project.protection(branch);
        let removes = update.new == ZEROS;
        // The first branch becomes the default one, and its protection follows the push.
        let first = project.default_branch.is_none();
        let refusal = if removes && project.default_branch.as_deref() == Some(branch) {
            Some("The default branch of a project cannot be deleted.")
        } else if !first && !project.may_push(branch, role) {
            Some("You are not allowed to push code to protected branches on this project.")
        } else if removes && protection.is_some() {
            Some("You can only delete protected branches using the web interface.")
        } else {
            None
        };
        terms.refusal = terms.refusal.or(refusal.map(str::to_owned));
        if protection.is_some_and(|protection| !protection.allow_force_push) {
            terms.no_force.push(update.name.clone());
        }
    }
    terms
}

/// Answers the updates that the repository really has now.
pub async fn landed(repository: &Repository, updates: Vec<Update>) -> io::Result<Vec<Update>> {
    let mut landed = Vec::new();
    for update in updates {
        let short = update
            .name
            .strip_prefix("refs/heads/")
            .or(update.name.strip_prefix("refs/tags/"));
        let now = repository.resolve(short.unwrap_or(&update.name)).await?;
        let there = match (&now, update.new.as_str()) {
            (None, ZEROS) => true,
            (Some(now), new) => update.name.starts_with("refs/tags/") || now == new,
            (None, _) => false,
        };
        if there {
            landed.push(update);
        }
    }
    Ok(landed)
}

/// Does what follows a push or a commit: the first branch becomes the default, and pipelines start.
pub async fn after(
    instance: &Arc<Instance>,
    actor: &Actor,
    project: u64,
    updates: &[Update],
) -> io::Result<()> {
    let Some(user) = actor.user().cloned() else {
        return Ok(());
    };
    for update in updates.iter().filter(|update| update.new != ZEROS) {
        let (tag, name) = match update.name.split_at_checked("refs/heads/".len()) {
            Some(("refs/heads/", name)) => (false, name),
            _ => match update.name.strip_prefix("refs/tags/") {
                Some(name) => (true, name),
                None => continue,
            },
        };
        let found = touch(instance, project, name, tag);
        let Some(found) = found else { continue };
        if found.default_branch.as_deref() == Some(name) && !tag {
            instance.repository(project).set_head(name).await?;
        }
        let Some(sha) = instance.repository(project).resolve(name).await? else {
            continue;
        };
        let start = Start::Push {
            before: update.old.clone(),
        };
        let request = Request {
            project: found,
            ref_name: name.into(),
            tag,
            sha,
            start,
            user: user.clone(),
        };
        pipeline::create(instance, &request).await?;
    }
    Ok(())
}

/// Notes a push in the project; the first branch becomes the default and protected, as GitLab does by default.
fn touch(instance: &Instance, project: u64, branch: &str, tag: bool) -> Option<Project> {
    instance.store.write(|data| {
        let id = data.next_id();
        let project = data.projects.get_mut(&project)?;
        project.updated_at = moment::now();
        if project.default_branch.is_none() && !tag {
            project.default_branch = Some(branch.into());
            project.protected_branches.push(ProtectedBranch {
                id,
                name: branch.into(),
                push: Some(Role::Maintainer),
                merge: Some(Role::Maintainer),
                allow_force_push: false,
            });
        }
        Some(project.clone())
    })
}
