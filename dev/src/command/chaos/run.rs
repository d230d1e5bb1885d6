//! `cargo dev chaos run`.

use std::process::ExitCode;
use std::time::Duration;

use harmonix_dev::chaos::report::{self, Outcome};
use harmonix_dev::chaos::run::Run;
use harmonix_dev::chaos::sweep::Ways;
use harmonix_dev::failure::Failure;
use harmonix_dev::progress::Progress;

use super::{chosen, interrupted};
use crate::cli::ChaosRun;

/// Runs plans; succeeds where all of them passed.
pub async fn run(arguments: &ChaosRun) -> Result<ExitCode, Failure> {
    let progress = Progress::on_standard_error();
    let plans = chosen(&arguments.ids, arguments.share)?;
    let ways = Ways::ready(
        arguments.lanes.lanes,
        arguments.lanes.controller.clone(),
        &progress,
    )
    .await?;
    let total = plans.len();
    let mut lanes = ways.lanes(total);
    let most = arguments
        .minutes
        .map(|minutes| Duration::from_mins(minutes.into()));
    let run = Run::of(plans, most, &progress);
    let whole = tokio::select! {
        () = run.go(&mut lanes) => true,
        () = interrupted() => false,
    };
    for lane in &mut lanes {
        lane.remove().await?;
    }
    let verdicts = run.verdicts();
    if let Some(path) = &arguments.report {
        report::save(path, &verdicts)?;
    }
    println!("{}", report::summary(&verdicts, total - verdicts.len()));
    let good = verdicts
        .iter()
        .all(|verdict| verdict.outcome == Outcome::Passed);
    Ok(if good && whole && !verdicts.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
