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

/// The longest note that the API server takes, in bytes.
const LIMIT: usize = 1024;

impl Notice {
    /// A transition, told in as much of the sentence as an event may have.
    pub fn new(kind: NoticeKind, reason: &'static str, message: &str) -> Self {
        Self {
            kind,
            reason,
            message: cut(message),
        }
    }

    /// What of one effect is worth an event by itself.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        match (&outcome.intent.action, &outcome.result) {
            (Action::TakeOver { path }, StepResult::Done(_)) => Some(Self::new(
                NoticeKind::Normal,
                "TakenOver",
                &format!(
                    "the GitLab project {path} was there already and bears this object's mark; it is taken over as it is"
                ),
            )),
            _ => None,
        }
    }
}

/// At most [`LIMIT`] bytes of whole characters, with an ellipsis where something was cut.
fn cut(text: &str) -> String {
    if text.len() <= LIMIT {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(LIMIT - '…'.len_utf8());
    let kept = text.get(..end).unwrap_or_default();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str) -> String {
        Notice::new(NoticeKind::Normal, "Updating", message).message
    }

    #[test]
    fn a_note_of_a_kibibyte_is_told_whole_and_a_longer_one_ends_in_an_ellipsis() {
        let whole = "x".repeat(1024);
        assert_eq!(told(&whole), whole);
        assert_eq!(told(&"x".repeat(1025)), format!("{}…", "x".repeat(1021)));
    }

    #[test]
    fn no_character_is_cut_in_two() {
        for before in 0..4 {
            let message = format!("{}{}", "x".repeat(before), "€".repeat(400));
            let told = told(&message);
            assert!((1022..=1024).contains(&told.len()), "{}", told.len());
            let kept = told.strip_suffix('…').unwrap();
            assert!(message.starts_with(kept));
        }
    }
}
