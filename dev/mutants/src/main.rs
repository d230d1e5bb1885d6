//! Mutants of the domain: every decision is changed, one at a time, and the tests are asked whether they notice.
//!
//! `cargo mutants` says what is changed. It would build the tests anew for each of nearly a thousand mutants, which takes
//! a day of one core; here all of them are written into one copy of the sources, each behind a switch, that copy is built
//! once, and a test run turns on one switch. What cannot stand beside the others is built alone.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod alone;
mod build;
mod list;
mod outcome;
mod place;
mod report;
mod run;
mod sources;
mod switch;
mod trial;
mod workshop;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What went wrong, in a sentence.
type Failure = String;

/// Mutants of the domain. `.ci/mutants` calls it with what cargo-mutants lists.
#[derive(Parser)]
#[command(name = "harmonix-mutants", disable_help_subcommand = true)]
struct Cli {
    /// What `cargo mutants --list --json` says
    #[arg(long, value_name = "PATH")]
    list: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Try what no test is known to notice
    Run(run::Options),
    /// Say what is known so far
    Report(report::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = list::read(&cli.list).and_then(|mutants| match &cli.command {
        Command::Run(options) => run::run(options, &mutants),
        Command::Report(options) => report::run(options, &mutants),
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
