//! M3: whoever is asked to wait waits.

use harmonix_dev::chaos::evidence::{Evidence, Happening, Moment};
use harmonix_dev::chaos::oracle::Oracle::Throttle;
use harmonix_dev::chaos::oracle::{Bounds, Oracle};
use jiff::SignedDuration;

use super::control::{accepts, judged_by, rejects};
use super::history::{BOUNDS, CART_PROJECT, effect};

/// GitLab refused the commit once, and asked to be left alone for some seconds.
fn refuse_commit(evidence: &mut Evidence, before: SignedDuration, seconds: u64) {
    let at = effect(evidence, "commits.create", CART_PROJECT);
    let mut refused = evidence.requests[at].clone();
    refused.time = refused.arrived.unwrap() - before;
    refused.arrived = Some(refused.time);
    refused.status = 429;
    refused.fault = Some("status".into());
    refused.detail.insert("retryAfter".into(), seconds.into());
    let place = evidence.requests.iter().position(|e| e.time > refused.time);
    evidence.requests.insert(place.unwrap(), refused);
}

#[test]
fn the_same_request_before_its_time() {
    rejects(Throttle, "commits.create came", |evidence| {
        refuse_commit(evidence, SignedDuration::from_millis(200), 1);
    });
}

#[test]
fn another_request_before_its_time() {
    rejects(Throttle, "came", |evidence| {
        refuse_commit(evidence, SignedDuration::from_millis(30), 5);
        let at = effect(evidence, "commits.create", CART_PROJECT);
        evidence.requests[at].status = 500;
    });
}

#[test]
fn a_wait_that_was_kept() {
    accepts(|evidence| {
        // Long before the first request to GitLab.
        let at = effect(evidence, "groups.create", "aws-apps/p0001");
        let mut refused = evidence.requests[at].clone();
        refused.time -= SignedDuration::from_secs(2);
        refused.arrived = Some(refused.time);
        refused.status = 429;
        refused.detail.insert("retryAfter".into(), 1.into());
        evidence.requests.insert(0, refused);
    });
}

#[test]
fn too_many_tries_in_an_outage() {
    let bounds = Bounds {
        attempts: Some(3),
        ..BOUNDS
    };
    let tried = |times: usize| {
        judged_by(&bounds, |evidence| {
            let at = effect(evidence, "commits.create", CART_PROJECT);
            let mut refused = evidence.requests[at].clone();
            refused.status = 0;
            refused.fault = Some("refuse".into());
            let time = refused.time;
            for _ in 0..times {
                evidence.requests.insert(at, refused.clone());
            }
            let fault = "refuse".to_owned();
            let armed = Moment {
                time: time - SignedDuration::from_secs(1),
                what: Happening::Armed { fault },
            };
            evidence.timeline.insert(0, armed);
        })
    };
    let by_throttle = |times| tried(times).iter().any(|v| v.oracle == Oracle::Throttle);
    assert!(by_throttle(4) && !by_throttle(3));
}
