//! Memory: what the status keeps of effects, so that nothing has to be looked up on the happy path.

use crate::api::{
    ApplicationStatus, AuditChain, AuditEntry, AuditOutcome, EffectJournal,
    EnvironmentProviderStatus, PipelineStatus, REQUESTER_LENGTH, RolloutStatus,
};
use crate::domain::condition::shorten;
use crate::domain::failure::FailureKind;
use crate::domain::forge::Pipeline;
use crate::domain::intent::{Action, Intent};
use crate::domain::observed::External;
use crate::domain::step::{Outcome, StepResult};

use super::project::absorb_repository;

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
