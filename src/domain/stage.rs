//! Stages: steps with identities, ready to be made durable.

use jiff::{SignedDuration, Timestamp};

use crate::api::{EffectJournal, REQUESTER_LENGTH};

use super::forge::NewProject;
use super::intent::{Action, Intent, IntentId, TRAILER};
use super::lease::Epoch;
use super::observed::OpenIntent;
use super::step::{Effect, Step};
use super::target::Scope;

/// Gives every step an intent. A step that repeats an open intent's action keeps its identity, so
/// that a second try of the same effect is the same effect, asked for by whoever asked first; the try is this process's.
pub fn stage(
    steps: Vec<Step>,
    open: &[OpenIntent],
    scope: &Scope,
    (epoch, now): (Epoch, Timestamp),
    mut entropy: impl FnMut() -> [u8; 10],
) -> Vec<(Intent, Step)> {
    let again = |step: &Step| {
        open.iter()
            .map(|open| &open.intent)
            .find(|intent| intent.action == step.action && intent.ledger == step.ledger)
    };
    steps
        .into_iter()
        .zip(0_i64..)
        .map(|(step, place)| {
            let again = again(&step).map(|intent| Intent {
                epoch,
                ..intent.clone()
            });
            let intent = again.unwrap_or_else(|| Intent {
                id: IntentId::new(now, entropy()),
                // A microsecond apart, so that records sort in the order of what they tell.
                created_at: now
                    .checked_add(SignedDuration::from_micros(place))
                    .unwrap_or(now),
                ledger: step.ledger.clone(),
                requested_by: scope.requested_by.clone(),
                generation: scope.generation,
                epoch,
                action: step.action.clone(),
            });
            (intent, step)
        })
        .collect()
}

/// What the annotation holds once `staged` is about to happen: the new stage, after every intent whose
/// outcome is known to this pass alone. Those must not be forgotten before the status that tells
/// of them is stored, or a crash in between would lose their records.
pub fn written(
    before: &[Intent],
    stored: &EffectJournal,
    settled: &EffectJournal,
    staged: &[(Intent, Step)],
) -> Vec<Intent> {
    let kept = before
        .iter()
        .filter(|intent| intent.is_settled(settled) && !intent.is_settled(stored));
    kept.chain(staged.iter().map(|(intent, _)| intent))
        .cloned()
        .collect()
}

/// The description of a group that is made for an intent.
pub fn group_description(intent: &IntentId) -> String {
    intent.described("Projects of one namespace, kept by Harmonix.")
}

/// The effect as it is sent: with the intent's identity where it can be found again. `held` are all
/// intents of the object: while it is not stored how the making of its project ended, the project keeps
/// the identity that tells.
pub fn sealed(effect: &Effect, intent: &Intent, held: &[Intent]) -> Effect {
    match effect {
        Effect::CreateProject(project) => Effect::CreateProject(NewProject {
            description: intent.id.described(&project.description),
            ..project.clone()
        }),
        Effect::ApplySettings(project, settings) => {
            let mut settings = settings.clone();
            let is_making = |held: &&Intent| matches!(held.action, Action::CreateProject { .. });
            // The newest: what stands before it was refused.
            if let Some(making) = held.iter().rfind(is_making) {
                settings.description = making.id.described(&settings.description);
            }
            Effect::ApplySettings(project.clone(), settings)
        }
        Effect::Commit(commit) => {
            let mut commit = commit.clone();
            // An intent is read from an annotation: what it names is one line here whatever it holds, so
            // that it cannot forge a trailer of ours.
            let who: String = intent
                .requested_by
                .chars()
                .filter(|c| !c.is_control())
                .take(REQUESTER_LENGTH)
                .collect();
            commit.message = format!(
                "{}\n{TRAILER}: {}\nRequested-By: {who}\n",
                commit.message, intent.id
            );
            Effect::Commit(commit)
        }
        Effect::StartPipeline(start) => {
            let mut start = start.clone();
            start
                .variables
                .push(("HARMONIX_INTENT".into(), intent.id.as_str().into()));
            Effect::StartPipeline(start)
        }
        Effect::CreateGroup(_) | Effect::TakeOver(_) | Effect::LetGo => effect.clone(),
    }
}
