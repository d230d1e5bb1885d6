//! What came of plans: for people a table by family, for machines an entry a plan.

pub mod paper;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::plan::{Family, Plan};
use super::scenario::Scenario;
use crate::demo::text::table;
use crate::failure::{Doing, Failure};

/// What came of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    #[serde(default, skip_serializing_if = "String::is_empty")]
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

/// What came of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// What was asked for.
    pub command: String,
    /// How many plans were not begun, since the time was over.
    pub left: usize,
    /// What came of each plan that was played, by id.
    pub plans: Vec<Verdict>,
}

impl Report {
    /// Reads reports of parts as one: what came of a plan last counts.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub fn of_parts<P: AsRef<Path>>(paths: &[P]) -> Result<Self, Failure> {
        let mut commands = Vec::new();
        let mut plans = BTreeMap::new();
        for path in paths {
            let path = path.as_ref();
            let what = || format!("read the report {}", path.display());
            let text = fs::read(path).doing(what)?;
            let part: Self = serde_json::from_slice(&text).doing(what)?;
            commands.push(part.command);
            plans.extend(
                part.plans
                    .into_iter()
                    .map(|verdict| (verdict.id.clone(), verdict)),
            );
        }
        Ok(Self {
            command: commands.join("\n    "),
            left: 0,
            plans: plans.into_values().collect(),
        })
    }

    /// How many plans came to this.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.plans.iter().filter(|v| v.outcome == outcome).count()
    }

    /// Writes it down: for people, and beside it for programs.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let json = format!(
            "{{\"command\": {}, \"left\": {}, \"plans\": {}}}\n",
            serde_json::Value::from(self.command.as_str()),
            self.left,
            paper::entries(&self.plans)?
        );
        paper::write(path, &self.markdown(), &json)
    }

    fn markdown(&self) -> String {
        let families = self.families();
        let mut text = format!(
            "# Chaos\n\nWhat came of {} plans. Made by\n\n    {}\n\n{}",
            self.plans.len(),
            self.command,
            paper::table(&HEADER, &families)
        );
        let others = self.plans.iter().filter(|v| v.outcome != Outcome::Passed);
        let others: Vec<String> = others.map(|verdict| format!("- {verdict}\n")).collect();
        if !others.is_empty() {
            text.push_str("\nThose that did not pass:\n\n");
            text.push_str(&others.concat());
        }
        text
    }

    fn families(&self) -> Vec<[String; 8]> {
        let mut rows = Vec::new();
        for family in Family::ALL {
            let of: Vec<&Verdict> = self.plans.iter().filter(|v| v.family == family).collect();
            if !of.is_empty() {
                rows.push(row(family.to_string(), family.about(), &of));
            }
        }
        rows.push(row(
            "all".to_owned(),
            "",
            &self.plans.iter().collect::<Vec<_>>(),
        ));
        rows
    }
}

const HEADER: [&str; 8] = [
    "FAMILY",
    "ABOUT",
    "PLANS",
    "PASSED",
    "FAILED",
    "NOT STRUCK",
    "BROKEN",
    "SECONDS A PLAN",
];

fn row(name: String, about: &str, of: &[&Verdict]) -> [String; 8] {
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
}

/// The table by family.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&table(HEADER, self.families()))?;
        if self.left > 0 {
            write!(
                f,
                "\n\n  {} plans were not begun: the time was over.",
                self.left
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(id: &str, outcome: Outcome) -> Verdict {
        Verdict {
            id: id.to_owned(),
            family: Family::M1,
            scenario: Scenario::CreateProvider,
            outcome,
            struck: true,
            violations: Vec::new(),
            seconds: 2.0,
            story: String::new(),
        }
    }

    #[test]
    fn of_reports_of_parts_the_last_word_on_a_plan_counts() {
        let folder = tempfile::tempdir().unwrap();
        let part = |name: &str, plans: Vec<Verdict>| {
            let report = Report {
                command: format!("cargo dev chaos run {name}"),
                left: 0,
                plans,
            };
            let path = folder.path().join(name);
            report.write(&path.with_extension("md")).unwrap();
            path.with_extension("json")
        };
        let failed = vec![
            verdict("M1/a", Outcome::Passed),
            verdict("M1/b", Outcome::Failed),
        ];
        let cured = vec![verdict("M1/b", Outcome::Passed)];
        let report = Report::of_parts(&[part("first", failed), part("second", cured)]).unwrap();
        assert_eq!(report.plans.len(), 2);
        assert_eq!(report.count(Outcome::Passed), 2);
        assert_eq!(
            report.command,
            "cargo dev chaos run first\n    cargo dev chaos run second"
        );
    }
}
