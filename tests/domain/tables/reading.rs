//! What is known after a look that may have failed.

use std::time::Duration;

use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::reading::Reading;

fn failure(kind: FailureKind) -> Failure {
    Failure {
        party: Party::GitLab,
        kind,
        message: "GitLab said so".into(),
    }
}

fn of_one(result: Result<i32, Failure>) -> Reading<i32> {
    result.into()
}

fn of_one_or_none(result: Result<Option<i32>, Failure>) -> Reading<i32> {
    result.into()
}

#[test]
fn only_what_is_said_not_to_exist_is_absent() {
    assert_eq!(of_one(Ok(7)), Reading::Known(7));
    assert_eq!(of_one_or_none(Ok(Some(7))), Reading::Known(7));
    assert_eq!(of_one_or_none(Ok(None)), Reading::Absent);
    assert_eq!(of_one(Err(failure(FailureKind::Missing))), Reading::Absent);
    assert_eq!(
        of_one_or_none(Err(failure(FailureKind::Missing))),
        Reading::Absent
    );
    for kind in [
        FailureKind::Retryable,
        FailureKind::Unsent,
        FailureKind::Throttled(Duration::from_secs(1)),
        FailureKind::Conflict,
        FailureKind::Denied,
        FailureKind::Invalid,
    ] {
        let unreadable = Reading::Unreadable(failure(kind));
        assert_eq!(of_one(Err(failure(kind))), unreadable);
        assert_eq!(of_one_or_none(Err(failure(kind))), unreadable);
    }
}

#[test]
fn only_what_was_seen_is_certain() {
    let certain = |reading: Reading<i32>| reading.is_certain();
    assert!(certain(Reading::Known(7)));
    assert!(certain(Reading::Absent));
    assert!(!certain(Reading::Unread));
    assert!(!certain(Reading::Unreadable(failure(FailureKind::Denied))));
}
