//! A job's working copy.

use std::io;
use std::path::Path;

use tokio::process::Command;

use super::super::instance::Instance;
use super::super::repository::isolated;
use super::{Assignment, artifact};

/// Makes a fresh working copy of the commit, with its whole history, and the artifacts of earlier jobs in it.
pub async fn prepare(instance: &Instance, assignment: &Assignment) -> io::Result<()> {
    let folder = &assignment.folder;
    if let Some(above) = folder.parent() {
        tokio::fs::create_dir_all(above).await?;
    }
    let source = instance.repository(assignment.project.id);
    let mut clone = Command::new("git");
    clone
        .args(["clone", "--quiet", "--no-checkout"])
        .arg(source.path())
        .arg(folder);
    git(&mut clone).await?;
    let url = assignment
        .variables
        .get("CI_REPOSITORY_URL")
        .map_or("", String::as_str);
    for args in [
        &["checkout", "--quiet", "--detach", &assignment.pipeline.sha][..],
        &["remote", "set-url", "origin", url],
    ] {
        git(Command::new("git").arg("-C").arg(folder).args(args)).await?;
    }
    // The runner's own folder is none of the job's files.
    exclude(folder).await?;
    for job in &assignment.before {
        artifact::hand_on(instance, *job, folder).await?;
    }
    Ok(())
}

async fn exclude(folder: &Path) -> io::Result<()> {
    let path = folder.join(".git/info/exclude");
    tokio::fs::create_dir_all(folder.join(".git/info")).await?;
    tokio::fs::write(path, "/.gitlab-ci-local/\n").await
}

async fn git(command: &mut Command) -> io::Result<()> {
    let output = isolated(command).output().await?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "the working copy could not be made: {}",
        said.trim()
    )))
}
