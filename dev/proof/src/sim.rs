//! The simulation: one seed, one schedule.
//!
//! The controller's own code, `controllers::run` with its triggers and its adapter to Kubernetes, against
//! an API server, a GitLab and an AWS in memory, under a paused clock. The seed decides what people do,
//! how long everything takes, what goes wrong and when the process dies.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "it talks to a terminal, and a proof that meets what it did not expect has found a mistake"
)]

mod acts;
mod api;
mod draw;
mod flight;
mod judge;
mod life;
mod outside;
mod rest;
mod run;
mod schedule;
mod shrink;
mod still;
mod universe;

#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Args;

use run::Stage;
use schedule::Schedule;
use universe::Tally;

/// What the simulation is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How many seeds to run
    #[arg(long, default_value_t = 1000)]
    pub seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    pub from: u64,
    /// How many threads run them
    #[arg(long, default_value_t = 1)]
    pub jobs: usize,
    /// Run this one seed, and tell its story
    #[arg(long, value_name = "SEED")]
    pub replay: Option<u64>,
    /// With --replay: tell the story of the shortest schedule that violates the same oracle
    #[arg(long, requires = "replay")]
    pub shrink: bool,
}

/// How many failing seeds are shrunk at the end.
const SHRUNK: usize = 3;

/// Runs the simulation.
///
/// # Panics
/// When a seed's run panicked, which is a finding of its own.
pub fn run(options: &Options) -> ExitCode {
    let stage = Stage::set();
    if let Some(seed) = options.replay {
        return replay(&stage, seed, options.shrink);
    }
    let begin = Instant::now();
    let next = AtomicU64::new(options.from);
    let tally = Mutex::new(Tally::default());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= options.from + options.seeds {
                        break;
                    }
                    let schedule = Schedule::of(seed);
                    let outcome = stage.play(&schedule, false);
                    tally.lock().expect("tally").merge(outcome.tally);
                    if !outcome.violations.is_empty() {
                        println!("seed {seed}: {}", outcome.violations.join("\n    "));
                        failed.lock().expect("failed").push(seed);
                    }
                }
            });
        }
    });
    let took = begin.elapsed();
    let tally = tally.into_inner().expect("tally");
    for (what, count) in &tally.counts {
        println!("{count:>10}  {what}");
    }
    for (what, count) in &tally.most {
        println!("{count:>10}  at most: {what}");
    }
    let mut failed = failed.into_inner().expect("failed");
    failed.sort_unstable();
    for seed in failed.iter().take(SHRUNK) {
        let short = shrink::shrink(&stage, &Schedule::of(*seed));
        println!("the shortest schedule with the violation of seed {seed}:\n{short}");
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = options.seeds as f64 / took.as_secs_f64();
    println!(
        "{} seeds in {:.1} s, {rate:.1} a second; {} violate an oracle",
        options.seeds,
        took.as_secs_f64(),
        failed.len()
    );
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn replay(stage: &Stage, seed: u64, short: bool) -> ExitCode {
    let mut schedule = Schedule::of(seed);
    if short {
        schedule = shrink::shrink(stage, &schedule);
    }
    println!("{schedule}");
    let outcome = stage.play(&schedule, true);
    for line in &outcome.story {
        println!("{line}");
    }
    for violation in &outcome.violations {
        println!("VIOLATION {violation}");
    }
    println!("print {:016x}", outcome.print);
    if outcome.violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
