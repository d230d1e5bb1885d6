//! `cargo dev settled`.

use std::process::ExitCode;
use std::time::Duration;

use harmonix_dev::failure::{Doing, Failure};
use harmonix_dev::progress::Progress;
use harmonix_dev::settled::{self, Options};
use harmonix_dev::world::World;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Settled;

/// What a shell takes for "ended by Ctrl-C".
const INTERRUPTED: u8 = 130;

/// Watches a settled world; succeeds where nothing was written anywhere.
pub async fn run(arguments: &Settled) -> Result<ExitCode, Failure> {
    let progress = Progress::on_standard_error();
    let options = Options {
        name: arguments.name.clone(),
        time: Duration::from_mins(arguments.minutes.into()),
    };
    // A world that was there before is somebody's.
    let own = World::load(&options.name).is_err();
    let mut terminate =
        signal(SignalKind::terminate()).doing(|| "listen for the end of the command".into())?;
    tokio::select! {
        found = settled::run(&options, &progress) => {
            let found = found?;
            println!("{found}");
            return Ok(if found.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    if own {
        progress.say("interrupted: ending what was started");
        World::down(&options.name, &progress).await?;
    }
    Ok(ExitCode::from(INTERRUPTED))
}
