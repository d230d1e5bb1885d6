//! What went wrong, as a person reads it.

use std::fmt;
use std::path::Path;

/// How many of a log's last lines are shown with a failure, and how much of each.
const SHOWN_LINES: usize = 15;
const SHOWN_CHARACTERS: usize = 240;

/// One sentence that names the thing and the next step, and the last lines of a log where they help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    sentence: String,
    lines: Vec<String>,
}

impl Failure {
    /// Makes a failure of one sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            lines: Vec::new(),
        }
    }

    /// Adds the last lines of the log at `path`; a log that cannot be read adds nothing.
    #[must_use]
    pub fn with_log(mut self, path: &Path) -> Self {
        self.lines = last_lines(path, SHOWN_LINES);
        self
    }

    /// Answers the sentence without the lines of the log.
    #[must_use]
    pub fn sentence(&self) -> &str {
        &self.sentence
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        for line in &self.lines {
            let shown: String = line.chars().take(SHOWN_CHARACTERS).collect();
            let rest = if shown.len() < line.len() { "…" } else { "" };
            write!(f, "\n  | {shown}{rest}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Turns an error of the system into a failure that says what was being done.
pub trait Doing<T> {
    /// Says what was being done: `cannot <what>: <error>`.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("cannot {}: {error}", what())))
    }
}

/// Reads the last lines of a text file, without the empty ones at its end.
#[must_use]
pub fn last_lines(path: &Path, count: usize) -> Vec<String> {
    let Ok(bytes) = std::fs::read(path) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let from = lines.len().saturating_sub(count);
    lines.into_iter().skip(from).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_last_lines_of_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("part.log");
        let text: String = (0..40).map(|n| format!("line {n}\n")).collect();
        std::fs::write(&log, text).unwrap();

        let told = Failure::new("the registry stopped")
            .with_log(&log)
            .to_string();

        assert!(
            told.starts_with("the registry stopped\n  | line 25\n"),
            "{told}"
        );
        assert!(told.ends_with("  | line 39"), "{told}");
    }

    #[test]
    fn a_log_that_is_not_there_adds_nothing() {
        let told = Failure::new("moto stopped")
            .with_log(Path::new("/no/such/log"))
            .to_string();
        assert_eq!(told, "moto stopped");
    }
}
