//! Asking the tests about one mutant.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::Failure;
use crate::outcome::Outcome;

/// A decision that goes round for ever ends after so many seconds of processor time, or at so many kilobytes.
const LIMITS: &str = "ulimit -t 240 -v 12000000; exec \"$0\" \"$@\"";

/// Guard the shape of the house and what is generated from the API, which no mutant of a decision changes.
const UNASKED: [&str; 2] = ["layers::", "generated::"];

/// What tries many cases takes nearly all of the time.
const DRAWN: [&str; 2] = ["properties::", "hostile::"];

/// A third of the time of all tests, and the last to notice something.
const LONGEST: [&str; 4] = [
    "whoever_dies_twice",
    "whatever_happens_twice",
    "whatever_happens_while_an_application_is_made",
    "history::",
];

/// The tests in the order in which they are asked: whoever answers soonest first.
#[derive(Clone, Debug)]
pub(crate) struct Tests {
    steps: Vec<Step>,
    all: bool,
}

#[derive(Clone, Debug)]
struct Step {
    program: PathBuf,
    words: Vec<String>,
}

impl Tests {
    /// The quick tests, or all, of these programs.
    pub(crate) fn of(programs: &[PathBuf], all: bool) -> Result<Self, Failure> {
        let [library, domain] = programs else {
            return Err(format!(
                "two programs of tests were to be built: {programs:?}"
            ));
        };
        let step = |program: &PathBuf, skipped: &[&[&str]], only: &[&str]| {
            let skip = skipped.iter().copied().flatten();
            let skip = skip.flat_map(|name| ["--skip", *name]);
            Step {
                program: program.clone(),
                words: skip
                    .chain(only.iter().copied())
                    .map(str::to_owned)
                    .collect(),
            }
        };
        let mut steps = vec![
            step(library, &[], &["domain::"]),
            step(domain, &[], &["tables::"]),
            step(domain, &[&UNASKED, &DRAWN, &["tables::"]], &[]),
        ];
        if all {
            steps.push(step(domain, &[&LONGEST], &DRAWN));
            steps.push(step(domain, &[], &LONGEST));
        }
        Ok(Self { steps, all })
    }

    /// Asks them, with this mutant on; none is on where it stands alone in the sources, or where the tests themselves
    /// are tried.
    pub(crate) fn ask(&self, folder: &Path, mutant: Option<usize>) -> Result<Outcome, Failure> {
        for step in &self.steps {
            let output = step.run(folder, mutant)?;
            if output.status.success() {
                continue;
            }
            // SIGXCPU and SIGKILL: one of the limits.
            if matches!(output.status.signal(), Some(9 | 24)) {
                return Ok(Outcome::Endless);
            }
            let told = String::from_utf8_lossy(&output.stdout);
            let failed = told
                .lines()
                .find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
            let by = failed.map_or_else(|| output.status.to_string(), str::to_owned);
            return Ok(Outcome::Noticed(by));
        }
        Ok(Outcome::Missed { all: self.all })
    }
}

impl Step {
    fn run(&self, folder: &Path, mutant: Option<usize>) -> Result<Output, Failure> {
        let mut command = Command::new("sh");
        command
            .args(["-c", LIMITS])
            .arg(&self.program)
            .args(&self.words)
            // That tests end at the first failure is not yet stable.
            .args(["-Zunstable-options", "--fail-fast", "--test-threads=1"])
            .env("RUSTC_BOOTSTRAP", "1")
            .env("INSTA_UPDATE", "no")
            .env("RUST_BACKTRACE", "0")
            // What Cargo would set.
            .env("CARGO_MANIFEST_DIR", folder)
            .current_dir(folder)
            .stdin(Stdio::null());
        if let Some(mutant) = mutant {
            command.env("HARMONIX_MUTANT", mutant.to_string());
        }
        if std::env::var_os("PROPTEST_CASES").is_none() {
            // Histories are long: a few of them notice what many do.
            command.env("PROPTEST_CASES", "8");
        }
        command
            .output()
            .map_err(|e| format!("cannot start {}: {e}", self.program.display()))
    }
}
