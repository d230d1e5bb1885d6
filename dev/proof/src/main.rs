//! `harmonix-proof`: the simulation and the model check.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use harmonix_proof::{model, sim};

/// Proof in process: the controller's own code, without a cluster, under very many schedules.
#[derive(Parser)]
#[command(name = "harmonix-proof", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Simulate: one seed, one schedule
    Sim(sim::Options),
    /// Check every interleaving of a small world
    Model(model::Options),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Sim(options) => sim::run(&options),
        Command::Model(options) => model::run(&options),
    }
}
