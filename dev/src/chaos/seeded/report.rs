//! What is told of a run: which bug was found, by whom, and by which oracle or test.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::failure::Failure;

use super::Options;
use super::bug::Bug;
use super::detector::Detector;
use crate::chaos::report::paper;

/// What became of one bug.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    number: u32,
    name: String,
    sentence: String,
    seconds: u64,
    /// Who found it, and how; nobody where it was not found.
    found: Vec<Found>,
}

#[derive(Clone, Debug, Serialize)]
struct Found {
    by: String,
    how: Vec<String>,
}

impl Finding {
    pub(super) fn of(bug: &Bug, found: Vec<(Detector, Vec<String>)>, took: Duration) -> Self {
        let found = found.into_iter().map(|(by, how)| Found {
            by: by.to_string(),
            how,
        });
        Self {
            number: bug.number,
            name: bug.name.clone(),
            sentence: bug.sentence.clone(),
            seconds: took.as_secs(),
            found: found.collect(),
        }
    }

    /// The one line of a terminal.
    pub(super) fn line(&self) -> String {
        let found = match self.found.first() {
            Some(found) => {
                let how = found.how.first().map_or("", String::as_str);
                format!("{}: {}", found.by, shortened(how, 140))
            }
            None => "NOT FOUND".to_owned(),
        };
        format!(
            "{:02} {}: {found} ({} s)",
            self.number, self.name, self.seconds
        )
    }
}

/// A whole run.
#[derive(Clone, Debug)]
pub(super) struct Report {
    command: String,
    tried: usize,
    found: usize,
    bugs: Vec<Finding>,
}

impl Report {
    pub(super) fn of(options: &Options) -> Self {
        let mut command = format!("cargo dev chaos seeded --seeds {}", options.seeds);
        if options.every {
            command.push_str(" --every");
        }
        for bug in &options.bugs {
            command.push(' ');
            command.push_str(bug);
        }
        Self {
            command,
            tried: 0,
            found: 0,
            bugs: Vec::new(),
        }
    }

    /// Takes one more finding in.
    pub(super) fn add(&mut self, bug: Finding) {
        self.tried += 1;
        self.found += usize::from(!bug.found.is_empty());
        self.bugs.push(bug);
    }

    pub(super) const fn all_found(&self) -> bool {
        self.found == self.tried
    }

    /// Writes it down: for people, and beside it for programs.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let json = format!(
            "{{\"command\": {}, \"tried\": {}, \"found\": {}, \"bugs\": {}}}\n",
            serde_json::Value::from(self.command.as_str()),
            self.tried,
            self.found,
            paper::entries(&self.bugs)?
        );
        paper::write(path, &self.markdown(), &json)
    }

    fn markdown(&self) -> String {
        let cell = |text: &str| shortened(text, 220);
        let rows = self.bugs.iter().map(|bug| {
            let by: Vec<&str> = bug.found.iter().map(|found| found.by.as_str()).collect();
            let how = bug.found.iter().filter_map(|found| found.how.first());
            let how: Vec<String> = how.map(|how| cell(how)).collect();
            let by = if by.is_empty() {
                "**nobody**".to_owned()
            } else {
                by.join("; ")
            };
            [
                format!("{:02}", bug.number),
                cell(&bug.sentence),
                by,
                how.join("; "),
            ]
        });
        format!(
            "# Seeded bugs\n\nMistakes that controllers really make, each a patch in `dev/seeded`, put one at a time into a copy of the\n\
             checkout. {} were tried, {} were found. Made by\n\n    {} --report docs/proof/seeded.md\n\n{}",
            self.tried,
            self.found,
            self.command,
            paper::table(
                &["#", "What is wrong", "Found by", "How"],
                &rows.collect::<Vec<_>>()
            )
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for bug in &self.bugs {
            writeln!(f, "{}", bug.line())?;
        }
        write!(f, "{} of {} seeded bugs were found", self.found, self.tried)
    }
}

fn shortened(text: &str, limit: usize) -> String {
    let one_line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= limit {
        return one_line;
    }
    one_line.chars().take(limit).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn finding(found: &[(&str, &str)]) -> Finding {
        let found = found.iter().map(|(by, how)| Found {
            by: (*by).to_owned(),
            how: vec![(*how).to_owned()],
        });
        Finding {
            number: 7,
            name: "gate-open".into(),
            sentence: "It is wrong.".into(),
            seconds: 3,
            found: found.collect(),
        }
    }

    fn report(bugs: Vec<Finding>) -> Report {
        let options = Options {
            bugs: Vec::new(),
            seeds: 10,
            every: false,
            report: None,
            list: false,
        };
        let mut report = Report::of(&options);
        bugs.into_iter().for_each(|bug| report.add(bug));
        report
    }

    #[test]
    fn a_bug_that_nobody_found_spoils_the_run_and_is_told() {
        let good = report(vec![finding(&[("simulation", "seed 3: O2: a|b")])]);
        assert!(good.all_found());
        assert!(
            good.markdown()
                .contains("| simulation | seed 3: O2: a\\|b |")
        );
        let bad = report(vec![finding(&[]), finding(&[("simulation", "O2")])]);
        assert!(!bad.all_found());
        assert!(bad.to_string().contains("NOT FOUND"), "{bad}");
        assert!(bad.to_string().ends_with("1 of 2 seeded bugs were found"));
        assert!(bad.markdown().contains("**nobody**"));
    }

    #[test]
    fn a_report_stands_in_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seeded.md");
        report(vec![finding(&[("simulation", "O2")])])
            .write(&path)
            .unwrap();
        let json = fs::read_to_string(folder.path().join("seeded.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["found"], 1);
        assert!(
            fs::read_to_string(&path)
                .unwrap()
                .contains("1 were tried, 1 were found")
        );
    }
}
