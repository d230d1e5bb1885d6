//! Outages: from the arming of a fault to its mending, and what the controller asked for meanwhile.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::chaos::evidence::{Evidence, Happening};

/// One outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outage {
    /// The fault, as it was armed.
    pub fault: String,
    /// How long it lasted.
    pub lasted: SignedDuration,
    /// How many requests met a fault meanwhile, by label; by service and action where there is none.
    pub requests: BTreeMap<String, usize>,
}

/// The outages of a run: each time from arming to mending, with the requests that met a fault in it.
#[must_use]
pub fn outages(evidence: &Evidence) -> Vec<Outage> {
    let mut outages = Vec::new();
    let mut armed: Option<(Timestamp, &str)> = None;
    for moment in &evidence.timeline {
        match &moment.what {
            Happening::Armed { fault } => {
                armed.get_or_insert((moment.time, fault));
            }
            Happening::Mended => {
                if let Some((from, fault)) = armed.take() {
                    outages.push(Outage {
                        fault: fault.to_owned(),
                        lasted: moment.time.duration_since(from),
                        requests: met(evidence, from, moment.time),
                    });
                }
            }
            Happening::Step { .. }
            | Happening::Struck { .. }
            | Happening::Started
            | Happening::Died
            | Happening::Converged
            | Happening::QuietFrom
            | Happening::QuietUntil => {}
        }
    }
    outages
}

fn met(evidence: &Evidence, from: Timestamp, until: Timestamp) -> BTreeMap<String, usize> {
    let mut requests = BTreeMap::new();
    for request in &evidence.requests {
        if request.fault.is_none() || request.time < from || request.time > until {
            continue;
        }
        let name = request.label.as_ref().map_or_else(
            || format!("{} {}", request.service, request.action),
            ToString::to_string,
        );
        *requests.entry(name).or_default() += 1;
    }
    requests
}
