//! Memory: what the status keeps of effects, so that nothing has to be looked up on the happy path.

use crate::api::{
    ApplicationStatus, AuditChain, AuditEntry, AuditOutcome, EffectJournal,
    EnvironmentProviderStatus, PipelineStatus, REQUESTER_LENGTH, RepositoryStatus, RolloutStatus,
};
use crate::domain::condition::shorten;
use crate::domain::failure::FailureKind;
use crate::domain::forge::{Pipeline, Project, ProjectSettings};
use crate::domain::intent::{Action, Intent};
use crate::domain::observed::{External, RepositoryObserved};
use crate::domain::step::{Outcome, StepResult};
use crate::domain::target::RepositoryTarget;

/// The journal's verbs.
pub trait Journal {
    /// Begins a stage: only outcomes of intents that are still written down are kept.
    fn begin(&mut self, written: &[Intent]);
    /// Notes that an intent's outcome is known, and puts its record into the backlog.
    fn settle(&mut self, outcome: &Outcome);
    /// Notes that the waiting record of this index stands in its table, and under which hash where it
    /// is the new end of its chain.
    fn recorded(&mut self, index: usize, end: Option<&str>);
    /// Takes out what may not go to its table yet: a refusal that the `stored` status does not hold,
    /// and everything after it. Until the status says that it is over, the same intent may be tried
    /// again after a crash, and then its one record must tell how that ended.
    fn hold_back(&mut self, stored: &Self) -> Vec<AuditEntry>;
    /// The head of the chain in a provider's table.
    fn head(&self, provider: &str) -> String;
}

impl Journal for EffectJournal {
    fn begin(&mut self, written: &[Intent]) {
        let words: Vec<String> = written.iter().map(Intent::settled_word).collect();
        self.settled.retain(|settled| words.contains(settled));
    }

    fn settle(&mut self, outcome: &Outcome) {
        let Intent {
            id,
            created_at,
            ledger,
            requested_by,
            generation,
            epoch,
            action,
        } = &outcome.intent;
        let (result, external_id, message) = match &outcome.result {
            StepResult::Done(external) => {
                let message = match action {
                    Action::TakeOver { .. } => "it was there before, and nothing was made",
                    _ => "",
                };
                (AuditOutcome::Success, external.id(), message.to_owned())
            }
            StepResult::AlreadyDone(external) => (
                AuditOutcome::Success,
                external.id(),
                "found after its answer was lost".to_owned(),
            ),
            StepResult::Refused(failure) => {
                let result = if failure.kind == FailureKind::Denied {
                    AuditOutcome::Denied
                } else {
                    AuditOutcome::Failed
                };
                (result, None, shorten(&failure.message, 1000))
            }
            StepResult::Open(_) => return,
        };
        if outcome.intent.is_settled(self) {
            return;
        }
        self.settled.push(outcome.intent.settled_word());
        let entry = AuditEntry {
            id: id.as_str().to_owned(),
            created_at: created_at.to_string(),
            provider: ledger.clone(),
            action: action.name().to_owned(),
            subject: shorten(&action.subject(), 500),
            requested_by: requested_by.chars().take(REQUESTER_LENGTH).collect(),
            generation: *generation,
            epoch: epoch.number(),
            outcome: result,
            external_id,
            message,
        };
        // While there is no table yet, the same refusal is told once, however often it is met: what is
        // refused until somebody changes a right must not fill the status and stop everything.
        let told = self.backlog.last();
        if told.is_none_or(|told| !is_same_refusal(told, &entry)) {
            self.backlog.push(entry);
        }
    }

    fn recorded(&mut self, index: usize, end: Option<&str>) {
        if index >= self.backlog.len() {
            return;
        }
        let entry = self.backlog.remove(index);
        let Some(hash) = end else {
            return;
        };
        match self
            .chains
            .iter_mut()
            .find(|chain| chain.provider == entry.provider)
        {
            Some(chain) => {
                hash.clone_into(&mut chain.head);
                chain.records += 1;
            }
            None => self.chains.push(AuditChain {
                provider: entry.provider,
                head: hash.to_owned(),
                records: 1,
            }),
        }
    }

    fn hold_back(&mut self, stored: &Self) -> Vec<AuditEntry> {
        let is_new = |entry: &AuditEntry| {
            entry.outcome != AuditOutcome::Success
                && !stored.backlog.iter().any(|known| known.id == entry.id)
        };
        let first = self.backlog.iter().position(is_new);
        self.backlog.split_off(first.unwrap_or(self.backlog.len()))
    }

