//! The binary `harmonix`.

use std::process::ExitCode;

fn main() -> ExitCode {
    harmonix::cli::main(std::env::args_os())
}
