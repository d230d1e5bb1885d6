//! The domain's files, as they stand in the checkout and with their mutants.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::build::{self, Built};
use crate::list::Mutant;
use crate::place::{self, Place};
use crate::switch::{MODULE, Owners, Switched, owners};
use crate::workshop::Workshop;

/// Where the module of the switches is written.
const ROOF: &str = "src/domain.rs";

/// How often what does not compile is left out; each time what the compiler finds next remains.
const ROUNDS: usize = 40;

/// The files of the domain, with their places.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) files: BTreeMap<String, (String, Vec<Place>)>,
    /// What cannot stand beside the others.
    pub(crate) without: BTreeSet<usize>,
    /// Who of those does not compile anywhere.
    pub(crate) unviable: BTreeSet<usize>,
}

impl Sources {
    /// Reads the domain of a checkout, and finds where its mutants are.
    pub(crate) fn read(origin: &Path, mutants: &[Mutant]) -> Result<Self, Failure> {
        let mut files = BTreeMap::new();
        let mut without = BTreeSet::new();
        for path in rust_files(&origin.join("src/domain"))?
            .into_iter()
            .chain([origin.join(ROOF)])
        {
            let file = path.strip_prefix(origin).unwrap_or(&path);
            let file = file.to_string_lossy().into_owned();
            let text =
                std::fs::read_to_string(&path).map_err(|e| format!("cannot read {file}: {e}"))?;
            let own: Vec<(usize, &Mutant)> = mutants
                .iter()
                .enumerate()
                .filter(|(_, mutant)| mutant.file == file)
                .collect();
            let (places, left) = place::find(&text, &own).map_err(|e| format!("{file}: {e}"))?;
            without.extend(left);
            files.insert(file, (text, places));
        }
        let unviable = BTreeSet::new();
        Ok(Self {
            files,
            without,
            unviable,
        })
    }

    fn rendered(&self, file: &str, mutants: &[Mutant]) -> Option<String> {
        let (text, places) = self.files.get(file)?;
        let switched = Switched {
            text,
            places,
            mutants,
            without: &self.without,
        };
        let module = if file == ROOF { MODULE } else { "" };
        Some(switched.rendered() + module)
    }

    /// Leaves out what does not compile until everything does. Who had to be left out last time is so from
    /// the start.
    pub(crate) fn fit(
        &mut self,
        workshop: &Workshop,
        scope: &[String],
        mutants: &[Mutant],
    ) -> Result<(), Failure> {
        let remembered = workshop.folder.with_file_name("apart.json");
        let text = std::fs::read_to_string(&remembered).unwrap_or_default();
        let known: BTreeMap<String, bool> = serde_json::from_str(&text).unwrap_or_default();
        for (number, mutant) in mutants.iter().enumerate() {
            if let Some(unviable) = known.get(&mutant.name) {
                self.without.insert(number);
                self.unviable.extend(unviable.then_some(number));
            }
        }
        for _ in 0..ROUNDS {
            let mut rendered = BTreeMap::new();
            for file in self.files.keys() {
                let text = self.rendered(file, mutants).unwrap_or_default();
                workshop.write(file, text.as_bytes())?;
                rendered.insert(file.clone(), text);
            }
            let Built::Faults(faults) = build::check(workshop, scope)? else {
                let apart: BTreeMap<&str, bool> = self
                    .without
                    .iter()
                    .filter_map(|number| {
                        let name = &mutants.get(*number)?.name;
                        Some((name.as_str(), self.unviable.contains(number)))
                    })
                    .collect();
                let text = serde_json::to_string_pretty(&apart).map_err(|e| e.to_string())?;
                return std::fs::write(&remembered, text)
                    .map_err(|e| format!("cannot write {}: {e}", remembered.display()));
            };
            let before = self.without.len();
            for fault in &faults {
                let text = rendered.get(&fault.file).map_or("", String::as_str);
                match owners(text, fault.offset) {
                    Owners::One(number) => {
                        self.without.insert(number);
                        let typed = mutants.get(number).is_some_and(Mutant::is_typed);
                        self.unviable.extend(typed.then_some(number));
                    }
                    Owners::Place(numbers) => self.without.extend(numbers),
                }
            }
            if self.without.len() == before {
                return Err(format!("no mutant is to blame for {:#?}", faults.first()));
            }
            eprintln!(
                "{} of them do not compile beside the others",
                self.without.len()
            );
        }
        Err(format!(
            "after {ROUNDS} rounds the mutants still do not compile"
        ))
    }

    /// Writes every file as it stands in the checkout.
    pub(crate) fn restore(&self, workshop: &Workshop) -> Result<(), Failure> {
        for (file, (text, _)) in &self.files {
            workshop.write(file, text.as_bytes())?;
        }
        Ok(())
    }

    /// A file as it stands in the checkout.
    pub(crate) fn original(&self, file: &str) -> Result<&str, Failure> {
        let (text, _) = self.files.get(file).ok_or("a file is gone")?;
        Ok(text)
    }

    /// A file with one mutant, as cargo-mutants would write it.
    pub(crate) fn with(&self, mutant: &Mutant) -> Result<String, Failure> {
        let mut text = self.original(&mutant.file)?.to_owned();
        let range = mutant.range(&text)?;
        text.replace_range(range, &mutant.replacement);
        Ok(text)
    }
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let shown = |e: std::io::Error| format!("cannot list {}: {e}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(shown)? {
        let path = entry.map_err(shown)?.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}
