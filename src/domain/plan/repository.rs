//! The repository rules, the same for providers and applications.

use crate::api::RepositoryStatus;
use crate::api::condition::{ConditionType, Reason};
use crate::domain::condition::{Claim, Truth};
use crate::domain::file::FileAction;
use crate::domain::forge::{Commit, Project};
use crate::domain::identity::{InstallationKey, Ownership};
use crate::domain::intent::Action;
use crate::domain::observed::RepositoryObserved;
use crate::domain::reading::Reading;
use crate::domain::step::{Effect, Step};
use crate::domain::target::{DEFAULT_BRANCH, RepositoryTarget, Scope};
use crate::domain::verdict::Verdict;

use super::Plan;
use super::effects::foreign;

/// What the repository rules decided.
pub(super) enum Decision {
    /// It is as it should be.
    Settled,
    /// These come first.
    Steps(Vec<Step>),
    /// Nothing can be done.
    Blocked(Verdict),
}

/// Decides about the repository.
pub(super) fn repository(
    scope: &Scope,
    target: &RepositoryTarget,
    known: Option<&RepositoryStatus>,
    observed: &RepositoryObserved,
    ledger: &str,
    key: &InstallationKey,
) -> Decision {
    let Some(known) = known else {
        return unknown_project(scope, target, observed, ledger, key);
    };
    match &observed.project {
        Reading::Unreadable(failure) => return Decision::Blocked(Verdict::from_failure(failure)),
        Reading::Absent => return Decision::Blocked(gone(&known.path, "is gone")),
        Reading::Known(project) if project.being_deleted => {
            return Decision::Blocked(gone(&known.path, "is being deleted"));
        }
        Reading::Known(project) if project.archived => {
            return Decision::Blocked(gone(&known.path, "is archived"));
        }
        Reading::Unread | Reading::Known(_) => {}
    }
    let mut steps = Vec::new();
    match &observed.tree {
        Reading::Unread => {}
        Reading::Unreadable(failure) => return Decision::Blocked(Verdict::from_failure(failure)),
        // No files, and no look at the project yet: it may have another path now, or be gone.
        Reading::Absent if observed.project.known().is_none() => {
            return Decision::Blocked(Verdict::Progressing(
                Reason::Creating,
                format!("looking up the project {}", known.path),
            ));
        }
        Reading::Absent => steps.push(first_commit(scope, target, &known.path, ledger)),
        Reading::Known(tree) => {
            let actions = corrections(target, tree, observed);
            if !actions.is_empty() {
                steps.push(commit(
                    target,
                    &known.path,
                    ledger,
                    &message(scope, "Follow the spec", true),
                    First::No,
                    actions,
                ));
            }
        }
    }
    let marked = observed.project.known().is_none_or(|project| {
        key.ownership(&project.description, &scope.identity, &target.path) == Ownership::Ours
    });
    if known.settings != target.settings_digest() || !marked {
        steps.push(apply_settings(target, &known.path, ledger));
    }
    if steps.is_empty() {
        Decision::Settled
    } else {
        Decision::Steps(steps)
    }
}

fn unknown_project(
    scope: &Scope,
    target: &RepositoryTarget,
    observed: &RepositoryObserved,
    ledger: &str,
    key: &InstallationKey,
) -> Decision {
    match &observed.project {
        Reading::Unreadable(failure) => return Decision::Blocked(Verdict::from_failure(failure)),
        Reading::Known(project) => {
            return match key.ownership(&project.description, &scope.identity, &target.path) {
                Ownership::Ours => Decision::Steps(vec![take_over(target, project, ledger)]),
                Ownership::Foreign => Decision::Blocked(Verdict::Stalled(
                    Reason::RepositoryConflict,
                    foreign(&target.path).message,
                )),
            };
        }
        Reading::Unread | Reading::Absent => {}
    }
    let mut steps = Vec::new();
    match &observed.group {
        Reading::Unreadable(failure) => return Decision::Blocked(Verdict::from_failure(failure)),
        Reading::Unread | Reading::Known(true) => {}
        Reading::Known(false) | Reading::Absent => {
            let path = &target.project.group;
            if !target.may_create_group {
                return Decision::Blocked(Verdict::Stalled(
                    Reason::ReferenceNotFound,
                    format!(
                        "the GitLab group {path} does not exist, or the controller's token may not see it; create it and give the token's user the role Maintainer there"
                    ),
                ));
            }
            let groups = observed.absent_groups.iter().chain([path]);
            steps.extend(groups.map(|path| Step {
                action: Action::CreateGroup { path: path.clone() },
                ledger: ledger.to_owned(),
                effect: Effect::CreateGroup(path.clone()),
            }));
        }
    }
    steps.push(Step {
        action: Action::CreateProject {
            path: target.path.clone(),
        },
        ledger: ledger.to_owned(),
        effect: Effect::CreateProject(target.project.clone()),
    });
    steps.push(first_commit(scope, target, &target.path, ledger));
    steps.push(apply_settings(target, &target.path, ledger));
    Decision::Steps(steps)
}

