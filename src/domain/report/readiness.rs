//! `Ready` and the two conditions of kstatus, computed once, from the verdict.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::condition::{ConditionType, Reason};
use crate::domain::condition::{Claim, Truth, merge};
use crate::domain::verdict::Verdict;

use super::Telling;

/// Whether what ran before still serves while something is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Serving {
    /// What ran before still runs healthy.
    Before,
    /// Nothing is known to run.
    Nothing,
}

/// All conditions of a status.
pub(super) fn conditions(
    telling: &Telling<'_>,
    mut claims: Vec<Claim>,
    verdict: &Verdict,
    serving: Serving,
) -> Vec<Condition> {
    let was_ready = telling
        .previous
        .iter()
        .any(|c| c.type_ == ConditionType::Ready.as_str() && c.status == "True");
    let (reason, message) = verdict.reason();
    let truth = match verdict {
        Verdict::Settled => Truth::True,
        Verdict::Progressing(..) | Verdict::Waiting(..)
            if was_ready && serving == Serving::Before =>
        {
            Truth::True
        }
        // Not being able to look changes nothing about what runs.
        Verdict::Blocked(reason, ..) if was_ready && is_outage(*reason) => Truth::True,
        Verdict::Suspended if claims.iter().all(|claim| claim.truth == Truth::True) => Truth::True,
        Verdict::Progressing(..)
        | Verdict::Waiting(..)
        | Verdict::Blocked(..)
        | Verdict::Stalled(..)
        | Verdict::Suspended => Truth::False,
    };
    claims.push(Claim::new(ConditionType::Ready, truth, reason, message));
    match verdict {
        Verdict::Progressing(..) | Verdict::Waiting(..) | Verdict::Blocked(..) => {
            claims.push(Claim::new(
                ConditionType::Reconciling,
                Truth::True,
                reason,
                message,
            ));
        }
        Verdict::Stalled(..) => {
            claims.push(Claim::new(
                ConditionType::Stalled,
                Truth::True,
                reason,
                message,
            ));
        }
        Verdict::Settled | Verdict::Suspended => {}
    }
    claims.extend(telling.advisories.iter().cloned());
    merge(telling.previous, &claims, telling.generation, telling.now)
}

const fn is_outage(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::GitLabUnavailable | Reason::GitLabThrottled | Reason::AwsUnavailable
    )
}
