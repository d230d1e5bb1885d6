//! Plans: one scenario, and what goes wrong in it. A plan's id says both, and stays the same while code changes around it.

mod cluster;
mod crash;
mod credential;
mod http;
mod leader;
mod object;

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::label::Label;
use super::recording::Recording;
use super::scenario::Scenario;
use super::upset::Upset;
use crate::failure::Failure;
use crate::fault::{Fault, Position};

/// The families of the fault matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Family {
    /// One death at a boundary of an effect.
    M1,
    /// Two deaths.
    M2,
    /// What a host answers, or fails to.
    M3,
    /// Conflicts of writes.
    M4,
    /// Watches that lie, stop or break.
    M5,
    /// Views that lag behind one's own writes.
    M6,
    /// The API server and its store.
    M7,
    /// A leader that stands still past its lease, and goes on.
    M8,
    /// The clock.
    M9,
    /// Credentials.
    M10,
    /// What somebody else changed in our objects.
    M12,
    /// A panic in one object's pass.
    M16,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::M1,
        Self::M2,
        Self::M3,
        Self::M4,
        Self::M5,
        Self::M6,
        Self::M7,
        Self::M8,
        Self::M9,
        Self::M10,
        Self::M12,
        Self::M16,
    ];

    /// Answers what it is about.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::M1 => "one crash at an effect's boundary",
            Self::M2 => "two crashes",
            Self::M3 => "HTTP faults",
            Self::M4 => "conflicting writes",
            Self::M5 => "watches",
            Self::M6 => "stale views",
            Self::M7 => "API server and etcd",
            Self::M8 => "a leader stands still",
            Self::M9 => "clocks",
            Self::M10 => "credentials",
            Self::M12 => "corrupted objects",
            Self::M16 => "a panic in one pass",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Answers all plans there are, from what was recorded.
pub fn all() -> Result<Vec<Plan>, Failure> {
    let mut plans = Vec::new();
    for scenario in Scenario::ALL {
        let recording = Recording::load(scenario)?;
        plans.extend(crash::once(&recording));
        if scenario == Scenario::CreateApplication1 {
            plans.extend(crash::twice(&recording));
        }
        plans.extend(http::plans(&recording));
        plans.extend(cluster::plans(&recording));
        plans.extend(leader::plans(&recording));
        plans.extend(credential::plans(&recording));
        plans.extend(object::corrupted(&recording));
        plans.extend(object::panics(&recording));
    }
    Ok(plans)
}

/// A scenario with what goes wrong in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Its name: `M1/create-application-2/Application/gitlab/projects.create/-#1/applied`.
    pub id: String,
    /// Its family.
    pub family: Family,
    /// What is played.
    pub scenario: Scenario,
    /// What goes wrong, from the scenario's mark on. Each waits for its own moment; all of them have to come.
    pub troubles: Vec<Trouble>,
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// A request meets a fault.
    Request {
        /// Which one.
        at: Boundary,
        /// What becomes of it.
        fault: Fault,
        /// How many requests in a row.
        count: u32,
    },
    /// Something befalls the world while a request is under way, which is served when that is done.
    During {
        /// Which one.
        at: Boundary,
        /// What befalls.
        upset: Upset,
    },
    /// Something befalls the world at the mark.
    AtMark(Upset),
    /// The controller dies, or a pass panics, at a point in its own code.
    Point {
        /// `KIND/ACTION/POINT`.
        name: String,
        /// At which passing of the point since the mark.
        occurrence: u32,
        /// How.
        end: End,
    },
    /// Of two replicas the one that leads stands still until the other one has taken over.
    StandsStill {
        /// Where.
        at: Standstill,
        /// When it goes on.
        wakes: Wakes,
    },
}

/// Where a leader stands still.
#[derive(Debug, Clone, PartialEq)]
pub enum Standstill {
    /// At a moment of a request.
    Request(Boundary, Position),
    /// At a point in its own code (`KIND/ACTION/POINT`), at which passing of it.
    Point(String, u32),
}

/// When a leader that stands still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wakes {
    /// While the other one is at it.
    Soon,
    /// When all is done.
    Late,
}

