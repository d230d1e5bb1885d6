//! What came of plans: for people a table by family, for machines an entry a plan.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::plan::{Family, Plan};
use super::scenario::Scenario;
use crate::demo::text::table;
use crate::failure::{Doing, Failure};

/// What came of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything went wrong that was to, and nothing is held against the controller.
    Passed,
    /// Something is held against the controller.
    Failed,
    /// What was to go wrong met nothing, so nothing was proved.
    NotStruck,
    /// The world or the harness failed, so nothing is known.
    Broken,
}

/// One plan and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Its id.
    pub id: String,
    /// Its family.
    pub family: Family,
    /// Its scenario.
    pub scenario: Scenario,
    /// What came of it.
    #[serde(rename = "result")]
    pub outcome: Outcome,
    /// Whether everything struck that was to.
    pub struck: bool,
    /// What is held against the controller.
    pub violations: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// The story of it, where it did not pass.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub story: String,
}

impl Verdict {
    /// A plan of which nothing is known.
    #[must_use]
    pub fn broken(plan: &Plan, failure: &Failure) -> Self {
        Self {
            id: plan.id.clone(),
            family: plan.family,
            scenario: plan.scenario,
            outcome: Outcome::Broken,
            struck: false,
            violations: Vec::new(),
            seconds: 0.0,
            story: failure.to_string(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::NotStruck => "not struck",
            Outcome::Broken => "BROKEN",
        };
        write!(f, "{word} {}", self.id)?;
        for line in self.story.lines() {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

/// Writes the report for machines.
pub fn save(path: &Path, verdicts: &[Verdict]) -> Result<(), Failure> {
    let what = || format!("write {}", path.display());
    let mut text = serde_json::to_string_pretty(verdicts).doing(what)?;
    text.push('\n');
    std::fs::write(path, text).doing(what)
}

/// The table by family.
#[must_use]
pub fn summary(verdicts: &[Verdict], left: usize) -> String {
    let header = [
        "FAMILY",
        "ABOUT",
        "PLANS",
        "PASSED",
        "FAILED",
        "NOT STRUCK",
        "BROKEN",
        "SECONDS A PLAN",
    ];
    let row = |name: String, about: &str, of: &[&Verdict]| {
        let count = |outcome| {
            of.iter()
                .filter(|v| v.outcome == outcome)
                .count()
                .to_string()
        };
        let seconds: f64 = of.iter().map(|v| v.seconds).sum();
        let mean = seconds / f64::from(u32::try_from(of.len().max(1)).unwrap_or(u32::MAX));
        [
            name,
            about.to_owned(),
            of.len().to_string(),
            count(Outcome::Passed),
            count(Outcome::Failed),
            count(Outcome::NotStruck),
            count(Outcome::Broken),
            format!("{mean:.1}"),
        ]
    };
    let mut rows = Vec::new();
    for family in Family::ALL {
        let of: Vec<&Verdict> = verdicts.iter().filter(|v| v.family == family).collect();
        if !of.is_empty() {
            rows.push(row(family.to_string(), family.about(), &of));
        }
    }
    let all: Vec<&Verdict> = verdicts.iter().collect();
    rows.push(row("all".to_owned(), "", &all));
    let mut text = table(header, rows);
    if left > 0 {
        text.push_str(&format!(
            "\n\n  {left} plans were not begun: the time was over."
        ));
    }
    text
}
