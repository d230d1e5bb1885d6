//! A wrong clock: what the time is for one process (libfaketime, loaded into it).
//!
//! Only the time of day is wrong. What a process measures by its monotonic clock is as long as ever: that clock knows no
//! date, and nobody sets it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use crate::failure::{Doing, Failure};

/// The library as Debian has it, for programs with several threads.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// A clock that goes wrong by as much as one likes, also while its process runs.
#[derive(Debug, Clone)]
pub struct WrongClock {
    library: PathBuf,
    file: PathBuf,
}

impl WrongClock {
    /// Makes a clock that is wrong by so much. What it shows stands in `file`, which is its own.
    pub fn new(file: impl Into<PathBuf>, wrong_by: SignedDuration) -> Result<Self, Failure> {
        let clock = Self {
            library: library()?,
            file: file.into(),
        };
        clock.set(wrong_by)?;
        Ok(clock)
    }

    /// Sets it, at once also for a process that runs.
    pub fn set(&self, wrong_by: SignedDuration) -> Result<(), Failure> {
        let what = || format!("set the clock {}", self.file.display());
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{:+}\n", wrong_by.as_secs())).doing(what)?;
        fs::rename(&new, &self.file).doing(what)
    }

    /// Answers the variables of a process that has this clock.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let variables = [
            ("LD_PRELOAD", text(&self.library)),
            ("FAKETIME_TIMESTAMP_FILE", text(&self.file)),
            // The file is read each time: it is short, and the time is seldom asked.
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
            // Times of files were written by others, and are true.
            ("NO_FAKE_STAT", "1".to_owned()),
        ];
        variables
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }
}

/// Answers where the library is: below a folder that is called after the machine, or without one.
fn library() -> Result<PathBuf, Failure> {
    let folders = fs::read_dir("/usr/lib").doing(|| "look into /usr/lib".into())?;
    folders
        .filter_map(|folder| Some(folder.ok()?.path().join(LIBRARY)))
        .chain([PathBuf::from("/usr/lib64").join(LIBRARY), PathBuf::from("/usr/lib").join(LIBRARY)])
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Failure::new(format!(
                "{LIBRARY} is nowhere below /usr/lib: install the package faketime (sudo apt-get install --yes faketime)"
            ))
        })
}
