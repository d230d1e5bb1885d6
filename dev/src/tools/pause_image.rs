//! The image whose process holds the namespaces of a pod: a few lines of C, since none is pulled from outside.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

use super::cache::{Cache, Making};
use super::command::run;
use super::node_image::buildah;
use crate::failure::{Doing, Failure};
use crate::node::PAUSE;
use crate::progress::Progress;

const CONTAINERFILE: &str = include_str!("../images/pause/Containerfile");
const SOURCE: &str = include_str!("../images/pause/pause.c");
const LIMIT: Duration = Duration::from_secs(2 * 60);

/// The image as an archive.
#[derive(Debug, Clone)]
pub struct PauseImage {
    folder: PathBuf,
}

impl PauseImage {
    /// Answers the image, making it where absent.
    pub async fn ensure(cache: &Cache, progress: &Progress) -> Result<Self, Failure> {
        let pins = [CONTAINERFILE, SOURCE, PAUSE].map(str::as_bytes);
        let make = async |making: Making<'_>| make(&making).await;
        let folder = cache.tool(progress, "pause-image", &pins, make).await?;
        Ok(Self { folder })
    }

    /// Answers the archive, which containerd imports.
    #[must_use]
    pub fn archive(&self) -> PathBuf {
        self.folder.join("pause.tar")
    }
}

async fn make(making: &Making<'_>) -> Result<(), Failure> {
    let context = making.folder.join("context");
    fs::create_dir_all(&context).doing(|| format!("make {}", context.display()))?;
    for (name, text) in [("pause.c", SOURCE), ("Containerfile", CONTAINERFILE)] {
        fs::write(context.join(name), text).doing(|| format!("write {name}"))?;
    }
    let mut compile = Command::new("cc");
    compile
        .args(["-static", "-Os", "-o", "pause", "pause.c"])
        .current_dir(&context);
    run(compile, making.log, LIMIT, |_| {}).await?;

    let storage = making.folder.join("storage");
    let mut build = buildah(&storage);
    build
        .args(["build", "--isolation", "chroot", "--timestamp", "0"])
        .args(["--tag", PAUSE, "--file"])
        .args([&context.join("Containerfile"), &context]);
    run(build, making.log, LIMIT, |_| {}).await?;
    let archive = making.folder.join("pause.tar");
    let mut push = buildah(&storage);
    push.args(["push", PAUSE])
        .arg(format!("docker-archive:{}:{PAUSE}", archive.display()));
    run(push, making.log, LIMIT, |_| {}).await?;
    for folder in [context, storage] {
        fs::remove_dir_all(&folder).doing(|| format!("remove {}", folder.display()))?;
    }
    Ok(())
}
