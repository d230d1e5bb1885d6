//! The demo: the main job, from nothing to an application that runs in two accounts, shown live.
//!
//! A fresh world, the real controller, `examples/first-light` applied with kubectl. What happens is told as it happens
//! (standard error); what came of it, judged by the journals of Kubernetes, GitLab and AWS, is the report (the answer).

mod account;
mod audit;
pub(crate) mod call;
mod farewell;
pub(crate) mod feed;
mod figure;
pub(crate) mod follow;
mod forge;
mod gap;
pub(crate) mod object;
mod outcome;
mod report;
pub(crate) mod stage;
mod standin;
pub(crate) mod tally;
pub(crate) mod text;
mod trouble;

use std::time::Instant;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::world::name::{checkout, of_checkout};
use crate::world::{self, World};
use outcome::Outcome;
use stage::Stage;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name of the world.
    pub name: String,
    /// Whether the world is left up.
    pub keep: bool,
}

/// Answers the name of this checkout's world for demos.
#[must_use]
pub fn default_name() -> String {
    format!("demo-{}", of_checkout(checkout()))
}

/// Runs the demo and answers its report. Every object is Ready then; a failure says which is not, and why.
///
/// What was started ends with it, unless the world is to be kept; whoever drops the future has to end it.
pub async fn run(options: &Options, progress: &Progress) -> Result<String, Failure> {
    let since = Instant::now();
    let mut stage = Stage::set(&options.name, world::Options::default(), progress).await?;
    let shown = show(&mut stage, options, progress, since).await;
    if options.keep {
        if shown.is_err() {
            progress.say(&format!(
                "the world {0} is left up as it is; to end it: cargo dev down --name {0}",
                options.name
            ));
        }
        return shown;
    }
    let ended = World::down(&options.name, progress).await;
    let report = shown?;
    ended?;
    Ok(report)
}

async fn show(
    stage: &mut Stage,
    options: &Options,
    progress: &Progress,
    since: Instant,
) -> Result<String, Failure> {
    let seen = follow::follow(stage, progress).await?;
    let task = progress.task("report");
    task.note("reading services, audit records and journals");
    let outcome = Outcome::gather(stage, seen).await?;
    let mut lines: Vec<String> = report::sections(&outcome, since.elapsed())
        .iter()
        .map(ToString::to_string)
        .collect();
    task.done();
    lines.push("\nEvery object is Ready.".to_owned());
    if options.keep {
        lines.push(format!("\n{}", farewell::tell(&stage.world, &outcome)));
    }
    Ok(lines.concat())
}
