//! Shapes: everything about a run that is the same in every run of its scenario.
//!
//! A shape is a set of facts, each a name and a text, so that two are compared by looking, and what differs is one
//! sentence. `{run}` stands for the run's own text; identities, numbers that are given out, times and hashes are left
//! out or stand as `{hash}`, `{time}` and the like: of a hash it is known that it is there, and what it was made from is
//! compared itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::oracle::{Action, effects};

mod field;
pub mod neutral;
mod object;
mod outside;
mod record;

/// What is the same in every run of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// What is left: the value of each fact by its name.
    pub facts: BTreeMap<String, String>,
    /// How often each effect happened in GitLab.
    pub effects: BTreeMap<String, usize>,
    /// How often refused tries are recorded. Faults cause such, so they are compared only where there were none.
    pub refusals: BTreeMap<String, usize>,
}

impl Shape {
    /// The shape of a run.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let mut facts = Facts::of(&evidence.run);
        for object in &evidence.objects {
            object::tell(object, &mut facts);
        }
        outside::tell(evidence, &mut facts);
        let refusals = record::tell(evidence, &mut facts);
        Self {
            facts: facts.known,
            effects: count(evidence),
            refusals,
        }
    }
}

/// Facts on their way into a shape.
struct Facts<'a> {
    run: &'a str,
    known: BTreeMap<String, String>,
}

impl<'a> Facts<'a> {
    fn of(run: &'a str) -> Self {
        Self {
            run,
            known: BTreeMap::new(),
        }
    }

    fn text(&self, text: &str) -> String {
        neutral::text(text, self.run)
    }

    /// Notes a fact. What has the same name twice is one fact of both.
    fn note(&mut self, name: &str, value: &str) {
        let (name, value) = (self.text(name), self.text(value));
        let known = self.known.entry(name);
        known
            .and_modify(|before| *before = format!("{before}, {value}"))
            .or_insert(value);
    }
}

fn count(evidence: &Evidence) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let happened = effects(evidence).into_iter();
    // Settings are put, not added.
    for effect in
        happened.filter(|effect| effect.happened && effect.action != Action::ApplySettings)
    {
        let place = effect.environment.map(|name| format!(" ({name})"));
        let name = format!(
            "{} in {}{}",
            effect.action.name(),
            effect.path,
            place.unwrap_or_default()
        );
        *counts
            .entry(neutral::text(&name, &evidence.run))
            .or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests;
