//! `cargo dev image`.

use std::process::ExitCode;

use harmonix_dev::failure::{Doing, Failure};
use harmonix_dev::image::{self, Image, LARGEST, start};
use harmonix_dev::progress::Progress;
use harmonix_dev::tools::Cache;
use harmonix_dev::world::World;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::ImageOptions;

/// What a shell takes for "ended by Ctrl-C".
const INTERRUPTED: u8 = 130;

/// Builds the image and says what it weighs; succeeds where it keeps what is promised of it.
pub async fn run(asked: &ImageOptions) -> Result<ExitCode, Failure> {
    let progress = Progress::on_standard_error();
    let cache = Cache::of_user()?;
    let image = Image::ensure(&cache, &progress).await?;
    let mut broken = weigh(&image)?;
    if asked.twice {
        let differences = image::differences(&image, &cache, &progress).await?;
        if differences.is_empty() {
            println!("built again elsewhere, from nothing: the same binary, the same image");
        }
        broken.extend(differences);
    }
    if !asked.no_start {
        let mut terminate =
            signal(SignalKind::terminate()).doing(|| "listen for the end of the command".into())?;
        tokio::select! {
            found = start(&image, &progress) => broken.extend(found?),
            _ = terminate.recv() => return end(&progress).await,
            _ = tokio::signal::ctrl_c() => return end(&progress).await,
        }
    }
    if broken.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::new(broken.join("\n")))
}

async fn end(progress: &Progress) -> Result<ExitCode, Failure> {
    progress.say("interrupted: ending what was started");
    World::down(&start::world(), progress).await?;
    Ok(ExitCode::from(INTERRUPTED))
}

fn weigh(image: &Image) -> Result<Vec<String>, Failure> {
    let compressed = image.layout.compressed()?;
    println!(
        "image       oci:{}:{}",
        image.layout.folder().display(),
        image.version
    );
    println!("digest      {}", image.layout.digest()?);
    println!(
        "compressed  {} (at most {})",
        mebibytes(compressed),
        mebibytes(LARGEST)
    );
    let too_large = compressed > LARGEST;
    Ok(too_large
        .then(|| format!("the image has {}", mebibytes(compressed)))
        .into_iter()
        .collect())
}

async fn start(image: &Image, progress: &Progress) -> Result<Vec<String>, Failure> {
    let times = start::measure(&image.binary, progress).await?;
    let Some(middle) = start::middle(&times) else {
        return Ok(vec!["no start was measured".to_owned()]);
    };
    let shown: Vec<String> = times
        .iter()
        .map(|took| took.first.as_millis().to_string())
        .collect();
    println!(
        "cold start  {} ms to the first watch, {} ms to every watch (at most {} ms to the first; all starts: {} ms)",
        middle.first.as_millis(),
        middle.all.as_millis(),
        start::LONGEST.as_millis(),
        shown.join(", ")
    );
    let too_slow = middle.first > start::LONGEST;
    Ok(too_slow
        .then(|| format!("the first watch came after {} ms", middle.first.as_millis()))
        .into_iter()
        .collect())
}

/// One digit after the point is enough to see how much is left.
fn mebibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / (1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
