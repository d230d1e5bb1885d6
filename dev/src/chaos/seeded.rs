//! Seeded bugs: mistakes that controllers really make, put into a copy of this checkout one at a time. Each must be
//! found by what proves this one right; one that is not found shows what the proof does not see.

mod bug;
mod copy;
mod detector;
mod report;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::world::name::checkout;

use bug::Bug;
use copy::Copy;
use detector::{Detector, Judgement, Question};
use report::{Finding, Report};

/// What is asked of the seeded bugs.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Numbers or names of bugs, or beginnings of names; all where none is given
    pub bugs: Vec<String>,
    /// How many seeds of the simulation a bug may survive
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub seeds: u64,
    /// Ask every detector that a bug names, not only the first one that finds it
    #[arg(long)]
    pub every: bool,
    /// Write the report here, as Markdown, and beside it as JSON
    #[arg(long, value_name = "PATH", value_parser = super::report::paper::place)]
    pub report: Option<PathBuf>,
    /// List the bugs, and try none
    #[arg(long)]
    pub list: bool,
}

/// Tries every bug that is meant. Answers whether all were found.
///
/// # Errors
/// When a bug cannot be tried: its patch does not apply, or what it makes does not compile, or a detector finds fault
/// with the checkout as it is.
pub async fn run(options: &Options, progress: &Progress) -> Result<bool, Failure> {
    let bugs = bug::chosen(bug::all(checkout())?, &options.bugs)?;
    if options.list {
        for bug in &bugs {
            println!("{:02} {:<34} {}", bug.number, bug.name, bug.sentence);
        }
        return Ok(true);
    }
    let copy = Copy::of(checkout())?;
    check_detectors(&bugs, &copy, options, progress).await?;
    let mut report = Report::of(options);
    for bug in &bugs {
        let finding = tried(bug, &copy, options, progress).await?;
        progress.say(&finding.line());
        report.add(finding);
        // It takes long: what is known when it is interrupted is told.
        if let Some(path) = &options.report {
            report.write(path)?;
        }
    }
    copy.refresh()?;
    println!("{report}");
    Ok(report.all_found())
}

/// That no detector finds fault with what is right: else it would find any bug.
async fn check_detectors(
    bugs: &[Bug],
    copy: &Copy,
    options: &Options,
    progress: &Progress,
) -> Result<(), Failure> {
    let used: BTreeSet<Detector> = bugs
        .iter()
        .flat_map(|bug| bug.detectors.iter().copied())
        .collect();
    copy.refresh()?;
    for detector in used {
        let task = progress.task(&format!("{detector}, without any bug"));
        let asked = question(copy, options);
        match detector.ask(&asked, &task).await? {
            Judgement::Sound => task.done(),
            Judgement::Faulty(why) => {
                return Err(Failure::new(format!(
                    "{detector} finds fault with the checkout as it is, so it could not tell a bug: {}",
                    why.join("; ")
                )));
            }
        }
    }
    Ok(())
}

async fn tried(
    bug: &Bug,
    copy: &Copy,
    options: &Options,
    progress: &Progress,
) -> Result<Finding, Failure> {
    let task = progress.task(&format!("{:02} {}", bug.number, bug.name));
    let since = Instant::now();
    copy.refresh()?;
    copy.apply(&bug.patch)?;
    let mut found = Vec::new();
    for detector in &bug.detectors {
        let judgement = detector.ask(&question(copy, options), &task).await?;
        if let Judgement::Faulty(why) = judgement {
            found.push((*detector, why));
            if !options.every {
                break;
            }
        }
    }
    Ok(Finding::of(bug, found, since.elapsed()))
}

fn question<'a>(copy: &'a Copy, options: &Options) -> Question<'a> {
    Question {
        copy,
        seeds: options.seeds,
    }
}
