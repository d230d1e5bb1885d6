//! M12 and M16: what somebody else did to our objects, and a panic in one object's pass.

use serde_json::{Value, json};

use super::super::recording::Recording;
use super::super::scenario::Scenario;
use super::super::upset::Upset;
use super::crash::point;
use super::{Boundary, End, Family, Plan, Trouble};

/// Where an application is corrupted: while it stands, and while it is made.
const APPLICATION: [Scenario; 2] = [Scenario::EditParameters, Scenario::CreateApplication1];
/// The fields of an application's status.
const FIELDS: [&str; 11] = [
    "observedGeneration",
    "conditions",
    "summary",
    "repository",
    "pipeline",
    "release",
    "template",
    "home",
    "rollouts",
    "deployments",
    "effects",
];
/// What can be altered in part only where the status says it already.
const PARTS: [&str; 3] = ["repository-altered", "pipeline-altered", "release-altered"];
/// The fields of a provider's status.
const PROVIDER_FIELDS: [&str; 7] = [
    "observedGeneration",
    "conditions",
    "repository",
    "pipeline",
    "outputs",
    "externalId",
    "effects",
];
/// The points of an effect in the controller's code.
const POINTS: [&str; 6] = ["decided", "held", "sent", "answered", "recorded", "told"];

/// M12, for what was recorded of one scenario.
pub fn corrupted(recording: &Recording) -> Vec<Plan> {
    let scenario = recording.scenario;
    let mut plans = Vec::new();
    if APPLICATION.contains(&scenario) {
        let mut altered = altered();
        if scenario == Scenario::CreateApplication1 {
            altered.retain(|(name, ..)| !PARTS.contains(&name.as_str()));
        }
        let changes = changes(&FIELDS, &altered);
        plans.extend(of_kind(recording, "Application", &changes));
    }
    if scenario == Scenario::CreateProvider {
        plans.extend(of_kind(
            recording,
            "EnvironmentProvider",
            &changes(&PROVIDER_FIELDS, &[]),
        ));
    }
    plans
}

/// A change by the name that ids have of it: a merge patch, and whether it is one of the status.
type Change = (String, Value, bool);

fn changes(fields: &[&str], altered: &[Change]) -> Vec<Change> {
    let annotation =
        |value: Value| json!({ "metadata": { "annotations": { "harmonix.io/intents": value } } });
    let mut changes: Vec<Change> = vec![
        ("intents-dropped".into(), annotation(Value::Null), false),
        ("intents-emptied".into(), annotation(json!("[]")), false),
        (
            "finalizer-dropped".into(),
            json!({ "metadata": { "finalizers": null } }),
            false,
        ),
        (
            "requester-dropped".into(),
            json!({ "metadata": { "annotations": { "harmonix.io/requested-by": null } } }),
            false,
        ),
        ("status-dropped".into(), dropped(fields), true),
    ];
    changes.extend(
        fields
            .iter()
            .map(|field| (format!("{field}-dropped"), dropped(&[field]), true)),
    );
    changes.extend_from_slice(altered);
    changes
}

fn dropped(fields: &[&str]) -> Value {
    let fields = fields
        .iter()
        .map(|field| ((*field).to_owned(), Value::Null));
    json!({ "status": Value::Object(fields.collect()) })
}

/// What an application's status says that is not so.
fn altered() -> Vec<Change> {
    let status =
        |name: &str, value: Value| (format!("{name}-altered"), json!({ "status": value }), true);
    vec![
        status("observedGeneration", json!({ "observedGeneration": 1 })),
        status(
            "conditions",
            json!({ "conditions": [{
            "type": "Ready", "status": "True", "reason": "Succeeded", "message": "says somebody else",
            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 99,
        }] }),
        ),
        status("summary", json!({ "summary": "dev:Failed" })),
        status(
            "repository",
            json!({ "repository": { "projectId": 1, "path": "aws-apps/nobody/else" } }),
        ),
        status(
            "pipeline",
            json!({ "pipeline": { "id": 999_999, "status": "failed" } }),
        ),
        status(
            "release",
            json!({ "release": { "commit": "a".repeat(40) } }),
        ),
        status("home", json!({ "home": "prod-eu" })),
        status("rollouts", json!({ "rollouts": [] })),
        status("deployments", json!({ "deployments": [] })),
        status("settled", json!({ "effects": { "settled": [] } })),
        status(
            "chains",
            json!({ "effects": { "chains": [{ "provider": "dev-eu", "head": "0".repeat(64), "records": 1 }] } }),
        ),
    ]
}

fn of_kind(recording: &Recording, kind: &'static str, changes: &[Change]) -> Vec<Plan> {
    let scenario = recording.scenario;
    // While something is under way: the first commit is being made.
    let middle = recording
        .sequence()
        .into_iter()
        .find(|at| at.label.verb == "commits.create");
    let mut plans = Vec::new();
    for (name, change, status) in changes {
        let upset = || Upset::Corrupt {
            kind,
            change: change.clone(),
            status: *status,
        };
        let plan = |when: &str, trouble: Trouble| Plan {
            id: format!("M12/{scenario}/{kind}/{name}/{when}"),
            family: Family::M12,
            scenario,
            troubles: vec![trouble],
        };
        // Before the mark of what is created, there is nothing to be corrupted.
        if scenario == Scenario::EditParameters {
            plans.push(plan("standing", Trouble::AtMark(upset())));
        }
        if let Some(at) = &middle {
            let during = Trouble::During {
                at: at.clone(),
                upset: upset(),
            };
            plans.push(plan("under-way", during));
        }
    }
    plans
}

/// M16: one tenant's pass panics, and the other's goes on.
pub fn panics(recording: &Recording) -> Vec<Plan> {
    let scenario = recording.scenario;
    if scenario != Scenario::TwoTenants {
        return Vec::new();
    }
    let firsts: Vec<Boundary> = recording
        .boundaries()
        .into_iter()
        .filter(|at| at.occurrence == 1)
        .collect();
    let points = firsts
        .iter()
        .flat_map(|at| POINTS.map(|name| point(at, name)));
    points
        .flatten()
        .map(|name| Plan {
            id: format!("M16/{scenario}/{name}/panic"),
            family: Family::M16,
            scenario,
            troubles: vec![Trouble::Point {
                name,
                occurrence: 1,
                end: End::Panic,
            }],
        })
        .collect()
}
