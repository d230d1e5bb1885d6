//! Proofs in process: the simulation and the model check, in a package of their own that is built when it
//! is asked for.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitStatus};

use crate::failure::Failure;

/// Builds the package's binary and runs it with these arguments, such as `sim --seeds 1000`.
///
/// # Errors
/// Where it cannot be built or started. What it finds is its exit status.
pub fn run(checkout: &Path, arguments: &[OsString]) -> Result<ExitStatus, Failure> {
    let status = Command::new("cargo")
        .current_dir(checkout)
        .args([
            "run",
            "--package",
            "harmonix-proof",
            "--profile",
            "proof",
            "--",
        ])
        .args(arguments)
        .status();
    status.map_err(|error| Failure::new(format!("cargo could not be started: {error}")))
}
