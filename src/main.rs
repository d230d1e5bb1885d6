//! The binary `harmonix`.

use std::process::ExitCode;

use clap::Parser as _;
use harmonix::cli::Cli;

fn main() -> ExitCode {
    harmonix::cli::main(Cli::parse())
}
