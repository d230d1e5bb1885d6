//! The model check: every interleaving of a small world.

use std::process::ExitCode;

use clap::Args;

/// What the model check is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {}

/// Runs the model check.
pub fn run(_options: &Options) -> ExitCode {
    ExitCode::FAILURE
}
