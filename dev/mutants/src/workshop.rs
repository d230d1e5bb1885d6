//! The copy of the checkout in which mutants are written and built. The checkout itself is not touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;

/// The copy, and the checkout that it is of.
#[derive(Debug)]
pub(crate) struct Workshop {
    origin: PathBuf,
    pub(crate) folder: PathBuf,
}

impl Workshop {
    /// Makes the copy equal to the checkout, but for the files that will be written anew: `spared`.
    pub(crate) fn of(origin: &Path, spared: &BTreeSet<String>) -> Result<Self, Failure> {
        let workshop = Self {
            origin: origin.to_owned(),
            folder: origin.join("target/mutants/checkout"),
        };
        let listed = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(origin)
            .output()
            .map_err(|e| format!("cannot start git: {e}"))?;
        let names = String::from_utf8_lossy(&listed.stdout);
        for name in names.lines().filter(|name| !spared.contains(*name)) {
            // Taken away, and git has not been told yet.
            if let Ok(content) = fs::read(origin.join(name)) {
                workshop.write(name, &content)?;
            }
        }
        Ok(workshop)
    }

    /// Writes a file of the copy where it differs, so that little is compiled again.
    pub(crate) fn write(&self, file: &str, content: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(file);
        if fs::read(&path).is_ok_and(|standing| standing == content) {
            return Ok(());
        }
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, content));
        written.map_err(|e| format!("cannot write {}: {e}", path.display()))
    }

    /// A command of cargo in the copy; what it builds goes where the checkout's own goes.
    pub(crate) fn cargo(&self, words: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(words)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.origin.join("target"));
        command
    }
}
