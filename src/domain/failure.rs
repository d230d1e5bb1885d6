//! Failures of the world, classified once, at the adapter that saw them.

use std::fmt;
use std::time::Duration;

/// Who failed us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The GitLab instance.
    GitLab,
    /// An AWS service.
    Aws,
    /// AWS STS, which was asked for an operations role: whatever was to be done with it did not even begin.
    Sts,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitLab => "GitLab",
            Self::Aws | Self::Sts => "AWS",
        })
    }
}

/// What a failure means for what we do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Later it may go. Whether it happened is unknown unless `sent` says otherwise.
    Retryable,
    /// Nothing was sent: we lack something of our own, such as the token.
    Unsent,
    /// We are asked to wait this long before any other request to the same party.
    Throttled(Duration),
    /// Something else is there already, or changed in between: look again.
    Conflict,
    /// Refused by rights. Somebody has to change them.
    Denied,
    /// What it was about does not exist.
    Missing,
    /// The request itself is wrong. Repeating it is pointless.
    Invalid,
}

/// A request that did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Who failed us.
    pub party: Party,
    /// What it means for what we do next.
    pub kind: FailureKind,
    /// What was tried, on which thing, and what the far side said: one sentence without secrets.
    pub message: String,
}

impl Failure {
    /// Whether a role is refused to us, as opposed to a look or an effect that a good role may not take.
    pub fn is_refused_role(&self) -> bool {
        self.party == Party::Sts && self.kind == FailureKind::Denied
    }

    /// Whether the effect may have happened although the answer says nothing of it.
    pub const fn may_have_happened(&self) -> bool {
        match self.kind {
            FailureKind::Retryable => true,
            FailureKind::Unsent
            | FailureKind::Throttled(_)
            | FailureKind::Conflict
            | FailureKind::Denied
            | FailureKind::Missing
            | FailureKind::Invalid => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [FailureKind; 7] = [
        FailureKind::Retryable,
        FailureKind::Unsent,
        FailureKind::Throttled(Duration::from_secs(1)),
        FailureKind::Conflict,
        FailureKind::Denied,
        FailureKind::Missing,
        FailureKind::Invalid,
    ];

    fn failure(party: Party, kind: FailureKind) -> Failure {
        Failure {
            party,
            kind,
            message: "why".into(),
        }
    }

    #[test]
    fn only_sts_that_denies_refuses_a_role() {
        for party in [Party::GitLab, Party::Aws, Party::Sts] {
            for kind in KINDS {
                assert_eq!(
                    failure(party, kind).is_refused_role(),
                    (party, kind) == (Party::Sts, FailureKind::Denied),
                    "{party:?} {kind:?}"
                );
            }
        }
    }

    #[test]
    fn only_a_failure_that_says_nothing_of_the_effect_leaves_it_open() {
        for kind in KINDS {
            assert_eq!(
                failure(Party::GitLab, kind).may_have_happened(),
                kind == FailureKind::Retryable,
                "{kind:?}"
            );
        }
    }

    #[test]
    fn a_failure_reads_as_its_message_and_a_party_as_people_call_it() {
        assert_eq!(failure(Party::Sts, FailureKind::Denied).to_string(), "why");
        let names = [Party::GitLab, Party::Aws, Party::Sts].map(|party| party.to_string());
        assert_eq!(names, ["GitLab", "AWS", "AWS"]);
    }
}
