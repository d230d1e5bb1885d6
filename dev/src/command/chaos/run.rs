//! `cargo dev chaos run`.

use std::process::ExitCode;
use std::time::Duration;

use harmonix_dev::chaos::report::{Outcome, Report};
use harmonix_dev::chaos::run::Run;
use harmonix_dev::chaos::sweep::Ways;
use harmonix_dev::failure::Failure;
use harmonix_dev::progress::Progress;

use super::{chosen, interrupted};
use crate::cli::ChaosRun;

/// Of so many plans one may meet nothing: what two deaths do to each other is not known beforehand.
const STRUCK: usize = 10;

/// Runs plans; succeeds where nothing is held against the controller, and nearly all of them struck.
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
    let plans = run.verdicts();
    let report = Report {
        command: command(arguments),
        left: total - plans.len(),
        plans,
    };
    if let Some(path) = &arguments.report {
        report.write(path)?;
    }
    println!("{report}");
    let good = report.count(Outcome::Failed) == 0 && report.count(Outcome::Broken) == 0;
    let struck = report.count(Outcome::NotStruck) * STRUCK <= report.plans.len();
    if !struck {
        println!(
            "Too many plans met nothing: record the scenarios again (`cargo dev chaos record`)."
        );
    }
    Ok(if good && struck && whole && !report.plans.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What was asked for, as one would ask for it again.
fn command(arguments: &ChaosRun) -> String {
    let mut command = "cargo dev chaos run".to_owned();
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            command.push_str(&format!(" --{name} {value}"));
        }
    };
    option("share", arguments.share.map(|share| share.to_string()));
    option(
        "minutes",
        arguments.minutes.map(|minutes| minutes.to_string()),
    );
    option(
        "lanes",
        arguments.lanes.lanes.map(|lanes| lanes.to_string()),
    );
    if arguments.all {
        command.push_str(" --all");
    }
    for id in &arguments.ids {
        command.push_str(&format!(" '{id}'"));
    }
    command
}
