//! `cargo dev demo`.

use std::process::ExitCode;

use harmonix_dev::demo::{self, Options};
use harmonix_dev::failure::{Doing, Failure};
use harmonix_dev::progress::Progress;
use harmonix_dev::world::World;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Demo;

/// What a shell takes for "ended by Ctrl-C".
const INTERRUPTED: u8 = 130;

/// Runs the demo; succeeds where every object became Ready.
pub async fn run(arguments: &Demo) -> Result<ExitCode, Failure> {
    let progress = Progress::on_standard_error();
    let options = Options {
        name: arguments.name.clone(),
        keep: arguments.keep,
    };
    let mut terminate =
        signal(SignalKind::terminate()).doing(|| "listen for the end of the demo".into())?;
    tokio::select! {
        report = demo::run(&options, &progress) => {
            println!("{}", report?);
            Ok(ExitCode::SUCCESS)
        }
        _ = terminate.recv() => end(&options, &progress).await,
        _ = tokio::signal::ctrl_c() => end(&options, &progress).await,
    }
}

async fn end(options: &Options, progress: &Progress) -> Result<ExitCode, Failure> {
    progress.say("interrupted: ending what was started");
    World::down(&options.name, progress).await?;
    Ok(ExitCode::from(INTERRUPTED))
}
