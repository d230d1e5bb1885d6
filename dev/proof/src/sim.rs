//! The simulation: one seed, one schedule.

use std::process::ExitCode;

use clap::Args;

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
}

/// Runs the simulation.
pub fn run(_options: &Options) -> ExitCode {
    ExitCode::FAILURE
}
