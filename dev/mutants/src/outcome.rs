//! What is known of each mutant, kept between runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Failure;
use crate::list::Mutant;

/// What came of one mutant.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// This test fails.
    Noticed(String),
    /// A test does not end in the time that it may take.
    Endless,
    /// It does not compile.
    Unviable,
    /// Every test passes, of all or only of the quick ones.
    Missed { all: bool },
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Entry {
    /// Of the file that was changed: where the file has changed since, nothing is known.
    file: String,
    outcome: Outcome,
}

/// What is known so far.
#[derive(Debug)]
pub(crate) struct Known {
    path: PathBuf,
    origin: PathBuf,
    entries: BTreeMap<String, Entry>,
}

impl Known {
    /// Reads what earlier runs have found.
    pub(crate) fn read(origin: &Path) -> Result<Self, Failure> {
        let path = origin.join("target/mutants/known.json");
        let entries = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .map_err(|e| format!("cannot understand {}: {e}", path.display()))?,
            Err(_) => BTreeMap::new(),
        };
        let origin = origin.to_owned();
        Ok(Self {
            path,
            origin,
            entries,
        })
    }

    fn digest(&self, file: &str) -> String {
        let content = fs::read(self.origin.join(file)).unwrap_or_default();
        let digest = Sha256::digest(content);
        let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        bytes.concat()
    }

    /// What is known of a mutant of the file as it is now.
    pub(crate) fn of(&self, mutant: &Mutant) -> Option<&Outcome> {
        let entry = self.entries.get(&mutant.name)?;
        (entry.file == self.digest(&mutant.file)).then_some(&entry.outcome)
    }

    /// Learns what came of a mutant.
    pub(crate) fn learn(&mut self, mutant: &Mutant, outcome: Outcome) {
        let file = self.digest(&mutant.file);
        self.entries
            .insert(mutant.name.clone(), Entry { file, outcome });
    }

    /// Writes it down.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(&self.entries).map_err(|e| e.to_string())?;
        fs::write(&self.path, text)
            .map_err(|e| format!("cannot write {}: {e}", self.path.display()))
    }
}