impl Trouble {
    /// Whether it needs a controller that goes by a clock of its own.
    #[must_use]
    pub fn is_of_clocks(&self) -> bool {
        match self {
            Self::During { upset, .. } | Self::AtMark(upset) => {
                matches!(upset, Upset::Clock { .. })
            }
            Self::Request { .. } | Self::Point { .. } | Self::StandsStill { .. } => false,
        }
    }

    /// Whether it needs two replicas.
    #[must_use]
    pub fn is_of_replicas(&self) -> bool {
        matches!(self, Self::StandsStill { .. })
    }
}

/// How a point ends what passes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The process.
    Abort,
    /// The pass.
    Panic,
}

/// A request of the controller: which label, and which of several since the mark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Boundary {
    /// What it is called.
    pub label: Label,
    /// The how-manieth, from 1.
    pub occurrence: u32,
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.label, self.occurrence)
    }
}

/// Answers the death of the controller at a moment of a request. Whoever arms it says which process that is.
#[must_use]
pub fn death(at: Position) -> Fault {
    Fault::Kill {
        at,
        pid_file: PathBuf::new(),
    }
}

/// Answers how ids call a position.
#[must_use]
pub fn position_name(position: Position) -> &'static str {
    match position {
        Position::Before => "before",
        Position::Applied => "applied",
        Position::Half => "half",
        Position::Answered => "answered",
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { at, fault, count } => {
                write!(f, "{} at {at}", fault.name())?;
                if *count > 1 {
                    write!(f, ", {count} times")?;
                }
                Ok(())
            }
            Self::During { at, upset } => write!(f, "{upset} during {at}"),
            Self::AtMark(upset) => write!(f, "{upset}"),
            Self::Point {
                name,
                occurrence,
                end,
            } => {
                let end = match end {
                    End::Abort => "abort",
                    End::Panic => "panic",
                };
                write!(f, "{end} at the point {name}#{occurrence}")
            }
            Self::StandsStill { at, wakes } => {
                let until = match wakes {
                    Wakes::Soon => "until another one leads",
                    Wakes::Late => "until all is done",
                };
                match at {
                    Standstill::Request(at, position) => {
                        let position = position_name(*position);
                        write!(f, "the leader stands still {until}, {position} at {at}")
                    }
                    Standstill::Point(name, occurrence) => {
                        write!(
                            f,
                            "the leader stands still {until} at the point {name}#{occurrence}"
                        )
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_plans_have_the_same_id_and_each_id_names_family_and_scenario() {
        let plans = all().unwrap();
        let ids: BTreeSet<&str> = plans.iter().map(|plan| plan.id.as_str()).collect();
        assert_eq!(ids.len(), plans.len());
        for plan in &plans {
            let beginning = format!("{}/{}/", plan.family, plan.scenario);
            assert!(plan.id.starts_with(&beginning), "{}", plan.id);
            assert!(!plan.troubles.is_empty(), "{}", plan.id);
        }
    }

    #[test]
    fn there_are_as_many_plans_as_are_promised() {
        let plans = all().unwrap();
        let count = |families: &[Family]| {
            let of = plans.iter().filter(|plan| families.contains(&plan.family));
            of.count()
        };
        assert!(count(&[Family::M1]) >= 600, "{}", count(&[Family::M1]));
        assert!(count(&[Family::M2]) >= 100, "{}", count(&[Family::M2]));
        assert!(count(&[Family::M3]) >= 300, "{}", count(&[Family::M3]));
        let rest = [
            Family::M4,
            Family::M5,
            Family::M6,
            Family::M7,
            Family::M8,
            Family::M9,
            Family::M10,
            Family::M12,
            Family::M16,
        ];
        assert!(count(&rest) >= 250, "{}", count(&rest));
        for family in Family::ALL {
            assert!(count(&[family]) > 0, "{family}");
        }
    }

    #[test]
    fn every_scenario_dies_at_every_boundary_that_was_recorded() {
        let plans = all().unwrap();
        for scenario in Scenario::ALL {
            let recording = Recording::load(scenario).unwrap();
            for at in recording.boundaries() {
                if scenario == Scenario::TwentyApplications && at.occurrence > 1 {
                    continue;
                }
                let id = format!("M1/{scenario}/{at}/applied");
                assert!(plans.iter().any(|plan| plan.id == id), "{id}");
            }
        }
    }
}
