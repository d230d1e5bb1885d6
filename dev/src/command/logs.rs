//! `cargo dev logs`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use harmonix_dev::failure::{Doing, Failure};
use harmonix_dev::tools::Cache;
use harmonix_dev::world::layout::Layout;
use harmonix_dev::world::name;

use crate::cli::Logs;

const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Shows one log, or which there are; logs are there after their world has ended, too.
pub async fn run(logs: &Logs) -> Result<ExitCode, Failure> {
    let world = &logs.world.name;
    name::check(world)?;
    let layout = Layout::of(&Cache::of_user()?, world);
    let known = names(&layout.path("logs"));
    if known.is_empty() {
        return Err(Failure::new(format!(
            "the world {world} has no logs yet: bring it up with `cargo dev up --name {world}`"
        )));
    }
    let Some(part) = &logs.part else {
        println!("{}", known.join("\n"));
        return Ok(ExitCode::SUCCESS);
    };
    if !known.contains(part) {
        return Err(Failure::new(format!(
            "there is no log {part:?}; there are: {}",
            known.join(", ")
        )));
    }
    let path = layout.log(part);
    match show(&path, logs.follow).await {
        // Whoever read it (`| head`) has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        shown => shown.doing(|| format!("show {}", path.display()))?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(path: &Path, follow: bool) -> io::Result<()> {
    let mut log = File::open(path)?;
    let mut output = io::stdout().lock();
    let mut part = vec![0; 64 * 1024];
    loop {
        match log.read(&mut part)? {
            0 if follow => {
                output.flush()?;
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            0 => return output.flush(),
            count => output.write_all(part.get(..count).unwrap_or_default())?,
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = folder.read_dir() else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            Some(
                entry
                    .ok()?
                    .file_name()
                    .to_str()?
                    .strip_suffix(".log")?
                    .to_owned(),
            )
        })
        .collect();
    names.sort();
    names
}
