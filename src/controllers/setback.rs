//! Setbacks: what to say when an effect, or its record, could not be made.

use crate::api::condition::Reason;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::step::Effect;
use crate::domain::verdict::{Backoff, Verdict, reason_of};

/// What to say of an effect that failed, now or again.
pub(super) fn after_failure(effect: &Effect, failure: &Failure, again: bool) -> Verdict {
    if let (Effect::CreateProject(project), FailureKind::Conflict, true) =
        (effect, failure.kind, again)
    {
        // Looked for in between, and not there: the name is taken, not the path.
        return Verdict::name_taken(project, failure);
    }
    let refused_commit = matches!(effect, Effect::Commit(_))
        && matches!(failure.kind, FailureKind::Denied | FailureKind::Invalid);
    if refused_commit {
        return Verdict::Blocked(
            Reason::CommitRefused,
            format!(
                "{}; let the controller's user push to the default branch (docs/gitlab.md)",
                failure.message
            ),
            Backoff::Growing,
        );
    }
    match failure.kind {
        // Somebody was faster, or it had happened already: look again at once.
        FailureKind::Conflict => Verdict::Progressing(Reason::Updating, failure.message.clone()),
        FailureKind::Retryable
        | FailureKind::Unsent
        | FailureKind::Throttled(_)
        | FailureKind::Missing
        | FailureKind::Denied
        | FailureKind::Invalid => Verdict::from_failure(failure),
    }
}

/// What to say when a record cannot be written: that, or that the role for it was refused.
pub(super) fn unaudited(failure: &Failure) -> Verdict {
    let reason = if reason_of(failure) == Reason::RoleDenied {
        Reason::RoleDenied
    } else {
        Reason::AuditUnavailable
    };
    let backoff = match failure.kind {
        FailureKind::Throttled(after) => Backoff::Exactly(after),
        FailureKind::Retryable
        | FailureKind::Unsent
        | FailureKind::Conflict
        | FailureKind::Denied
        | FailureKind::Missing
        | FailureKind::Invalid => Backoff::Growing,
    };
    Verdict::Blocked(reason, failure.message.clone(), backoff)
}
