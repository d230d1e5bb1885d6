//! What is known of all mutants, as a page for people.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use crate::Failure;
use crate::list::Mutant;
use crate::outcome::{Known, Outcome};

/// Where the report goes.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Write it here
    #[arg(long, value_name = "PATH", default_value = "docs/proof/mutants.txt")]
    report: PathBuf,
    /// What made the list, and of what
    #[arg(long, value_name = "TEXT")]
    title: String,
}

/// Writes the report.
pub(crate) fn run(options: &Options, mutants: &[Mutant]) -> Result<(), Failure> {
    let origin = std::env::current_dir().map_err(|e| format!("cannot tell the folder: {e}"))?;
    let text = text(&options.title, mutants, &Known::read(&origin)?);
    println!("{text}");
    std::fs::write(&options.report, text)
        .map_err(|e| format!("cannot write {}: {e}", options.report.display()))
}

fn text(title: &str, mutants: &[Mutant], known: &Known) -> String {
    let of = |wanted: fn(Option<&Outcome>) -> bool| -> Vec<&str> {
        let hit = |mutant: &&Mutant| wanted(known.of(mutant));
        mutants
            .iter()
            .filter(hit)
            .map(|m| m.name.as_str())
            .collect()
    };
    let noticed = of(|known| matches!(known, Some(Outcome::Noticed(_)))).len();
    let unviable = of(|known| matches!(known, Some(Outcome::Unviable))).len();
    let endless = of(|known| matches!(known, Some(Outcome::Endless)));
    let missed = of(|known| matches!(known, Some(Outcome::Missed { all: true })));
    let unasked = of(|known| matches!(known, Some(Outcome::Missed { all: false })));
    let untried = of(|known| known.is_none());
    let mut out = format!("{title}\n\n");
    let lists = [
        ("missed by every test; mutants.md explains each", &missed),
        ("noticed, since a test did not end in its time", &endless),
        (
            "missed by the quick tests, and the others were not asked",
            &unasked,
        ),
        ("not tried", &untried),
    ];
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:5} mutants", mutants.len());
    let _ = writeln!(out, "{noticed:5} noticed by a test that fails");
    let _ = writeln!(out, "{unviable:5} do not compile");
    for (what, names) in lists {
        if !names.is_empty() || what.starts_with("missed by every") {
            let _ = writeln!(out, "{:5} {what}", names.len());
        }
    }
    for (what, names) in lists {
        if !names.is_empty() {
            let _ = write!(out, "\n{what}:\n  {}\n", names.join("\n  "));
        }
    }
    out
}
