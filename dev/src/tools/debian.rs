//! What comes from the distribution's packages.

use std::path::PathBuf;
use std::time::Duration;

use nix::unistd::Uid;
use tokio::process::Command;

use super::cache::{Cache, hold};
use super::command::{find, run};
use crate::failure::{Doing, Failure};
use crate::progress::Progress;

/// A package, and the program of it that is used.
pub type Package = (&'static str, &'static str);

/// What every world needs.
pub const OF_WORLD: &[Package] = &[
    ("buildah", "buildah"),
    ("skopeo", "skopeo"),
    ("docker-registry", "docker-registry"),
    ("rsync", "rsync"),
    ("git", "git"),
    ("faketime", "faketime"),
];
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Makes sure that the packages are installed: by apt-get where this is root, else says the command.
pub async fn ensure(
    packages: &[Package],
    cache: &Cache,
    progress: &Progress,
) -> Result<(), Failure> {
    if missing(packages).is_empty() {
        return Ok(());
    }
    let tools = cache.path("tools");
    std::fs::create_dir_all(&tools).doing(|| format!("make the folder {}", tools.display()))?;
    let task = progress.task("packages");
    let _held = hold(&tools.join(".packages.lock"), &task).await?;
    let missing = missing(packages);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let Some(apt) = find("apt-get") else {
        return Err(Failure::new(format!(
            "{names} must be installed, and there is no apt-get here: install them and try again"
        )));
    };
    if !Uid::effective().is_root() {
        return Err(Failure::new(format!(
            "{names} must be installed; run this and try again: sudo apt-get update && sudo apt-get install --yes {names}"
        )));
    }
    let log = tools.join("packages.log");
    task.note(format!("installing {names}"));
    run(apt_command(&apt, &["update"]), &log, LIMIT, |_| {}).await?;
    let install = [&["install", "--yes"], &missing[..]].concat();
    run(apt_command(&apt, &install), &log, LIMIT, |line| {
        task.note(line)
    })
    .await?;
    task.done();
    Ok(())
}

/// Those of the packages that are not installed.
pub fn missing(packages: &[Package]) -> Vec<&'static str> {
    packages
        .iter()
        .filter(|(_, program)| find(program).is_none())
        .map(|(package, _)| *package)
        .collect()
}

fn apt_command(apt: &PathBuf, args: &[&str]) -> Command {
    let mut command = Command::new(apt);
    command
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}
