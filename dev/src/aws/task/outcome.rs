//! Outcomes declared beforehand, for tests that do not wait for real ones.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What becomes of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It exits with code 1 at once.
    Fail,
    /// It never becomes healthy.
    Hang,
}

/// Which tasks it becomes of; all given fields must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A part of the image's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_contains: Option<String>,
    /// A variable of the container: `NAME=value`, or `NAME` for any value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What becomes of them.
    pub outcome: Outcome,
}

impl Rule {
    fn meets(&self, digest: &str, environment: &BTreeMap<String, String>) -> bool {
        let variable = |wanted: &String| match wanted.split_once('=') {
            Some((name, value)) => environment.get(name).is_some_and(|given| given == value),
            None => environment.contains_key(wanted),
        };
        self.digest_contains
            .as_ref()
            .is_none_or(|part| digest.contains(part))
            && self.environment.as_ref().is_none_or(variable)
    }
}

/// The declared outcomes.
#[derive(Debug, Default)]
pub struct Outcomes {
    rules: Mutex<Vec<Rule>>,
}

impl Outcomes {
    fn with<T>(&self, use_rules: impl FnOnce(&mut Vec<Rule>) -> T) -> T {
        use_rules(&mut self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Declares one.
    pub fn add(&self, rule: Rule) {
        self.with(|rules| rules.push(rule));
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.with(Vec::clear);
    }

    /// Lists all.
    #[must_use]
    pub fn all(&self) -> Vec<Rule> {
        self.with(|rules| rules.clone())
    }

    /// Answers what becomes of a task with this image and environment; the latest declaration counts.
    #[must_use]
    pub fn of(&self, digest: &str, environment: &BTreeMap<String, String>) -> Option<Outcome> {
        self.with(|rules| {
            rules
                .iter()
                .rev()
                .find(|rule| rule.meets(digest, environment))
                .map(|rule| rule.outcome)
        })
    }
}
