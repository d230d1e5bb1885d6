//! M4 to M7: conflicts, watches, stale views, and the API server itself.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::recording::Recording;
use super::super::scenario::Scenario;
use super::super::upset::Upset;
use super::{Boundary, Family, Plan, Trouble};
use crate::fault::Fault;

/// What the controller writes of its objects; events are nobody's concern.
const WRITES: [&str; 3] = ["hold", "status", "release"];
/// How often a rival writes, and how long.
const HERTZ: u32 = 50;
const RIVALRY: Duration = Duration::from_secs(4);
/// Where something befalls the whole of a scenario.
const WHOLE: [Scenario; 7] = [
    Scenario::CreateProvider,
    Scenario::CreateApplication1,
    Scenario::EditParameters,
    Scenario::Promotion,
    Scenario::EnvironmentLate,
    Scenario::LetGoAndAgain,
    Scenario::ValueABA,
];
/// Where every write is met.
const EACH: [Scenario; 3] = [
    Scenario::CreateApplication1,
    Scenario::EditParameters,
    Scenario::LetGoAndAgain,
];

/// All of them, for what was recorded of one scenario.
pub fn plans(recording: &Recording) -> Vec<Plan> {
    let scenario = recording.scenario;
    let mut plans = Vec::new();
    if WHOLE.contains(&scenario) {
        plans.push(at_mark(
            Family::M4,
            scenario,
            "rival",
            Upset::Rival {
                hertz: HERTZ,
                time: RIVALRY,
            },
        ));
        plans.extend(
            watches()
                .into_iter()
                .map(|(name, upset)| at_mark(Family::M5, scenario, &name, upset)),
        );
        for seconds in [1, 5, 15] {
            let upset = Upset::EtcdStopped(Duration::from_secs(seconds));
            plans.push(at_mark(
                Family::M7,
                scenario,
                &format!("etcd-{seconds}s"),
                upset,
            ));
        }
    }
    if EACH.contains(&scenario) {
        for at in recording.boundaries() {
            if at.label.verb != "event" {
                plans.push(during(
                    Family::M7,
                    scenario,
                    &at,
                    "api-server",
                    Upset::ApiServerKilled,
                ));
            }
            if is_own_write(&at) {
                plans.extend(conflicts(scenario, &at));
                plans.extend(stale(scenario, &at));
            }
        }
    }
    plans
}

fn is_own_write(at: &Boundary) -> bool {
    at.label.service == "kubernetes" && WRITES.contains(&at.label.verb.as_str())
}

fn conflicts(scenario: Scenario, at: &Boundary) -> Vec<Plan> {
    let plan = |name: &str, count: u32| Plan {
        id: format!("M4/{scenario}/{at}/409/{name}"),
        family: Family::M4,
        scenario,
        troubles: vec![Trouble::Request {
            at: at.clone(),
            fault: Fault::Status {
                status: 409,
                retry_after: None,
                code: None,
                message: Some("the object has been modified".to_owned()),
            },
            count,
        }],
    };
    vec![plan("once", 1), plan("five", 5)]
}

fn order(action: &str) -> Value {
    json!({ "action": action })
}

fn held(orders: Vec<Value>, millis: u64) -> Upset {
    Upset::Watches {
        orders,
        time: Duration::from_millis(millis),
    }
}

/// What can become of watches, by the name that ids have of it.
fn watches() -> Vec<(String, Upset)> {
    let mut all = vec![
        ("frozen-1s".to_owned(), held(vec![order("freeze")], 1_000)),
        ("frozen-10s".to_owned(), held(vec![order("freeze")], 10_000)),
        (
            "bookmarks-only".to_owned(),
            held(vec![order("bookmarks")], 5_000),
        ),
        (
            "lagging".to_owned(),
            held(vec![json!({ "action": "lag", "millis": 700 })], 8_000),
        ),
        (
            "reordered".to_owned(),
            held(vec![json!({ "action": "reorder", "millis": 700 })], 8_000),
        ),
        (
            "duplicated".to_owned(),
            held(vec![order("duplicate")], 8_000),
        ),
        ("cut".to_owned(), held(vec![order("cut")], 0)),
        ("expired".to_owned(), held(vec![order("expire")], 0)),
    ];
    let gone = json!({ "action": "gone", "count": 3 });
    all.push(("gone".to_owned(), held(vec![gone, order("cut")], 8_000)));
    let shorten = json!({ "action": "shorten", "count": 2 });
    all.push((
        "shortened".to_owned(),
        held(vec![shorten, order("expire")], 8_000),
    ));
    all
}

/// The view stands still from just before one's own write on, or goes back to what it was then.
fn stale(scenario: Scenario, at: &Boundary) -> Vec<Plan> {
    let views = [
        ("frozen-100ms", held(vec![order("freeze")], 100)),
        ("frozen-1s", held(vec![order("freeze")], 1_000)),
        ("frozen-6s", held(vec![order("freeze")], 6_000)),
        (
            "back-in-time",
            held(vec![order("stale"), order("expire")], 3_000),
        ),
    ];
    views
        .into_iter()
        .map(|(name, upset)| during(Family::M6, scenario, at, name, upset))
        .collect()
}

fn at_mark(family: Family, scenario: Scenario, name: &str, upset: Upset) -> Plan {
    Plan {
        id: format!("{family}/{scenario}/{name}"),
        family,
        scenario,
        troubles: vec![Trouble::AtMark(upset)],
    }
}

/// Something befalls the world while this request is under way.
pub fn during(family: Family, scenario: Scenario, at: &Boundary, name: &str, upset: Upset) -> Plan {
    Plan {
        id: format!("{family}/{scenario}/{at}/{name}"),
        family,
        scenario,
        troubles: vec![Trouble::During {
            at: at.clone(),
            upset,
        }],
    }
}
