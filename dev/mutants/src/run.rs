//! A run: all mutants are written into the copy, which is built once, and the tests are asked about each; then comes what has
//! to stand alone.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;

use crate::Failure;
use crate::alone;
use crate::build::{self, Built};
use crate::list::Mutant;
use crate::outcome::{Known, Outcome};
use crate::sources::Sources;
use crate::trial::Tests;
use crate::workshop::Workshop;

/// What is tried.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Ask only what answers within a second: the tests beside the code, tables and golden files
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only mutants with this in their names
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// How many are tried at the same time
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// Leave out what has to be built alone
    #[arg(long)]
    together: bool,
    /// What cargo builds the tests of
    #[arg(
        long,
        value_name = "WORDS",
        default_value = "-p harmonix --no-default-features"
    )]
    scope: String,
}

impl Options {
    /// What cargo builds the tests of.
    pub(crate) fn scope(&self) -> Vec<String> {
        self.scope.split(' ').map(str::to_owned).collect()
    }

    fn means(&self, mutant: &Mutant) -> bool {
        let only = self.only.as_deref();
        only.is_none_or(|only| mutant.name.contains(only))
    }
}

/// Tries every mutant that no test is known to notice.
pub(crate) fn run(options: &Options, mutants: &[Mutant]) -> Result<(), Failure> {
    let origin = std::env::current_dir().map_err(|e| format!("cannot tell the folder: {e}"))?;
    let mut sources = Sources::read(&origin, mutants)?;
    let spared = sources.files.keys().cloned().collect();
    let workshop = Workshop::of(&origin, &spared)?;
    let scope = options.scope();
    sources.fit(&workshop, &scope, mutants)?;
    println!(
        "{} of {} mutants stand in one build",
        mutants.len() - sources.without.len(),
        mutants.len()
    );
    let programs = built(build::tests(&workshop, &scope)?)?;
    let tests = Tests::of(&programs, !options.quick)?;
    if let outcome @ (Outcome::Noticed(_) | Outcome::Endless) = tests.ask(&workshop.folder, None)? {
        return Err(format!("without any mutant the tests fail: {outcome:?}"));
    }
    let mut known = Known::read(&origin)?;
    for mutant in sources.unviable.iter().filter_map(|n| mutants.get(*n)) {
        known.learn(mutant, Outcome::Unviable);
    }
    let open = |number: &usize| {
        mutants.get(*number).is_some_and(|mutant| {
            let known = known.of(mutant);
            options.means(mutant) && matches!(known, None | Some(Outcome::Missed { .. }))
        })
    };
    let (alone, together): (Vec<usize>, Vec<usize>) = (0..mutants.len())
        .filter(open)
        .partition(|number| sources.without.contains(number));
    let known = Mutex::new(known);
    ask_together(options, &workshop, &tests, mutants, &together, &known)?;
    let mut known = known.into_inner().map_err(|e| e.to_string())?;
    if !options.together {
        alone::ask(options, &workshop, &sources, mutants, alone, &mut known)?;
    }
    known.save()
}

fn built(built: Built) -> Result<Vec<PathBuf>, Failure> {
    match built {
        Built::Programs(programs) => Ok(programs),
        Built::Faults(faults) => Err(format!("the tests do not compile: {faults:#?}")),
    }
}

fn ask_together(
    options: &Options,
    workshop: &Workshop,
    tests: &Tests,
    mutants: &[Mutant],
    open: &[usize],
    known: &Mutex<Known>,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), Failure> {
        loop {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let Some(&number) = open.get(position) else {
                return Ok(());
            };
            let Some(mutant) = mutants.get(number) else {
                return Ok(());
            };
            let outcome = tests.ask(&workshop.folder, Some(number))?;
            if !matches!(outcome, Outcome::Noticed(_)) {
                println!("{}: {outcome:?}", mutant.name);
            }
            let mut known = known.lock().map_err(|e| e.to_string())?;
            known.learn(mutant, outcome);
            if position % 20 == 19 {
                eprintln!("{} of {} tried", position + 1, open.len());
                known.save()?;
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        workers.into_iter().try_for_each(|worker| {
            let ended = worker.join();
            ended.map_err(|_| "a worker died".to_owned())?
        })
    })?;
    known.lock().map_err(|e| e.to_string())?.save()
}
