//! `cargo dev tools`.

use std::process::ExitCode;

use harmonix_dev::failure::Failure;
use harmonix_dev::progress::Progress;
use harmonix_dev::tools::{Cache, Suite, Tools};

use crate::cli;

/// Makes the tools that are asked for, or says which are absent.
pub async fn run(asked: &cli::Tools) -> Result<ExitCode, Failure> {
    if let Some(suite) = asked.check {
        return Ok(check(suite, &Cache::of_user()?));
    }
    let progress = Progress::on_standard_error();
    let tools = Tools::ensure(&progress).await?;
    if asked.all {
        for suite in Suite::ALL {
            suite.ensure(&tools.cache, &progress).await?;
        }
    }
    println!(
        "All tools are there; they are kept in {}.",
        tools.cache.path("tools").display()
    );
    Ok(ExitCode::SUCCESS)
}

fn check(suite: Suite, cache: &Cache) -> ExitCode {
    let absent = suite.absent(cache);
    if absent.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("{}: {} not there", suite.name(), absent.join(", "));
    ExitCode::FAILURE
}
