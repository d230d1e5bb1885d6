//! `harmonix key`: the installation key.

use std::io::Write as _;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};

use crate::adapters::clock::SystemClock;
use crate::adapters::kube::{Ensured, KeyPlace, connect, ensure, right};

use super::refuse;

/// What is done with the key.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make the Secret with the installation key where there is none. One that is there is never changed.
    Ensure(EnsureOptions),
}

/// Options of `harmonix key ensure`.
#[derive(Args, Debug)]
pub(super) struct EnsureOptions {
    /// Namespace of the Secret.
    #[arg(long, value_name = "NAME")]
    namespace: String,
    /// Name of the Secret.
    #[arg(long, value_name = "NAME")]
    secret: String,
    /// Entry of the Secret that holds the key.
    #[arg(long, value_name = "NAME", default_value = "installation.key")]
    key: String,
}

/// Runs `harmonix key`. Exit code 2: there is no key that could be used, and one sentence says why.
pub(super) fn main(command: KeyCommand) -> ExitCode {
    let KeyCommand::Ensure(options) = command;
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("the runtime could not be started: {error}")),
    };
    match runtime.block_on(make(options)) {
        Ok(told) => {
            // Nothing is left to tell it to when the output is closed.
            let _ = writeln!(std::io::stdout(), "{told}");
            ExitCode::SUCCESS
        }
        Err(problem) => refuse(&problem),
    }
}

async fn make(options: EnsureOptions) -> Result<String, String> {
    let place = KeyPlace {
        namespace: options.namespace,
        secret: options.secret,
        entry: options.key,
    };
    let client = connect(right::KEY).await?;
    let key = URL_SAFE_NO_PAD.encode(SystemClock.secret());
    let KeyPlace {
        namespace, secret, ..
    } = &place;
    Ok(match ensure(client, &place, key).await? {
        Ensured::Made => format!(
            "the Secret {namespace}/{secret} is made; keep a copy of it in a safe place: it marks everything as yours"
        ),
        Ensured::Kept => {
            format!("the Secret {namespace}/{secret} is there and is left as it is")
        }
    })
}