    fn head(&self, provider: &str) -> String {
        self.chains
            .iter()
            .find(|chain| chain.provider == provider)
            .map(|chain| chain.head.clone())
            .unwrap_or_default()
    }
}

/// Whether two records tell of the same refusal: neither happened, for the same reason. Numbers in
/// the words, of a request or a second, make no other reason.
fn is_same_refusal(told: &AuditEntry, entry: &AuditEntry) -> bool {
    let words = |entry: &AuditEntry| entry.message.replace(|c: char| c.is_ascii_digit(), "");
    entry.outcome != AuditOutcome::Success
        && told.outcome == entry.outcome
        && told.provider == entry.provider
        && told.action == entry.action
        && told.subject == entry.subject
        && told.requested_by == entry.requested_by
        && words(told) == words(entry)
}

/// Takes what an outcome says into a provider's memory.
pub fn absorb_provider(memory: &mut EnvironmentProviderStatus, outcome: &Outcome) {
    let Some(external) = happened(outcome) else {
        return;
    };
    absorb_repository(&mut memory.repository, &outcome.intent.action, external);
    match (&outcome.intent.action, external) {
        // The first push starts the first pipeline; every later commit skips it.
        (
            Action::CommitFiles {
                files, first: true, ..
            },
            External::Commit(sha),
        ) => {
            memory.pipeline = Some(PipelineStatus {
                status: "created".into(),
                sha: sha.clone(),
                files: files.clone(),
                ..PipelineStatus::default()
            });
        }
        // What stood there until then may have been provisioned: it is provisioned again.
        (Action::CommitFiles { first: false, .. }, External::Commit(_)) => {
            if let Some(pipeline) = &mut memory.pipeline {
                pipeline.files.clear();
            }
        }
        (Action::Provision { files, retry, .. }, External::Pipeline(pipeline)) => {
            memory.pipeline = Some(started(pipeline, &outcome.intent, retry, files));
        }
        _ => {}
    }
}

/// Takes what an outcome says into an application's memory.
pub fn absorb_application(memory: &mut ApplicationStatus, outcome: &Outcome) {
    let Some(external) = happened(outcome) else {
        return;
    };
    absorb_repository(&mut memory.repository, &outcome.intent.action, external);
    match (&outcome.intent.action, external) {
        (Action::Build { retry, .. }, External::Pipeline(pipeline)) => {
            memory.pipeline = Some(started(pipeline, &outcome.intent, retry, ""));
        }
        (
            Action::Deploy {
                environment,
                release,
                configuration,
                retry,
                ..
            },
            External::Pipeline(pipeline),
        ) => {
            memory
                .rollouts
                .retain(|rollout| &rollout.environment != environment);
            memory.rollouts.push(RolloutStatus {
                environment: environment.clone(),
                release: release.clone(),
                configuration: configuration.clone(),
                pipeline: Some(started(pipeline, &outcome.intent, retry, "")),
            });
            memory
                .rollouts
                .sort_by(|a, b| a.environment.cmp(&b.environment));
        }
        _ => {}
    }
}

const fn happened(outcome: &Outcome) -> Option<&External> {
    match &outcome.result {
        StepResult::Done(external) | StepResult::AlreadyDone(external) => Some(external),
        StepResult::Refused(_) | StepResult::Open(_) => None,
    }
}

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

fn absorb_repository(memory: &mut Option<RepositoryStatus>, action: &Action, external: &External) {
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

/// A pipeline that was started. Where the start was found after its answer was lost, it may have ended
/// by now: how it ended is told once its jobs were looked at, which a success that is told already
/// would be spared.
fn started(pipeline: &Pipeline, intent: &Intent, retry: &str, files: &str) -> PipelineStatus {
    PipelineStatus {
        id: pipeline.id,
        status: "running".to_owned(),
        sha: pipeline.sha.clone(),
        web_url: pipeline.web_url.clone(),
        failed_jobs: Vec::new(),
        intent: intent.id.as_str().to_owned(),
        retry: retry.to_owned(),
        files: files.to_owned(),
    }
}

/// GitLab's word, with everything before the end told as `running`: how a pipeline waits for its
/// runner is not worth a write.
pub(super) fn settled_word(status: &str) -> &str {
    match status {
        "success" | "failed" | "canceled" | "skipped" | "manual" => status,
        _ => "running",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
