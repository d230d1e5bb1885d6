//! Open intents: effects whose outcome nobody recorded. They are settled before anything new begins.

use jiff::Timestamp;

use crate::api::EffectJournal;
use crate::api::condition::Reason;
use crate::domain::failure::{Failure, FailureKind, Party};
use crate::domain::identity::{Identity, InstallationKey, Ownership};
use crate::domain::intent::Action;
use crate::domain::observed::{EffectsObserved, External, OpenIntent};
use crate::domain::reading::Reading;
use crate::domain::settings::Settings;
use crate::domain::step::{Outcome, Step, StepResult};
use crate::domain::target::Mode;
use crate::domain::verdict::Verdict;

/// What open intents leave to do.
pub struct Settlement {
    /// Outcomes that were found.
    pub settled: Vec<Outcome>,
    /// Why nothing else may begin.
    pub hold: Option<Verdict>,
}

/// Settles what was found, and waits for what may still come to pass.
pub fn settle(
    effects: &EffectsObserved,
    identity: &Identity,
    settings: &Settings,
    now: Timestamp,
) -> Settlement {
    let mut settlement = Settlement {
        settled: Vec::new(),
        hold: None,
    };
    if let Some(problem) = &effects.damaged {
        settlement.hold = Some(Verdict::Stalled(
            Reason::Invalid,
            format!("{problem}; nothing is changed outside until it is restored or removed"),
        ));
        return settlement;
    }
    for (index, open) in effects.open.iter().enumerate() {
        let later = effects.open.get(index + 1..).unwrap_or_default();
        match judge(open, later, identity, &settings.key) {
            Judgement::Settled(result) => {
                settlement.settled.push(Outcome {
                    intent: open.intent.clone(),
                    result,
                });
            }
            // In order: the record of a later one may not overtake the record of this one.
            Judgement::Unknown(failure) => {
                settlement.hold = Some(Verdict::from_failure(&failure));
                break;
            }
            Judgement::Absent if may_still_happen(open, settings, now) => {
                settlement.hold = Some(answer_lost(&open.intent.action));
                break;
            }
            Judgement::Absent => {}
        }
    }
    settlement
}

/// How many records may wait for their table before nothing more is done.
const WAITING_RECORDS: usize = 40;

/// Why nothing new may begin, whatever the kind; the first reason counts.
pub(super) fn obstacle(
    hold: Option<Verdict>,
    settled: &[Outcome],
    mode: Mode,
    journal: Option<&EffectJournal>,
) -> Option<Verdict> {
    let recording = (!settled.is_empty())
        .then(|| Verdict::Progressing(Reason::Updating, "recording what was found".into()));
    let suspended = (mode == Mode::Suspended).then_some(Verdict::Suspended);
    hold.or(recording)
        .or(suspended)
        .or_else(|| unrecorded(journal))
}

/// Too many records wait already.
fn unrecorded(journal: Option<&EffectJournal>) -> Option<Verdict> {
    let waiting = journal.map_or(0, |journal| journal.backlog.len());
    (waiting >= WAITING_RECORDS).then(|| {
        Verdict::Stalled(
            Reason::AuditUnavailable,
            format!(
                "{waiting} audit records wait for a table that does not exist yet, so nothing more is done; see why the earlier attempts failed, then delete this object and create it again"
            ),
        )
    })
}

enum Judgement {
    Settled(StepResult),
    Unknown(Failure),
    Absent,
}

fn judge(
    open: &OpenIntent,
    later: &[OpenIntent],
    identity: &Identity,
    key: &InstallationKey,
) -> Judgement {
    match &open.found {
        // Nobody can see whether a project was taken over; but what comes after was only tried once it was.
        Reading::Known(External::Project(project))
            if matches!(open.intent.action, Action::TakeOver { .. })
                && later.iter().any(happened) =>
        {
            Judgement::Settled(StepResult::AlreadyDone(External::Project(project.clone())))
        }
        Reading::Unreadable(failure) => Judgement::Unknown(failure.clone()),
        Reading::Unread | Reading::Absent => Judgement::Absent,
        // Whether it was recorded is met when it is recorded again, under the same identity.
        Reading::Known(_) if matches!(open.intent.action, Action::TakeOver { .. }) => {
            Judgement::Absent
        }
        Reading::Known(External::Project(project)) => {
            let wanted = open.intent.action.subject();
            match key.ownership(&project.description, identity, &wanted) {
                Ownership::Ours if open.intent.id.is_in(&project.description) => {
                    Judgement::Settled(StepResult::AlreadyDone(External::Project(project.clone())))
                }
                // It was there before: this intent made nothing, and the plan takes it over.
                Ownership::Ours => Judgement::Absent,
                Ownership::Foreign => Judgement::Settled(StepResult::Refused(foreign(&wanted))),
            }
        }
        // Of several objects that wanted one group, one made it.
        Reading::Known(External::Group(description)) => {
            let own = open.intent.id.is_in(description);
            Judgement::Settled(if own {
                StepResult::AlreadyDone(External::Nothing)
            } else {
                StepResult::Refused(somebody_elses(&open.intent.action.subject()))
            })
        }
        Reading::Known(found) => Judgement::Settled(StepResult::AlreadyDone(found.clone())),
    }
}

