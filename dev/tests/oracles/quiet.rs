//! O5: what has come to rest writes nothing.

use harmonix_dev::chaos::evidence::{Evidence, Happening};
use harmonix_dev::chaos::oracle::Oracle::Quiet;
use harmonix_dev::journal::Entry;
use jiff::SignedDuration;

use super::control::{accepts, rejects};
use super::history::{moment, request};

/// Moves a request into the middle of the quiet time.
fn repeat(evidence: &mut Evidence, is: impl Fn(&Entry) -> bool) {
    let at = request(evidence, is);
    let mut entry = evidence.requests[at].clone();
    let time = moment(evidence, Happening::QuietFrom).time + SignedDuration::from_secs(1);
    entry.time = time;
    entry.arrived = Some(time);
    // What it was about happened long ago: only its time is wrong.
    entry.status = 409;
    evidence.requests.push(entry);
}

#[test]
fn a_write_to_anything_also_one_that_is_refused() {
    for service in ["gitlab", "dynamodb", "kubernetes"] {
        rejects(Quiet, &format!("{service} "), |evidence| {
            repeat(evidence, |entry| {
                entry.service == service && entry.mutating && !entry.path.contains("/events")
            });
        });
    }
}

#[test]
fn events_and_reads_are_no_writes() {
    accepts(|evidence| {
        repeat(evidence, |entry| {
            entry.mutating && entry.path.contains("/events")
        });
        repeat(evidence, |entry| !entry.mutating);
    });
}

#[test]
fn a_run_that_was_not_watched_long_enough() {
    rejects(Quiet, "nobody watched", |evidence| {
        evidence.timeline.retain(|m| m.what != Happening::QuietFrom);
    });
    rejects(Quiet, "was never as long as", |evidence| {
        let from = moment(evidence, Happening::QuietFrom).time;
        moment(evidence, Happening::QuietUntil).time = from + SignedDuration::from_secs(1);
    });
}
