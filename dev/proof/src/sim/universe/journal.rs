//! What happened: counts of every run, a print that two equal runs share, and a story when asked.

use std::collections::BTreeMap;
use std::hash::Hasher;

use crate::sim::draw::Steady;
use crate::sim::schedule::{Door, Schedule};

/// What happened in one run.
pub struct Journal {
    story: Option<Vec<String>>,
    print: Steady,
    /// Requests by door.
    pub requests: [u64; Door::ALL.len()],
    /// How often each trouble of the schedule happened.
    pub hits: Vec<u64>,
    /// Requests that were not sent because GitLab wants to be left alone.
    pub bounced: u64,
    /// Acts that were done.
    pub acts: Vec<&'static str>,
    /// Violations seen while it went on.
    pub violations: Vec<String>,
}

impl Journal {
    /// An empty one; only a told one keeps its story.
    pub fn new(told: bool, schedule: &Schedule) -> Self {
        Self {
            story: told.then(Vec::new),
            print: Steady::new(),
            requests: [0; Door::ALL.len()],
            hits: vec![0; schedule.troubles.len()],
            bounced: 0,
            acts: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// Something happened.
    pub fn note(&mut self, age: u64, code: u64, words: impl FnOnce() -> String) {
        self.print.write(&age.to_le_bytes());
        self.print.write(&code.to_le_bytes());
        if let Some(story) = &mut self.story {
            let (seconds, millis) = (age / 1000, age % 1000);
            story.push(format!("{seconds:>6}.{millis:03}  {}", words()));
        }
    }

    /// A request was made, and one of the schedule's troubles struck it.
    pub fn requested(&mut self, door: Door, trouble: Option<usize>) {
        self.requests[door as usize] += 1;
        if let Some(trouble) = trouble {
            self.hits[trouble] += 1;
        }
    }

    /// A request was not made.
    pub const fn bounced(&mut self) {
        self.bounced += 1;
    }

    /// Something that must never be.
    pub fn violation(&mut self, words: String) {
        if !self.violations.contains(&words) {
            self.violations.push(words);
        }
    }

    /// What two runs share only if the same happened in both, at the same times.
    pub fn print(&self) -> u64 {
        self.print.finish()
    }

    /// The story so far.
    pub fn story(&self) -> &[String] {
        self.story.as_deref().unwrap_or_default()
    }
}

/// Counts over many runs.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many of each thing.
    pub counts: BTreeMap<String, u64>,
    /// The most of each thing.
    pub most: BTreeMap<String, u64>,
}

impl Tally {
    /// So many more of a thing.
    pub fn add(&mut self, what: impl Into<String>, count: u64) {
        if count > 0 {
            *self.counts.entry(what.into()).or_default() += count;
        }
    }

    /// Perhaps more of a thing than ever.
    pub fn top(&mut self, what: impl Into<String>, value: u64) {
        let most = self.most.entry(what.into()).or_default();
        *most = (*most).max(value);
    }

    /// Another tally's counts, too.
    pub fn merge(&mut self, other: Self) {
        for (what, count) in other.counts {
            self.add(what, count);
        }
        for (what, value) in other.most {
            self.top(what, value);
        }
    }
}
