//! L5: assembly. The command line, and what each command puts together.

mod config;
mod crd;
mod key;
mod observation;
mod rbac;
mod refusal;
mod run;
mod telemetry;
mod value;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
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
    /// Print the roles with the rights that the controller needs, as YAML.
    Rbac(rbac::RbacOptions),
    /// Look after the installation key.
    Key {
        #[command(subcommand)]
        command: key::KeyCommand,
    },
}

/// Runs the command that these arguments ask for, the program's name first. Exit code 2: they, or the configuration, are
/// missing something or unusable, which is one sentence.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => match cli.command {
            Command::Crd => crd::print(),
            Command::Rbac(options) => rbac::print(&options),
            Command::Key { command } => key::main(command),
            Command::Run(options) => run::main(*options),
        },
        Err(error) if is_wanted(error.kind()) => {
            // Nothing is left to tell it to when the output is closed.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        Err(error) => refuse(&refusal::sentence(&error, &arguments)),
    }
}

/// Help and version are answers. Without any command the help is the best one, too.
const fn is_wanted(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// Says why nothing is run, in one line.
fn refuse(problem: &str) -> ExitCode {
    let line: Vec<&str> = problem.split_whitespace().collect();
    // Nothing is left to tell it to when standard error is closed.
    let _ = writeln!(std::io::stderr(), "harmonix: {}", line.join(" "));
    ExitCode::from(2)
}
