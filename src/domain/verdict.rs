//! What a pass says about its object, if nothing more were to happen.

use std::time::Duration;

use crate::api::condition::Reason;

use super::failure::{Failure, FailureKind, Party};
use super::forge::NewProject;

/// The verdict of one pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as the target says.
    Settled,
    /// Something is under way outside; look again soon.
    Progressing(Reason, String),
    /// Something else comes first; its change wakes us.
    Waiting(Reason, String),
    /// The world failed us; try again after a while.
    Blocked(Reason, String, Backoff),
    /// Only a person, a new commit or a change elsewhere helps.
    Stalled(Reason, String),
    /// The object is suspended.
    Suspended,
}

/// How long to stay away after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Longer with each failure in a row.
    Growing,
    /// What the far side asked for.
    Exactly(Duration),
}

impl Verdict {
    /// The verdict on a failure of the world.
    pub fn from_failure(failure: &Failure) -> Self {
        let message = failure.message.clone();
        let reason = reason_of(failure);
        match failure.kind {
            FailureKind::Throttled(after) => {
                Self::Blocked(reason, message, Backoff::Exactly(after))
            }
            FailureKind::Retryable
            | FailureKind::Unsent
            | FailureKind::Conflict
            | FailureKind::Missing
            | FailureKind::Denied
            | FailureKind::Invalid => Self::Blocked(reason, message, Backoff::Growing),
        }
    }

    /// The verdict on a project that cannot be made although its path is free: GitLab lets no two
    /// projects of a group have one name, whatever their paths.
    pub fn name_taken(project: &NewProject, failure: &Failure) -> Self {
        Self::Blocked(
            Reason::RepositoryConflict,
            format!(
                "{}: there is no project at {}/{}, but another one in the group {} has the name \"{}\" or held this path; rename that project, or choose another spec.repository.name",
                failure.message, project.group, project.path, project.group, project.name
            ),
            Backoff::Growing,
        )
    }

    /// Metric label and word in logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Progressing(..) => "progressing",
            Self::Waiting(..) => "waiting",
            Self::Blocked(..) => "blocked",
            Self::Stalled(..) => "stalled",
            Self::Suspended => "suspended",
        }
    }

    /// The reason of `Ready`, and its sentence.
    pub fn reason(&self) -> (Reason, &str) {
        match self {
            Self::Settled => (Reason::Succeeded, "everything is as the spec says"),
            Self::Suspended => (
                Reason::Suspended,
                "suspended: nothing is changed outside; set spec.suspend to false and remove the annotation harmonix.io/suspend to go on",
            ),
            Self::Progressing(reason, message)
            | Self::Waiting(reason, message)
            | Self::Blocked(reason, message, _)
            | Self::Stalled(reason, message) => (*reason, message),
        }
    }

    /// How much a verdict says; of several about one object the weightiest is told. What is under
    /// way comes before what is stuck: nothing is stalled, in the sense of kstatus, while something
    /// of it still moves, and what moves is to be looked at again soon.
    const fn weight(&self) -> u8 {
        match self {
            Self::Settled => 0,
            Self::Waiting(..) => 1,
            Self::Suspended => 2,
            Self::Blocked(..) => 3,
            Self::Stalled(..) => 4,
            Self::Progressing(..) => 5,
        }
    }

    /// The weightier of two; the first where they weigh the same.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        if other.weight() > self.weight() {
            other
        } else {
            self
        }
    }
}

/// The reason that names who failed us, and how.
pub const fn reason_of(failure: &Failure) -> Reason {
    match (failure.party, failure.kind) {
        (Party::GitLab, FailureKind::Denied | FailureKind::Unsent) => Reason::GitLabDenied,
        (Party::GitLab, FailureKind::Throttled(_)) => Reason::GitLabThrottled,
        (Party::GitLab, FailureKind::Invalid) => Reason::GitLabRejected,
        (Party::GitLab, FailureKind::Retryable | FailureKind::Conflict | FailureKind::Missing) => {
            Reason::GitLabUnavailable
        }
        (Party::Aws, FailureKind::Denied) => Reason::AwsDenied,
        (Party::Sts, FailureKind::Denied | FailureKind::Missing | FailureKind::Invalid) => {
            Reason::RoleDenied
        }
        (
            Party::Aws,
            FailureKind::Retryable
            | FailureKind::Unsent
            | FailureKind::Conflict
            | FailureKind::Missing
            | FailureKind::Throttled(_)
            | FailureKind::Invalid,
        )
        | (
            Party::Sts,
            FailureKind::Retryable
            | FailureKind::Unsent
            | FailureKind::Conflict
            | FailureKind::Throttled(_),
        ) => Reason::AwsUnavailable,
    }
}
