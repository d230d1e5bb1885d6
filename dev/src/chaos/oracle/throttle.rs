//! M3, Retry-After: whoever was asked to wait waits, on behalf of all objects.
//!
//! Judged by the journals: an answer 429 or 503 that told a time (`detail.retryAfter`, in seconds), and every later
//! request to the same host. What was under way already when that answer came is no fault: a request of another label
//! may arrive a moment after it; the same request may not.
//! And, where a fault is an outage, how often each request was tried meanwhile (the bound is the plan's).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::outage::outages;
use super::{Case, Finding, Proof};
use crate::journal::Entry;

/// How long a request may have been under way.
const UNDER_WAY: SignedDuration = SignedDuration::from_millis(250);
/// Clocks of the stand-ins and of the controller are one, but a second is told in whole seconds.
const EARLY: SignedDuration = SignedDuration::from_millis(20);

/// A host that asked to be left alone.
struct Ask {
    request: usize,
    from: Timestamp,
    until: Timestamp,
}

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let mut asks: BTreeMap<&str, Vec<Ask>> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, request) in case.evidence.requests.iter().enumerate() {
        let arrived = request.arrived.unwrap_or(request.time);
        let asked = asks.entry(request.service.as_str()).or_default();
        for ask in asked.iter() {
            let same = case
                .evidence
                .requests
                .get(ask.request)
                .is_some_and(|asked| is_same(asked, request));
            let from = if same { ask.from } else { ask.from + UNDER_WAY };
            if from < arrived && arrived < ask.until - EARLY {
                let early = ask.until.duration_since(arrived);
                let sentence = format!(
                    "{} {} came {:.1} s before the time that {} had asked to wait for was over",
                    request.service,
                    request.action,
                    early.as_secs_f64(),
                    request.service
                );
                let proof = [Proof::Request(ask.request), Proof::Request(at)];
                found.push(Finding::new(sentence).with(proof));
            }
        }
        asked.extend(asked_wait(at, request));
    }
    if let Some(most) = case.bounds.attempts {
        for outage in outages(case.evidence) {
            for (label, count) in outage.requests.iter().filter(|(_, count)| **count > most) {
                found.push(Finding::new(format!(
                    "{label} was asked for {count} times in an outage of {:.1} s, and at most {most} times are allowed",
                    outage.lasted.as_secs_f64()
                )));
            }
        }
    }
    found
}

fn is_same(one: &Entry, other: &Entry) -> bool {
    one.action == other.action && one.resource == other.resource && one.method == other.method
}

fn asked_wait(at: usize, request: &Entry) -> Option<Ask> {
    if !matches!(request.status, 429 | 503) {
        return None;
    }
    let seconds = request.detail.get("retryAfter")?.as_i64()?;
    Some(Ask {
        request: at,
        from: request.time,
        until: request.time + SignedDuration::from_secs(seconds),
    })
}
