//! How long requests about a lease may take and how soon they are made again; the epoch of who acts without one.

use std::time::Duration;

use harmonix::domain::lease::{Candidate, Decision, Epoch, SHORTEST};
use jiff::SignedDuration;

use super::case::now;

#[test]
fn several_requests_fit_into_the_time_in_which_a_lease_has_to_be_renewed() {
    let candidate = |seconds| Candidate::new("a".into(), Duration::from_secs(seconds));
    assert_eq!(candidate(15).patience(), Duration::from_secs(3));
    assert_eq!(candidate(5).retry(), Duration::from_millis(500));
    // Nobody waits longer than between two looks.
    assert_eq!(candidate(15).retry(), Duration::from_secs(1));
    assert_eq!(candidate(0).patience(), SHORTEST / 5);
}

/// A process is told from the next by when it began.
#[test]
fn who_acts_without_a_lease_has_an_epoch_of_its_own() {
    let later = now().checked_add(SignedDuration::from_micros(1)).unwrap();
    assert_ne!(Epoch::of_start(now()), Epoch::of_start(later));
    assert!(Epoch::of_start(now()).number() > i64::from(i32::MAX));
    assert!(Epoch::default().is_unknown() && !Epoch::of_start(now()).is_unknown());
}

/// As a lease keeps it.
#[test]
fn a_claim_tells_the_time_of_day_in_microseconds() {
    let nano = now().checked_add(SignedDuration::from_nanos(1)).unwrap();
    let candidate = Candidate::new("a".into(), Duration::from_secs(15));
    match candidate.decide(Duration::ZERO, nano) {
        Decision::Take(claim) => {
            assert_eq!(claim.lease.acquired, Some(now()));
            assert_eq!(claim.lease.renewed, Some(now()));
        }
        other => panic!("{other:?}"),
    }
}
