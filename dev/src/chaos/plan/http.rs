//! M3: whatever can become of a request on its way.

use super::super::hosts::Host;
use super::super::label::Label;
use super::super::recording::Recording;
use super::super::scenario::Scenario;
use super::{Boundary, Family, Plan, Trouble};
use crate::fault::Fault;

/// Longer than the controller waits for GitLab here, and for AWS.
const LATE_GITLAB: u64 = 5_000;
const LATE_AWS: u64 = 9_000;
/// Longer than it waits for the API server, which no option shortens.
const LATE_KUBERNETES: u64 = 16_000;
/// What is asked for by `Retry-After`, in seconds.
const PAUSE: u64 = 2;

/// Where: what an application asks for, and what a provider does.
const OF: [Scenario; 2] = [Scenario::CreateApplication1, Scenario::CreateProvider];

/// The faults, by the name that ids have of them.
fn faults(host: Host) -> Vec<(String, Fault)> {
    let status = |status: u16, retry_after: Option<u64>| {
        let code = match (host, status) {
            (Host::Aws, 400) => Some("ValidationException"),
            (Host::Aws, 401 | 403) => Some("AccessDeniedException"),
            (Host::Aws, 404) => Some("ResourceNotFoundException"),
            (Host::Aws, 429) => Some("ThrottlingException"),
            (Host::Aws, 409 | 422) => Some("ConflictException"),
            (Host::Aws, 503) => Some("ServiceUnavailable"),
            (Host::Aws, _) => Some("InternalFailure"),
            (Host::Gitlab | Host::Kubernetes, _) => None,
        };
        Fault::Status {
            status,
            retry_after,
            code: code.map(str::to_owned),
            message: Some(format!("a fault of a plan: {status}")),
        }
    };
    let plain = [400, 401, 403, 404, 409, 422, 500, 502, 504];
    let mut faults: Vec<(String, Fault)> = plain
        .into_iter()
        .map(|number| (number.to_string(), status(number, None)))
        .collect();
    for number in [429, 503] {
        faults.push((number.to_string(), status(number, Some(PAUSE))));
    }
    let late = match host {
        Host::Gitlab => LATE_GITLAB,
        Host::Aws => LATE_AWS,
        Host::Kubernetes => LATE_KUBERNETES,
    };
    let rest = [
        ("refuse", Fault::Refuse),
        ("lost", Fault::LostAnswer),
        ("half", Fault::HalfAnswer),
        ("late", Fault::Late { millis: late }),
        ("garbage", Fault::Garbage),
        ("redirect", Fault::Redirect),
    ];
    faults.extend(rest.map(|(name, fault)| (name.to_owned(), fault)));
    faults
}

/// Every kind of request of a scenario, with every fault, once and twice in a row.
pub fn plans(recording: &Recording) -> Vec<Plan> {
    let scenario = recording.scenario;
    let mut plans = Vec::new();
    if !OF.contains(&scenario) {
        return plans;
    }
    for label in endpoints(recording) {
        let at = Boundary {
            label: label.clone(),
            occurrence: 1,
        };
        for (name, fault) in faults(Host::of_service(&label.service)) {
            for (times, count) in [("once", 1), ("twice", 2)] {
                plans.push(Plan {
                    id: format!("M3/{scenario}/{label}/{name}/{times}"),
                    family: Family::M3,
                    scenario,
                    troubles: vec![Trouble::Request {
                        at: at.clone(),
                        fault: fault.clone(),
                        count,
                    }],
                });
            }
        }
    }
    plans
}

/// One label of each endpoint: what differs only in its step is one kind of request.
fn endpoints(recording: &Recording) -> Vec<Label> {
    let mut found: Vec<Label> = Vec::new();
    let writes = recording.writes.values().flatten();
    for label in writes.chain(recording.reads.keys()) {
        let known = found.iter().any(|known| {
            known.kind == label.kind && known.service == label.service && known.verb == label.verb
        });
        if !known && label.verb != "watch" {
            found.push(label.clone());
        }
    }
    found.sort();
    found
}
