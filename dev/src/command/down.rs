//! `cargo dev down`.

use std::process::ExitCode;

use harmonix_dev::failure::Failure;
use harmonix_dev::progress::Progress;
use harmonix_dev::tools::Cache;
use harmonix_dev::world::World;
use harmonix_dev::world::layout::Layout;

/// Ends the world.
pub async fn run(name: &str) -> Result<ExitCode, Failure> {
    if World::down(name, &Progress::on_standard_error()).await? {
        let folder = Layout::of(&Cache::of_user()?, name);
        println!(
            "The world {name} has ended; its logs and journals are kept in {}.",
            folder.folder().display()
        );
    } else {
        println!("The world {name} was not up.");
    }
    Ok(ExitCode::SUCCESS)
}
