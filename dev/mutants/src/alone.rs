//! Mutants that could not stand beside the others: most of them do not compile at all.

use std::collections::BTreeMap;

use crate::Failure;
use crate::build::{self, Built};
use crate::list::Mutant;
use crate::outcome::{Known, Outcome};
use crate::run::Options;
use crate::sources::Sources;
use crate::trial::Tests;
use crate::workshop::Workshop;

/// Finds out who compiles, and asks the tests about each of those.
pub(crate) fn ask(
    options: &Options,
    workshop: &Workshop,
    sources: &Sources,
    mutants: &[Mutant],
    open: Vec<usize>,
    known: &mut Known,
) -> Result<(), Failure> {
    let scope = options.scope();
    for mutant in viable(workshop, &scope, sources, mutants, open, known)? {
        workshop.write(&mutant.file, sources.with(mutant)?.as_bytes())?;
        let outcome = match build::tests(workshop, &scope)? {
            Built::Programs(programs) => {
                Tests::of(&programs, !options.quick)?.ask(&workshop.folder, None)?
            }
            Built::Faults(_) => Outcome::Unviable,
        };
        println!("{}: {outcome:?}", mutant.name);
        known.learn(mutant, outcome);
        known.save()?;
        sources.restore(workshop)?;
    }
    Ok(())
}

/// Those of them that compile. One of each file is looked at at a time: what it breaks is in its own file.
fn viable<'a>(
    workshop: &Workshop,
    scope: &[String],
    sources: &Sources,
    mutants: &'a [Mutant],
    mut open: Vec<usize>,
    known: &mut Known,
) -> Result<Vec<&'a Mutant>, Failure> {
    sources.restore(workshop)?;
    let mut viable = Vec::new();
    while !open.is_empty() {
        let mut batch: BTreeMap<&str, &'a Mutant> = BTreeMap::new();
        open.retain(|&number| match mutants.get(number) {
            Some(mutant) if !batch.contains_key(mutant.file.as_str()) => {
                batch.insert(&mutant.file, mutant);
                false
            }
            Some(_) => true,
            None => false,
        });
        for (file, mutant) in &batch {
            workshop.write(file, sources.with(mutant)?.as_bytes())?;
        }
        while let Built::Faults(faults) = build::check(workshop, scope)? {
            let before = batch.len();
            for fault in &faults {
                let file = fault.file.as_str();
                if let Some(mutant) = batch.remove(file) {
                    workshop.write(file, sources.original(file)?.as_bytes())?;
                    known.learn(mutant, Outcome::Unviable);
                }
            }
            if batch.len() == before {
                return Err(format!("no mutant is to blame for {:#?}", faults.first()));
            }
        }
        viable.extend(batch.into_values());
        sources.restore(workshop)?;
        known.save()?;
        eprintln!("{} left to be compiled alone", open.len());
    }
    Ok(viable)
}
