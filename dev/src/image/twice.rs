//! The same input gives the same image: everything is built again elsewhere, and compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::build::Image;
use crate::failure::{Doing, Failure};
use crate::progress::Progress;
use crate::tools::cache::empty;
use crate::tools::{Cache, command};
use crate::world::controller::binary;
use crate::world::name::checkout;

const COPY_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Builds the image a second time: from a copy of the checkout in another folder, with nothing compiled before. Answers what
/// differs, nothing where all is the same.
pub async fn differences(
    first: &Image,
    cache: &Cache,
    progress: &Progress,
) -> Result<Vec<String>, Failure> {
    let folder = cache.path("image-again");
    empty(&folder)?;
    let copy = folder.join("another/checkout");
    fs::create_dir_all(&copy).doing(|| format!("make {}", copy.display()))?;
    bring(checkout(), &copy).await?;

    let task = progress.task("second build");
    let mut compiled = 0;
    let target = folder.join("another/target");
    let command = binary::shipped(&copy, &target, &[])?;
    let binary = binary::compile(command, binary::NAME, |package| {
        compiled += 1;
        task.note(format!(
            "from nothing: {compiled} targets so far, now {package}"
        ));
    })
    .await?;
    task.done();
    let second = Image::of(binary, &copy, &folder.join("image"), progress).await?;

    let pairs = [
        ("binary", digest(&first.binary)?, digest(&second.binary)?),
        ("image", first.layout.digest()?, second.layout.digest()?),
    ];
    let differing: Vec<String> = pairs
        .into_iter()
        .filter(|(_, first, second)| first != second)
        .map(|(what, first, second)| {
            format!("the {what} was {first} and is {second} when it is built again")
        })
        .collect();
    if differing.is_empty() {
        fs::remove_dir_all(&folder).doing(|| format!("remove {}", folder.display()))?;
    }
    Ok(differing)
}

/// Copies the sources, whatever git knows of them.
async fn bring(from: &Path, to: &Path) -> Result<(), Failure> {
    let mut rsync = Command::new("rsync");
    rsync
        .args(["--archive", "--exclude=/target", "--exclude=/.git"])
        .arg(format!("{}/", from.display()))
        .arg(to);
    command::output(rsync, COPY_LIMIT).await.map(drop)
}

fn digest(file: &PathBuf) -> Result<String, Failure> {
    let bytes = fs::read(file).doing(|| format!("read {}", file.display()))?;
    let hash = Sha256::digest(bytes);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{hex}"))
}
