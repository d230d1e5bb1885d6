//! `cargo dev chaos record`.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use futures::future::join_all;
use harmonix_dev::chaos::lane::Lane;
use harmonix_dev::chaos::record::{PLAYS, record};
use harmonix_dev::chaos::scenario::Scenario;
use harmonix_dev::chaos::sweep::Ways;
use harmonix_dev::failure::Failure;
use harmonix_dev::progress::Progress;

use super::interrupted;
use crate::cli::Record;

/// So many differences from play to play are told.
const TOLD: usize = 8;

/// Records scenarios, several side by side.
pub async fn run(arguments: &Record) -> Result<ExitCode, Failure> {
    let progress = Progress::on_standard_error();
    let ways = Ways::ready(
        arguments.lanes.lanes,
        arguments.lanes.controller.clone(),
        &progress,
    )
    .await?;
    let scenarios = match arguments.scenarios.as_slice() {
        [] => Scenario::ALL.to_vec(),
        some => some.to_vec(),
    };
    let mut lanes = ways.lanes(scenarios.len());
    let queue = Mutex::new(VecDeque::from(scenarios));
    let each = lanes.iter_mut().map(|lane| follow(lane, &queue, &progress));
    let ended = tokio::select! {
        recorded = join_all(each) => Some(recorded.iter().all(|good| *good)),
        () = interrupted() => None,
    };
    for lane in &mut lanes {
        lane.remove().await?;
    }
    Ok(match ended {
        Some(true) => ExitCode::SUCCESS,
        Some(false) | None => ExitCode::FAILURE,
    })
}

/// Records scenario after scenario; answers whether all of them could be.
async fn follow(lane: &mut Lane, queue: &Mutex<VecDeque<Scenario>>, progress: &Progress) -> bool {
    let mut good = true;
    loop {
        let next = queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let Some(scenario) = next else { return good };
        let task = progress.task(scenario.name());
        task.note(format!("playing it {PLAYS} times"));
        match record(lane, scenario).await {
            Ok(recorded) => {
                task.done();
                progress.say(&format!(
                    "{scenario}: {} writes, in {}",
                    recorded.writes,
                    recorded.path.display()
                ));
                for sentence in recorded.differing.iter().take(TOLD) {
                    progress.say(&format!("  {sentence}"));
                }
                let more = recorded.differing.len().saturating_sub(TOLD);
                if more > 0 {
                    progress.say(&format!("  and {more} more"));
                }
            }
            Err(failure) => {
                good = false;
                progress.say(&format!("{scenario}: {failure}"));
            }
        }
    }
}
