//! What the status keeps of a project, and how it knows its project again.

use crate::api::RepositoryStatus;
use crate::domain::forge::{Project, ProjectSettings};
use crate::domain::intent::Action;
use crate::domain::observed::{External, RepositoryObserved};
use crate::domain::target::RepositoryTarget;

/// A project that was there before, as the status keeps it: its settings are those that it has.
fn found(project: &Project) -> RepositoryStatus {
    let settings = project.settings.as_ref();
    RepositoryStatus {
        settings: settings.map(ProjectSettings::digest).unwrap_or_default(),
        ..remember(project)
    }
}

/// A project as the status keeps it.
fn remember(project: &Project) -> RepositoryStatus {
    RepositoryStatus {
        project_id: project.id,
        path: project.path.clone(),
        web_url: project.web_url.clone(),
        clone_url: project.clone_url.clone(),
        ..RepositoryStatus::default()
    }
}

/// Follows a known project to the path it has now; its number beats the path. One that waits for its
/// deletion GitLab renames by itself, and names back when it is restored.
pub(crate) fn follow(known: &mut RepositoryStatus, project: &Project) {
    if project.id == known.project_id && !project.being_deleted {
        known.path.clone_from(&project.path);
        known.web_url.clone_from(&project.web_url);
        known.clone_url.clone_from(&project.clone_url);
    }
}

/// Takes what was seen of the project into the status. Whether the status did not know it: then everything else
/// is to be looked at with what is known now.
pub(crate) fn learn_project(
    memory: &mut Option<RepositoryStatus>,
    seen: &RepositoryObserved,
) -> bool {
    match (memory, seen.project.known()) {
        (Some(known), Some(project)) => {
            if seen.recorded {
                known.project_id = project.id;
            }
            follow(known, project);
            false
        }
        (memory @ None, Some(project)) if seen.recorded => {
            *memory = Some(found(project));
            true
        }
        (Some(_) | None, _) => false,
    }
}

/// Remembers that a repository of ours, which nothing remembered, holds what the spec asks for.
pub(super) fn recognise(
    memory: &mut Option<RepositoryStatus>,
    target: &RepositoryTarget,
    observed: &RepositoryObserved,
) -> bool {
    match memory {
        Some(known) if known.files.is_empty() && is_as_wanted(target, observed) => {
            known.files = target.files.digest();
            true
        }
        Some(_) | None => false,
    }
}

/// Whether the files were looked at and are as they should be.
pub(super) fn is_as_wanted(target: &RepositoryTarget, observed: &RepositoryObserved) -> bool {
    observed.tree.known().is_some_and(|tree| {
        target.files.differing(tree).is_empty() && target.files.surplus(tree).is_empty()
    })
}

/// Takes what an effect did to the repository into the status.
pub(super) fn absorb_repository(
    memory: &mut Option<RepositoryStatus>,
    action: &Action,
    external: &External,
) {
    match (action, external, memory) {
        (Action::CreateProject { .. }, External::Project(project), memory) => {
            *memory = Some(remember(project));
        }
        (Action::TakeOver { .. }, External::Project(project), memory) => {
            *memory = Some(found(project));
        }
        (Action::CommitFiles { files, .. }, External::Commit(sha), Some(known)) => {
            known.head.clone_from(sha);
            known.files.clone_from(files);
        }
        (Action::ApplySettings { settings, .. }, _, Some(known)) => {
            known.settings.clone_from(settings);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::Reading;

    fn known() -> RepositoryStatus {
        remember(&project(7, "apps/shop/cart"))
    }

    fn project(id: i64, path: &str) -> Project {
        Project {
            id,
            path: path.into(),
            web_url: format!("https://gitlab.example.com/{path}"),
            clone_url: format!("https://gitlab.example.com/{path}.git"),
            ..Project::default()
        }
    }

    #[test]
    fn a_project_is_followed_by_its_number_to_where_it_is_now() {
        let moved = project(7, "apps/shop/basket");
        let mut status = known();
        follow(&mut status, &moved);
        assert_eq!(status, remember(&moved));
        let other = project(8, "apps/shop/basket");
        let going = Project {
            being_deleted: true,
            ..moved
        };
        for unheeded in [other, going] {
            let mut status = known();
            follow(&mut status, &unheeded);
            assert_eq!(status, known());
        }
    }

    #[test]
    fn only_records_make_a_project_ours() {
        for recorded in [true, false] {
            let seen = RepositoryObserved {
                project: Reading::Known(project(9, "apps/shop/cart")),
                recorded,
                ..RepositoryObserved::default()
            };
            let (mut lost, mut kept) = (None, Some(known()));
            assert_eq!(learn_project(&mut lost, &seen), recorded);
            assert_eq!(lost.map(|it| it.project_id), recorded.then_some(9));
            assert!(!learn_project(&mut kept, &seen));
            assert_eq!(kept.unwrap().project_id, if recorded { 9 } else { 7 });
        }
    }
}
