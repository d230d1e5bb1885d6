//! M8: a leader stands still past its lease at the boundaries of effects, another one takes over, and the first goes on.

use super::super::recording::Recording;
use super::super::scenario::Scenario;
use super::crash::point;
use super::{Boundary, Family, Plan, Standstill, Trouble, Wakes, position_name};
use crate::fault::Position;

/// Events are told once and never waited for.
const EVENT: &str = "event";
/// The scenarios in which a leader stands still at every boundary: each kind of effect is in one of them.
const SCENARIOS: [Scenario; 4] = [
    Scenario::CreateProvider,
    Scenario::CreateApplication1,
    Scenario::EditParameters,
    Scenario::LetGoAndAgain,
];
/// The moments of the controller's own at which it stands still: between two of them it has just looked whether it leads.
const POINTS: [&str; 3] = ["held", "sent", "answered"];

/// M8.
pub fn plans(recording: &Recording) -> Vec<Plan> {
    let scenario = recording.scenario;
    let mut plans = Vec::new();
    if !SCENARIOS.contains(&scenario) {
        return plans;
    }
    let mut boundaries = recording.boundaries();
    boundaries.retain(|at| at.label.verb != EVENT);
    for at in boundaries {
        let mut add = |what: &str, standstill: Standstill, wakes: Wakes| {
            let when = match wakes {
                Wakes::Soon => "soon",
                Wakes::Late => "late",
            };
            plans.push(Plan {
                id: format!("M8/{scenario}/{at}/{what}/{when}"),
                family: Family::M8,
                scenario,
                troubles: vec![Trouble::StandsStill {
                    at: standstill,
                    wakes,
                }],
            });
        };
        let request = |at: &Boundary, position| Standstill::Request(at.clone(), position);
        for position in [Position::Before, Position::Applied, Position::Half] {
            add(position_name(position), request(&at, position), Wakes::Late);
        }
        add("applied", request(&at, Position::Applied), Wakes::Soon);
        for name in POINTS {
            if let Some(full) = point(&at, name) {
                let standstill = Standstill::Point(full, at.occurrence);
                add(name, standstill, Wakes::Late);
            }
        }
    }
    plans
}
