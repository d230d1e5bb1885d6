//! Transitions, as told to people.

use super::intent::Action;
use super::step::{Outcome, StepResult};

/// Whether a notice is about something good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Something went as it should.
    Normal,
    /// A person should look.
    Warning,
}

/// One transition, told as a Kubernetes event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Good or bad.
    pub kind: NoticeKind,
    /// From the table of reasons.
    pub reason: &'static str,
    /// One sentence, at most 1 KiB.
    pub message: String,
}

impl Notice {
    /// What of one effect is worth an event by itself.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        match (&outcome.intent.action, &outcome.result) {
            (Action::TakeOver { path }, StepResult::Done(_)) => Some(Self {
                kind: NoticeKind::Normal,
                reason: "TakenOver",
                message: format!(
                    "the GitLab project {path} was there already and bears this object's mark; it is taken over as it is"
                ),
            }),
            _ => None,
        }
    }
}