/// A project of ours, which nothing remembered, was found.
fn take_over(target: &RepositoryTarget, project: &Project, ledger: &str) -> Step {
    Step {
        action: Action::TakeOver {
            path: target.path.clone(),
        },
        ledger: ledger.to_owned(),
        effect: Effect::TakeOver(project.clone()),
    }
}

fn gone(path: &str, what: &str) -> Verdict {
    Verdict::Stalled(
        Reason::RepositoryMissing,
        format!(
            "the GitLab project {path} {what}; restore it, or delete this object and create it again to start anew"
        ),
    )
}

fn first_commit(scope: &Scope, target: &RepositoryTarget, project: &str, ledger: &str) -> Step {
    let files = target.files.owned.iter().chain(&target.files.seeded);
    let actions = files.cloned().map(FileAction::Create).collect();
    commit(
        target,
        project,
        ledger,
        &message(scope, "Start", false),
        First::Yes,
        actions,
    )
}

fn corrections(
    target: &RepositoryTarget,
    tree: &[crate::domain::file::TreeEntry],
    observed: &RepositoryObserved,
) -> Vec<FileAction> {
    let last_commit = |path: &str| observed.last_commits.get(path).cloned();
    let changed = target.files.differing(tree).into_iter().map(|file| {
        let exists = tree.iter().any(|entry| entry.path == file.path);
        match last_commit(&file.path).filter(|_| exists) {
            Some(last_commit) => FileAction::Update {
                file: file.clone(),
                last_commit,
            },
            None => FileAction::Create(file.clone()),
        }
    });
    let surplus = target.files.surplus(tree).into_iter().filter_map(|entry| {
        let last_commit = last_commit(&entry.path)?;
        Some(FileAction::Delete {
            path: entry.path.clone(),
            last_commit,
        })
    });
    changed.chain(surplus).collect()
}

/// Whether a commit is the one whose push starts a pipeline.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Yes,
    No,
}

fn commit(
    target: &RepositoryTarget,
    project: &str,
    ledger: &str,
    message: &str,
    first: First,
    actions: Vec<FileAction>,
) -> Step {
    Step {
        action: Action::CommitFiles {
            project: project.to_owned(),
            files: target.files.digest(),
            first: first == First::Yes,
        },
        ledger: ledger.to_owned(),
        effect: Effect::Commit(Commit {
            project: project.to_owned(),
            branch: DEFAULT_BRANCH.to_owned(),
            message: message.to_owned(),
            actions,
        }),
    }
}

fn message(scope: &Scope, verb: &str, skip_ci: bool) -> String {
    let skip = if skip_ci { " [skip ci]" } else { "" };
    format!("{verb}: {}{skip}\n", scope.identity)
}

fn apply_settings(target: &RepositoryTarget, project: &str, ledger: &str) -> Step {
    Step {
        action: Action::ApplySettings {
            project: project.to_owned(),
            settings: target.settings_digest(),
        },
        ledger: ledger.to_owned(),
        effect: Effect::ApplySettings(project.to_owned(), target.settings.clone()),
    }
}

impl Decision {
    /// Puts the decision into the plan. Whether the repository is settled, so that more may follow.
    pub(super) fn take(self, plan: &mut Plan) -> bool {
        match self {
            Self::Settled => return true,
            Self::Blocked(verdict) => plan.verdict = verdict,
            Self::Steps(steps) => {
                plan.verdict = Verdict::Progressing(
                    Reason::Creating,
                    "bringing the repository to what the spec asks for".into(),
                );
                plan.steps = steps;
            }
        }
        false
    }
}

/// `RepositoryReady`, from what was decided.
pub(super) fn claim(decision: &Decision, known: Option<&RepositoryStatus>) -> Claim {
    let kind = ConditionType::RepositoryReady;
    match decision {
        Decision::Settled => Claim::new(
            kind,
            Truth::True,
            Reason::Succeeded,
            format!(
                "{} holds the files the spec asks for",
                known.map_or("the project", |k| &k.path)
            ),
        ),
        // What comes first, a provider for one, is what `Ready` tells.
        Decision::Steps(_) if known.is_none() => Claim::new(
            kind,
            Truth::False,
            Reason::Creating,
            "the project does not exist yet",
        ),
        Decision::Steps(_) => Claim::new(
            kind,
            Truth::False,
            Reason::Updating,
            "bringing files and settings to what the spec asks for",
        ),
        Decision::Blocked(verdict) => {
            let (reason, message) = verdict.reason();
            let truth = match verdict {
                Verdict::Blocked(..) => Truth::Unknown,
                Verdict::Settled
                | Verdict::Progressing(..)
                | Verdict::Waiting(..)
                | Verdict::Stalled(..)
                | Verdict::Suspended => Truth::False,
            };
            Claim::new(kind, truth, reason, message)
        }
    }
}