/// Whether an effect was found that tells that what stands before it came about.
fn happened(open: &OpenIntent) -> bool {
    let own = match open.intent.action {
        Action::CommitFiles { .. }
        | Action::ApplySettings { .. }
        | Action::Provision { .. }
        | Action::Build { .. }
        | Action::Deploy { .. } => true,
        Action::CreateGroup { .. }
        | Action::CreateProject { .. }
        | Action::TakeOver { .. }
        | Action::LetGo { .. } => false,
    };
    own && open.found.known().is_some()
}

/// A project at our path that is not ours.
pub(super) fn foreign(path: &str) -> Failure {
    Failure {
        party: Party::GitLab,
        kind: FailureKind::Conflict,
        message: format!(
            "the GitLab project {path} exists and is not this object's; rename or remove that project, or choose another spec.repository.name"
        ),
    }
}

/// A group that another object, or a person, made first. It serves as well.
fn somebody_elses(path: &str) -> Failure {
    Failure {
        party: Party::GitLab,
        kind: FailureKind::Conflict,
        message: format!("the GitLab group {path} was made for somebody else first"),
    }
}

/// Only starting a pipeline can neither be refused a second time nor be undone, so only it waits before
/// it is tried again.
fn may_still_happen(open: &OpenIntent, settings: &Settings, now: Timestamp) -> bool {
    let starts_pipeline = match open.intent.action {
        Action::Provision { .. } | Action::Build { .. } | Action::Deploy { .. } => true,
        Action::CreateGroup { .. }
        | Action::CreateProject { .. }
        | Action::TakeOver { .. }
        | Action::CommitFiles { .. }
        | Action::ApplySettings { .. }
        | Action::LetGo { .. } => false,
    };
    starts_pipeline && has_time(open, settings, now)
}

/// Whether an effect that was tried has time left to come to pass.
pub fn has_time(open: &OpenIntent, settings: &Settings, now: Timestamp) -> bool {
    let since = open.last_sent.unwrap_or(open.intent.created_at);
    let grace = i64::try_from(settings.lost_answer_grace.as_millis()).unwrap_or(i64::MAX);
    now.as_millisecond() - since.as_millisecond() < grace
}

/// What was tried and may still come to pass although it was not found, and `steps` do not try again: it
/// is not forgotten before its time is over, or it would have no record.
pub fn awaited(
    effects: &EffectsObserved,
    settled: &[Outcome],
    steps: &[Step],
    settings: &Settings,
    now: Timestamp,
) -> Option<Verdict> {
    let can_be_found = |action: &Action| match action {
        Action::CreateGroup { .. }
        | Action::CreateProject { .. }
        | Action::CommitFiles { .. }
        | Action::ApplySettings { .. }
        | Action::Provision { .. }
        | Action::Build { .. }
        | Action::Deploy { .. } => true,
        // Nothing is sent for it.
        Action::TakeOver { .. } | Action::LetGo { .. } => false,
    };
    let lost = effects.open.iter().find(|open| {
        let intent = &open.intent;
        let known = settled.iter().any(|outcome| outcome.intent.id == intent.id);
        let again = steps
            .iter()
            .any(|step| step.action == intent.action && step.ledger == intent.ledger);
        let absent = matches!(open.found, Reading::Unread | Reading::Absent);
        let tried = open.last_sent.is_some() && can_be_found(&intent.action);
        absent && tried && !known && !again && has_time(open, settings, now)
    })?;
    Some(answer_lost(&lost.intent.action))
}

fn answer_lost(action: &Action) -> Verdict {
    Verdict::Progressing(
        Reason::Updating,
        format!(
            "the answer to {} was lost; waiting to see whether it happened before it is tried again",
            action.name()
        ),
    )
}

/// The plan, unless something is to be waited for first. Where nothing is to be done any more, what is
/// still open has neither happened nor can it, and nobody wants it: it is given up.
pub(super) fn after_what_was_lost(
    mut plan: super::Plan,
    effects: &EffectsObserved,
    settings: &Settings,
    now: Timestamp,
) -> super::Plan {
    if let Some(verdict) = awaited(effects, &plan.settled, &plan.steps, settings, now) {
        plan.steps.clear();
        plan.verdict = verdict;
        return plan;
    }
    let is_over = matches!(plan.verdict, Verdict::Settled | Verdict::Stalled(..));
    let idle = plan.steps.is_empty() && plan.settled.is_empty();
    plan.gives_up = is_over && idle && !effects.open.is_empty();
    plan
}

/// The plan of an object that is being deleted: one record says what stays, then it goes. What may
/// have happened is found out first: otherwise its record would be lost with the object.
pub(super) fn let_go(
    mut plan: super::Plan,
    hold: Option<Verdict>,
    held: bool,
    project: &str,
    ledger: &str,
) -> super::Plan {
    if let (Some(hold), true) = (hold, held) {
        plan.verdict = hold;
        return plan;
    }
    plan.verdict = Verdict::Progressing(
        Reason::Deleting,
        "letting go: what was made outside stays as it is".into(),
    );
    if held && plan.settled.is_empty() {
        plan.steps.push(crate::domain::step::Step {
            action: Action::LetGo {
                project: project.to_owned(),
            },
            ledger: ledger.to_owned(),
            effect: crate::domain::step::Effect::LetGo,
        });
    }
    plan
}
