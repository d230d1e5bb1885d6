//! `GET /projects/:path/repository/commits` since a time, in our own clock's type.

use gitlab::api::Pageable;
use gitlab::api::common::NameOrId;
use gitlab::api::endpoint_prelude::*;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::domain::intent::{IntentId, TRAILER};

/// How far GitLab's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// The commits of a branch, newest first.
pub(super) struct History<'a> {
    pub(super) project: NameOrId<'a>,
    pub(super) branch: &'a str,
    pub(super) since: Timestamp,
}

impl Endpoint for History<'_> {
    fn method(&self) -> Method {
        Method::GET
    }

    fn endpoint(&self) -> Cow<'static, str> {
        format!("projects/{}/repository/commits", self.project).into()
    }

    fn parameters(&self) -> QueryParams<'_> {
        let since = self.since.checked_sub(SKEW).unwrap_or(self.since);
        let mut params = QueryParams::default();
        params
            .push("ref_name", self.branch)
            .push("since", format!("{since:.0}"));
        params
    }
}

impl Pageable for History<'_> {}

/// One commit as GitLab lists it.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub(super) id: String,
    #[serde(default)]
    message: String,
}

impl Listed {
    /// Whether its message ends its story with the trailer of this intent.
    pub(super) fn carries(&self, intent: &IntentId) -> bool {
        self.message.lines().any(|line| {
            line.trim()
                .strip_prefix(TRAILER)
                .and_then(|rest| rest.strip_prefix(':'))
                .is_some_and(|value| value.trim() == intent.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_is_a_line_of_its_own_with_the_whole_identity() {
        let id = IntentId::parse("0190a1b2c3d4e5f60718293a4b5c6d7e").unwrap();
        let with = |line: &str| {
            let commit = Listed {
                id: String::new(),
                message: format!("Put files in place\n\n{line}\n"),
            };
            commit.carries(&id)
        };
        assert!(with("Harmonix-Intent: 0190a1b2c3d4e5f60718293a4b5c6d7e"));
        assert!(!with("Harmonix-Intent: 0190a1b2c3d4e5f60718293a4b5c6d7ef"));
        assert!(!with(
            "undo Harmonix-Intent: 0190a1b2c3d4e5f60718293a4b5c6d7e"
        ));
        assert!(!with(
            "Harmonix-Intent-Of: 0190a1b2c3d4e5f60718293a4b5c6d7e"
        ));
    }
}
