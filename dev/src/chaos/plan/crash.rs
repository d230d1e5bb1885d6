//! M1 and M2: the controller dies at the boundaries of effects.

use super::super::recording::Recording;
use super::super::scenario::Scenario;
use super::{Boundary, End, Family, Plan, Trouble, death, position_name};
use crate::fault::Position;

/// The moments of a request at which the controller dies.
const POSITIONS: [Position; 4] = [
    Position::Before,
    Position::Applied,
    Position::Half,
    Position::Answered,
];
/// Of twenty applications, which ones are met: the first, one in the middle of everything, the last.
const OF_MANY: [u32; 3] = [1, 10, 20];

/// M1: one death, at every boundary of every scenario.
pub fn once(recording: &Recording) -> Vec<Plan> {
    let scenario = recording.scenario;
    let mut plans = Vec::new();
    for at in recording.boundaries() {
        if scenario == Scenario::TwentyApplications && !OF_MANY.contains(&at.occurrence) {
            continue;
        }
        for position in POSITIONS {
            plans.push(Plan {
                id: format!("M1/{scenario}/{at}/{}", position_name(position)),
                family: Family::M1,
                scenario,
                troubles: vec![dies(&at, position)],
            });
        }
        if let Some(name) = point(&at, "recorded") {
            plans.push(Plan {
                id: format!("M1/{scenario}/{at}/recorded"),
                family: Family::M1,
                scenario,
                troubles: vec![Trouble::Point {
                    name,
                    occurrence: at.occurrence,
                    end: End::Abort,
                }],
            });
        }
    }
    plans
}

/// M2: two deaths, each write with every one that comes after it, and with its own repetition; each is applied and not
/// answered.
pub fn twice(recording: &Recording) -> Vec<Plan> {
    let scenario = recording.scenario;
    let sequence = recording.sequence();
    let mut plans = Vec::new();
    for (number, first) in sequence.iter().enumerate() {
        let again = Boundary {
            occurrence: first.occurrence + 1,
            ..first.clone()
        };
        let later = sequence.iter().skip(number + 1).filter(|at| **at != again);
        for second in std::iter::once(&again).chain(later) {
            plans.push(Plan {
                id: format!("M2/{scenario}/{first}+{second}/applied"),
                family: Family::M2,
                scenario,
                troubles: vec![
                    dies(first, Position::Applied),
                    dies(second, Position::Applied),
                ],
            });
        }
    }
    plans
}

fn dies(at: &Boundary, position: Position) -> Trouble {
    Trouble::Request {
        at: at.clone(),
        fault: death(position),
        count: 1,
    }
}

/// The point in the controller's code that belongs to an effect of GitLab's.
pub fn point(at: &Boundary, point: &str) -> Option<String> {
    let label = &at.label;
    if label.service != "gitlab" {
        return None;
    }
    let action = match label.verb.as_str() {
        "groups.create" => "CreateGroup",
        "projects.create" => "CreateProject",
        "commits.create" => "CommitFiles",
        "projects.update" => "ApplySettings",
        "pipelines.create" if label.step.starts_with("deploy") => "Deploy",
        "pipelines.create" if label.step == "build" => "Build",
        "pipelines.create" => "Provision",
        _ => return None,
    };
    Some(format!("{}/{action}/{point}", label.kind))
}
