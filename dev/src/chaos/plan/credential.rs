//! M9 and M10: clocks that are wrong, and credentials that end, are refused or are not there.

use std::time::Duration;

use super::super::recording::Recording;
use super::super::scenario::Scenario;
use super::super::upset::{TokenFile, Upset};
use super::cluster::during;
use super::{Boundary, Family, Plan, Trouble};
use crate::fault::Fault;

/// How long a token file is spoilt.
const SPOILT: Duration = Duration::from_secs(2);
/// Where every call is met.
const EACH: [Scenario; 2] = [Scenario::CreateApplication1, Scenario::EditParameters];
/// Whose clocks are set.
const CLOCKS: [Scenario; 4] = [
    Scenario::CreateProvider,
    Scenario::CreateApplication1,
    Scenario::EditParameters,
    Scenario::LetGoAndAgain,
];
/// By how many seconds.
const OFFSETS: [i64; 4] = [300, -300, 86_400, -86_400];

/// All of them, for what was recorded of one scenario.
pub fn plans(recording: &Recording) -> Vec<Plan> {
    let scenario = recording.scenario;
    let mut plans = Vec::new();
    if EACH.contains(&scenario) {
        for at in calls(recording) {
            plans.push(during(
                Family::M10,
                scenario,
                &at,
                "sessions-end",
                Upset::SessionsExpire,
            ));
            match at.label.service.as_str() {
                "gitlab" => plans.extend(tokens(scenario, &at)),
                "kubernetes" => {}
                _ => plans.push(denied(scenario, &at)),
            }
        }
    }
    if CLOCKS.contains(&scenario) {
        for offset in OFFSETS {
            plans.push(Plan {
                id: format!("M9/{scenario}/started-{offset:+}s"),
                family: Family::M9,
                scenario,
                troubles: vec![Trouble::AtMark(Upset::Clock {
                    seconds: offset,
                    restart: true,
                })],
            });
        }
        let first = recording
            .sequence()
            .into_iter()
            .find(|at| at.label.verb == "hold");
        if let Some(at) = first {
            for offset in OFFSETS {
                let upset = Upset::Clock {
                    seconds: offset,
                    restart: false,
                };
                plans.push(during(
                    Family::M9,
                    scenario,
                    &at,
                    &format!("{offset:+}s"),
                    upset,
                ));
            }
        }
    }
    plans
}

/// Every call to GitLab and AWS, looks too: the first of each kind of look, and every write.
fn calls(recording: &Recording) -> Vec<Boundary> {
    let writes = recording.boundaries();
    let reads = recording.reads.keys().map(|label| Boundary {
        label: label.clone(),
        occurrence: 1,
    });
    let mut calls: Vec<Boundary> = writes.into_iter().chain(reads).collect();
    calls.retain(|at| at.label.service != "kubernetes");
    calls
}

fn denied(scenario: Scenario, at: &Boundary) -> Plan {
    Plan {
        id: format!("M10/{scenario}/{at}/denied"),
        family: Family::M10,
        scenario,
        troubles: vec![Trouble::Request {
            at: at.clone(),
            fault: Fault::Deny,
            count: 1,
        }],
    }
}

fn tokens(scenario: Scenario, at: &Boundary) -> Vec<Plan> {
    let contents = [
        ("token-empty", TokenFile::Empty),
        ("token-wrong", TokenFile::Wrong),
        ("token-missing", TokenFile::Missing),
    ];
    contents
        .into_iter()
        .map(|(name, content)| {
            let upset = Upset::TokenFile {
                content,
                time: SPOILT,
            };
            during(Family::M10, scenario, at, name, upset)
        })
        .collect()
}
