//! `cargo dev chaos replay`.

use std::process::ExitCode;

use harmonix_dev::chaos::plan;
use harmonix_dev::chaos::replay::replay;
use harmonix_dev::chaos::report::Outcome;
use harmonix_dev::chaos::sweep::Ways;
use harmonix_dev::failure::Failure;
use harmonix_dev::progress::Progress;

use super::interrupted;
use crate::cli::Replay;

/// Plays one plan again, and tells everything that happened; succeeds where it passed.
pub async fn run(arguments: &Replay) -> Result<ExitCode, Failure> {
    let progress = Progress::on_standard_error();
    let plan = plan::all()?
        .into_iter()
        .find(|plan| plan.id == arguments.id)
        .ok_or_else(|| {
            Failure::new(format!(
                "there is no plan {:?}: `cargo dev chaos plan` lists all",
                arguments.id
            ))
        })?;
    let ways = Ways::ready(Some(1), arguments.controller.clone(), &progress).await?;
    let mut lanes = ways.lanes(1);
    let Some(lane) = lanes.first_mut() else {
        return Err(Failure::new("there is no lane"));
    };
    lane.log_everything();
    let replayed = tokio::select! {
        replayed = replay(lane, &plan, &progress) => Some(replayed),
        () = interrupted() => None,
    };
    lane.end().await?;
    match replayed {
        None => Ok(ExitCode::FAILURE),
        Some(replayed) => {
            let replayed = replayed?;
            println!("{replayed}");
            Ok(match replayed.verdict.outcome {
                Outcome::Passed => ExitCode::SUCCESS,
                Outcome::Failed | Outcome::NotStruck | Outcome::Broken => ExitCode::FAILURE,
            })
        }
    }
}
