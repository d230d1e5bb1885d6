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
/// Events are told once and never waited for: there is nothing between the halves of their answers.
const EVENT: &str = "event";
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
        let positions = if at.label.verb == EVENT {
            &POSITIONS[..2]
        } else {
            &POSITIONS[..]
        };
        for &position in positions {
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

/// M2: two deaths: at every write and at every one that comes after it, each applied and not answered; and at every write
/// before it is applied and again at its repetition, which then surely comes.
pub fn twice(recording: &Recording) -> Vec<Plan> {
    let scenario = recording.scenario;
    let mut sequence = recording.sequence();
    sequence.retain(|at| at.label.verb != EVENT);
    let plan = |first: &Boundary, position: Position, second: &Boundary| Plan {
        id: format!(
            "M2/{scenario}/{first}/{}+{second}/applied",
            position_name(position)
        ),
        family: Family::M2,
        scenario,
        troubles: vec![dies(first, position), dies(second, Position::Applied)],
    };
    let mut plans = Vec::new();
    for (number, first) in sequence.iter().enumerate() {
        let again = Boundary {
            occurrence: first.occurrence + 1,
            ..first.clone()
        };
        plans.push(plan(first, Position::Before, &again));
        let later = sequence.iter().skip(number + 1);
        plans.extend(later.map(|second| plan(first, Position::Applied, second)));
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
