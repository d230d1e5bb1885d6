//! Recordings: what the controller asks for in a scenario in which nothing goes wrong. They are committed, so that plans
//! can be listed anywhere at once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, Happening};
use super::label::Label;
use super::plan::Boundary;
use super::scenario::{Scenario, Step};
use crate::failure::{Doing, Failure};
use crate::journal::Entry;
use crate::world::name::checkout;

/// What stands in recordings for the text of a run.
pub const RUN: &str = "{run}";
/// Where recordings are, below the checkout.
const FOLDER: &str = "dev/chaos";

/// What the controller asked for from the scenario's mark until everything stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// What was played.
    pub scenario: Scenario,
    /// The writes about each object, in order.
    pub writes: BTreeMap<String, Vec<Label>>,
    /// How often each look was taken.
    pub reads: BTreeMap<Label, u32>,
    /// The writes about each object that were not refused. Who of several comes too late is refused, and how many come
    /// too late is chance.
    #[serde(skip)]
    pub served: BTreeMap<String, Vec<Label>>,
}

impl Recording {
    /// Reads what was recorded of a scenario.
    pub fn load(scenario: Scenario) -> Result<Self, Failure> {
        let path = Self::path(scenario);
        let what = || {
            format!(
                "read {}: `cargo dev chaos record {scenario}` writes it",
                path.display()
            )
        };
        let text = std::fs::read(&path).doing(what)?;
        serde_json::from_slice(&text).doing(what)
    }

    /// Writes it down.
    pub fn save(&self) -> Result<PathBuf, Failure> {
        let path = Self::path(self.scenario);
        let what = || format!("write {}", path.display());
        let mut text = serde_json::to_string_pretty(self).doing(what)?;
        text.push('\n');
        std::fs::create_dir_all(checkout().join(FOLDER)).doing(what)?;
        std::fs::write(&path, text).doing(what)?;
        Ok(path)
    }

    fn path(scenario: Scenario) -> PathBuf {
        checkout().join(FOLDER).join(format!("{scenario}.json"))
    }

    /// Reads it off what one play left.
    #[must_use]
    pub fn of(scenario: Scenario, evidence: &Evidence) -> Self {
        let mut recording = Self {
            scenario,
            writes: BTreeMap::new(),
            reads: BTreeMap::new(),
            served: BTreeMap::new(),
        };
        for entry in window(evidence) {
            let Some(label) = &entry.label else { continue };
            let label = label.replaced(&evidence.run, RUN);
            if entry.mutating {
                let object = object_of(entry, &evidence.run);
                if entry.status < 400 {
                    let served = recording.served.entry(object.clone());
                    served.or_default().push(label.clone());
                }
                recording.writes.entry(object).or_default().push(label);
            } else {
                *recording.reads.entry(label).or_default() += 1;
            }
        }
        recording
    }

    /// Answers the writes of all objects as often as each label comes, by label.
    #[must_use]
    pub fn boundaries(&self) -> Vec<Boundary> {
        let mut counts: BTreeMap<&Label, u32> = BTreeMap::new();
        for label in self.writes.values().flatten() {
            *counts.entry(label).or_default() += 1;
        }
        let each = counts.into_iter().flat_map(|(label, count)| {
            (1..=count).map(|occurrence| Boundary {
                label: label.clone(),
                occurrence,
            })
        });
        each.collect()
    }

    /// Answers the writes in the order in which they were made, where the scenario is about one object.
    #[must_use]
    pub fn sequence(&self) -> Vec<Boundary> {
        let mut counts: BTreeMap<&Label, u32> = BTreeMap::new();
        let all = self.writes.values().flatten();
        all.map(|label| {
            let count = counts.entry(label).or_default();
            *count += 1;
            Boundary {
                label: label.clone(),
                occurrence: *count,
            }
        })
        .collect()
    }
}

/// The run's labelled requests from the mark until everything stood.
fn window(evidence: &Evidence) -> impl Iterator<Item = &Entry> {
    let mark = Step::Mark.to_string();
    let time = |is: &dyn Fn(&Happening) -> bool| {
        let found = evidence.timeline.iter().find(|moment| is(&moment.what));
        found.map(|moment| moment.time)
    };
    let from = time(&|what| matches!(what, Happening::Step { name } if *name == mark));
    let until = time(&|what| matches!(what, Happening::QuietFrom));
    evidence.requests.iter().filter(move |entry| {
        from.is_some_and(|from| entry.time >= from) && until.is_none_or(|until| entry.time <= until)
    })
}

/// Which of the run's objects a request is about: the first name after the run's text.
fn object_of(entry: &Entry, run: &str) -> String {
    let kind = entry.label.as_ref().map_or("", |label| label.kind.as_str());
    let places = [
        entry.resource.as_deref().unwrap_or_default(),
        entry.path.as_str(),
        entry.actor.as_str(),
    ];
    let named = places.into_iter().find_map(|place| {
        let begin = place.find(run)?;
        place.get(begin..)
    });
    let named = named.unwrap_or_default().replacen(run, RUN, 1);
    let mut words = named.split(['/', '@', '?', ' ']);
    let (space, name) = (words.next().unwrap_or_default(), words.next());
    match name {
        Some(name) if !name.is_empty() && kind == "Application" => format!("{kind}/{space}/{name}"),
        Some(_) | None => format!("{kind}/{space}"),
    }
}
