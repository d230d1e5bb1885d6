//! L5: assembly. The command line, and what each command puts together.

mod config;
mod crd;
mod run;
mod telemetry;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use config::RunOptions;

/// Kubernetes objects become running applications on AWS.
#[derive(Parser)]
#[command(name = "harmonix", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the controller.
    Run(Box<RunOptions>),
    /// Print the CustomResourceDefinitions as YAML.
    Crd,
}

/// Runs a command. Exit code 2: the configuration is missing something or unusable.
pub fn main(cli: Cli) -> ExitCode {
    match cli.command {
        Command::Crd => crd::print(),
        Command::Run(options) => run::main(*options),
    }
}
