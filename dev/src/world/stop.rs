//! Stops processes: asked first, then made to, and whatever they have started with them.

use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use nix::sys::signal::Signal;

use super::environment;
use super::part::Part;
use super::process::{self, Process};

/// How long a part may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the kernel may take to end a process.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// Parts that others depend on; they are stopped last.
const FOUNDATION: [&str; 4] = ["kube-controller-manager", "kube-apiserver", "etcd", "moto"];

/// Stops the parts, and every process that carries the mark of the world in `folder`. Answers those that would not end.
pub async fn stop(parts: &[Part], folder: &Path) -> Vec<Process> {
    let (foundation, rest): (Vec<&Part>, Vec<&Part>) = parts
        .iter()
        .partition(|part| FOUNDATION.contains(&part.recipe.name.as_str()));
    end(
        rest.iter().map(|part| part.process).collect(),
        Signal::SIGTERM,
    )
    .await;
    // Jobs and tasks are no parts, and may be in groups of their own.
    let known: Vec<Process> = parts.iter().map(|part| part.process).collect();
    let strays = || process::with_environment(&environment::mark(folder));
    end(
        strays()
            .into_iter()
            .filter(|found| !known.contains(found))
            .collect(),
        Signal::SIGTERM,
    )
    .await;
    // Nothing of these outlives the world, so they need no time to put anything in order.
    end(
        foundation.iter().map(|part| part.process).collect(),
        Signal::SIGKILL,
    )
    .await;
    let left = end(strays(), Signal::SIGKILL).await;
    for part in parts {
        part.process.reap();
    }
    left
}

/// Ends processes and their groups; answers those that are still there.
async fn end(processes: Vec<Process>, first: Signal) -> Vec<Process> {
    for process in &processes {
        process.signal_group(first);
    }
    let ended = join_all(
        processes
            .iter()
            .map(|process| process.ended_within(PATIENCE)),
    )
    .await;
    let stubborn: Vec<Process> = processes
        .into_iter()
        .zip(ended)
        .filter(|(_, ended)| !ended)
        .map(|(process, _)| process)
        .collect();
    for process in &stubborn {
        process.signal_group(Signal::SIGKILL);
    }
    let ended = join_all(
        stubborn
            .iter()
            .map(|process| process.ended_within(KILL_LIMIT)),
    )
    .await;
    stubborn
        .into_iter()
        .zip(ended)
        .filter(|(_, ended)| !ended)
        .map(|(process, _)| process)
        .collect()
}
