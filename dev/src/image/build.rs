//! The image, built by buildah from `Dockerfile` and a binary.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::layout::Layout;
use crate::failure::{Doing, Failure};
use crate::progress::Progress;
use crate::tools::cache::{empty, hold};
use crate::tools::node_image::buildah;
use crate::tools::{Cache, command};
use crate::world::controller::binary::{self, Profile};
use crate::world::name::{checkout, of_checkout};

/// The name under which the image is built here.
const NAME: &str = "harmonix";
/// The certificates of public authorities, as Debian's package `ca-certificates` installs them.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// An image and what it was made of.
#[derive(Debug, Clone)]
pub struct Image {
    /// The binary in it.
    pub binary: PathBuf,
    /// The image on disk.
    pub layout: Layout,
    /// Its version, which is its tag.
    pub version: &'static str,
}

impl Image {
    /// Builds the image of this checkout. Binary and image are kept in the cache folder.
    pub async fn ensure(cache: &Cache, progress: &Progress) -> Result<Self, Failure> {
        let binary = binary::build(cache, Profile::Release, progress).await?;
        let name = of_checkout(checkout());
        let folder = cache.path("image").join(&name);
        fs::create_dir_all(cache.path("image")).doing(|| "make the folder of images".into())?;
        let task = progress.task("image");
        let lock = cache.path("image").join(format!(".{name}.lock"));
        let _held = hold(&lock, &task).await?;
        let image = Self::of(binary, checkout(), &folder, progress).await?;
        task.done();
        Ok(image)
    }

    /// Builds the image of the checkout at `source` from this binary, in a folder that is emptied first.
    pub async fn of(
        binary: PathBuf,
        source: &Path,
        folder: &Path,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        empty(folder)?;
        let task = progress.task("buildah");
        let log = folder.join("build.log");
        let context = folder.join("context");
        fs::create_dir_all(&context).doing(|| format!("make {}", context.display()))?;
        for (from, name) in [
            (binary.as_path(), "harmonix"),
            (Path::new(AUTHORITIES), "ca-certificates.crt"),
        ] {
            fs::copy(from, context.join(name)).doing(|| {
                format!(
                    "copy {} into the image (of the certificates, the package ca-certificates has it)",
                    from.display()
                )
            })?;
        }
        let version = env!("CARGO_PKG_VERSION");
        let commit = Commit::of(checkout()).await?;
        let storage = folder.join("storage");
        let mut build = buildah(&storage);
        build
            .args(["build", "--isolation", "chroot", "--timestamp"])
            .arg(commit.seconds)
            .args(["--build-arg", "BINARY=prebuilt"])
            .args(["--build-arg", &format!("VERSION={version}")])
            .args(["--build-arg", &format!("REVISION={}", commit.id)])
            .args(["--tag", NAME, "--file"])
            .arg(source.join("Dockerfile"))
            .arg(&context);
        command::run(build, &log, LIMIT, |line| task.note(line)).await?;

        task.note("packing");
        let layout = folder.join("layout");
        let mut push = buildah(&storage);
        push.args(["push", NAME])
            .arg(format!("oci:{}:{version}", layout.display()));
        command::run(push, &log, LIMIT, |_| {}).await?;
        for folder in [context, storage] {
            fs::remove_dir_all(&folder).doing(|| format!("remove {}", folder.display()))?;
        }
        Ok(Self {
            binary,
            layout: Layout::at(layout),
            version,
        })
    }
}

/// What the image is stamped with: the same for everybody who builds this commit.
struct Commit {
    id: String,
    /// When it was made, in seconds since 1970; `SOURCE_DATE_EPOCH` takes its place.
    seconds: String,
}

impl Commit {
    async fn of(checkout: &Path) -> Result<Self, Failure> {
        let mut git = Command::new("git");
        git.args(["log", "-1", "--format=%H %ct"])
            .current_dir(checkout);
        let told = command::output(git, Duration::from_secs(30)).await?;
        let (id, seconds) = told.trim().split_once(' ').ok_or_else(|| {
            Failure::new(format!(
                "{} has no commit yet, and the image is stamped with one",
                checkout.display()
            ))
        })?;
        let given = env::var("SOURCE_DATE_EPOCH").ok();
        Ok(Self {
            id: id.to_owned(),
            seconds: given.unwrap_or_else(|| seconds.to_owned()),
        })
    }
}
