//! `cargo dev up`.

use std::process::ExitCode;
use std::time::Instant;

use harmonix_dev::failure::Failure;
use harmonix_dev::progress::Progress;
use harmonix_dev::world::{Found, World};

use crate::cli::Up;

/// What a shell takes for "ended by Ctrl-C".
const INTERRUPTED: u8 = 130;

/// Brings the world up and says how to use it.
pub async fn run(up: &Up) -> Result<ExitCode, Failure> {
    let progress = Progress::on_standard_error();
    let since = Instant::now();
    let name = &up.world.name;
    let (world, found) = tokio::select! {
        world = World::up(name, up.options(), &progress) => world?,
        _ = tokio::signal::ctrl_c() => {
            progress.say("interrupted: ending what was started");
            World::down(name, &progress).await?;
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    let how = match found {
        Found::Made => format!("is up, after {:.0} s", since.elapsed().as_secs_f32()),
        Found::Up => "was up already".to_owned(),
        Found::Repaired => "is up again: parts of it had stopped".to_owned(),
    };
    println!("\nThe world {name} {how}.\n\n{}", world.usage());
    Ok(ExitCode::SUCCESS)
}
