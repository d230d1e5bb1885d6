//! Conditions without clocks: a decision says what is true; merging alone knows when it became so.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::condition::{ConditionType, Reason};

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody knows at the moment.
    Unknown,
}

impl Truth {
    /// The spelling in status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// A condition as it should read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which.
    pub kind: ConditionType,
    /// Whether it holds.
    pub truth: Truth,
    /// Why.
    pub reason: Reason,
    /// One sentence: cause, and next step for a person where there is one.
    pub message: String,
}

impl Claim {
    /// A claim.
    pub fn new(
        kind: ConditionType,
        truth: Truth,
        reason: Reason,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            truth,
            reason,
            message: message.into(),
        }
    }
}

/// The longest message of a condition, in characters.
const MESSAGE_LIMIT: usize = 4096;

/// The claims as conditions; a time of transition changes only where the truth does.
pub fn merge(
    previous: &[Condition],
    claims: &[Claim],
    generation: i64,
    now: Timestamp,
) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = claims
        .iter()
        .map(|claim| {
            let before = previous.iter().find(|c| c.type_ == claim.kind.as_str());
            let since = before
                .filter(|c| c.status == claim.truth.as_str())
                .map_or_else(|| whole_seconds(now), |c| c.last_transition_time.clone());
            Condition {
                type_: claim.kind.as_str().into(),
                status: claim.truth.as_str().into(),
                reason: claim.reason.as_str().into(),
                message: shorten(&claim.message, MESSAGE_LIMIT),
                observed_generation: Some(generation),
                last_transition_time: since,
            }
        })
        .collect();
    conditions.sort_by(|a, b| a.type_.cmp(&b.type_));
    conditions
}

/// Kubernetes keeps whole seconds; anything finer would differ when read back.
fn whole_seconds(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

/// At most `limit` characters, with an ellipsis where something was cut.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        text.to_owned()
    } else {
        text.chars()
            .take(limit.saturating_sub(1))
            .chain(['…'])
            .collect()
    }
}

/// Whether a condition is true for this very generation.
pub fn is_true(conditions: &[Condition], kind: ConditionType, generation: Option<i64>) -> bool {
    conditions.iter().any(|c| {
        c.type_ == kind.as_str() && c.status == "True" && c.observed_generation == generation
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(truth: Truth, message: &str) -> Claim {
        Claim::new(ConditionType::Ready, truth, Reason::Pending, message)
    }

    #[test]
    fn a_transition_has_its_own_time_and_anything_else_keeps_the_old_one() {
        let (first, later) = (
            Timestamp::from_second(1).unwrap(),
            Timestamp::from_second(9).unwrap(),
        );
        let before = merge(&[], &[claim(Truth::False, "a")], 1, first);
        let same = merge(&before, &[claim(Truth::False, "b")], 2, later);
        let flipped = merge(&before, &[claim(Truth::True, "c")], 2, later);
        assert_eq!(same[0].last_transition_time.0, first);
        assert_eq!(flipped[0].last_transition_time.0, later);
    }
    #[test]
    fn a_condition_is_true_where_its_kind_its_status_and_its_generation_say_so() {
        let told =
            |truth, generation| merge(&[], &[claim(truth, "")], generation, Timestamp::UNIX_EPOCH);
        let ready = |conditions: &[Condition], kind| is_true(conditions, kind, Some(3));
        assert!(ready(&told(Truth::True, 3), ConditionType::Ready));
        assert!(!ready(&told(Truth::False, 3), ConditionType::Ready));
        assert!(!ready(&told(Truth::True, 2), ConditionType::Ready));
        assert!(!ready(&told(Truth::True, 3), ConditionType::Stalled));
        assert!(!ready(&[], ConditionType::Ready));
    }
}
