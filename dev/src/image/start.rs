//! The cold start: from the first instruction of the process to the first watch, as the API server's audit log has it.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use serde_json::Value;

use crate::failure::{Doing, Failure};
use crate::progress::Progress;
use crate::world::controller::Start;
use crate::world::name::{checkout, of_checkout};
use crate::world::{Executor, Options, Tasks, World};

/// The longest time until the first watch event.
pub const LONGEST: Duration = Duration::from_millis(300);
/// How often it is measured. The middle one counts: what else the machine does makes single ones slow.
const TIMES: usize = 5;
const LIMIT: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The controller's kinds: it watches each of them, and namespaces.
const WATCHES: usize = 4;

/// How long one start took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Took {
    /// Until the API server answered the first watch, which is after it has listed all objects of the kind.
    pub first: Duration,
    /// Until it had answered the watches of every kind.
    pub all: Duration,
}

/// Starts this binary some times in a world of its own, each time with nothing of it in memory; answers the times in
/// ascending order.
pub async fn measure(binary: &Path, progress: &Progress) -> Result<Vec<Took>, Failure> {
    let name = world();
    World::down(&name, progress).await?;
    let options = Options {
        executor: Executor::Scripted,
        tasks: Tasks::None,
    };
    let (world, _made) = World::up(&name, options, progress).await?;
    let measured = several(&world, binary, progress).await;
    let ended = World::down(&name, progress).await;
    let mut measured = measured?;
    ended?;
    measured.sort_by_key(|took| took.first);
    Ok(measured)
}

/// Answers the name of the world in which it is measured.
#[must_use]
pub fn world() -> String {
    format!("image-{}", of_checkout(checkout()))
}

/// Answers the middle one of times in ascending order.
#[must_use]
pub fn middle(times: &[Took]) -> Option<Took> {
    times.get(times.len() / 2).copied()
}

async fn several(world: &World, binary: &Path, progress: &Progress) -> Result<Vec<Took>, Failure> {
    let task = progress.task("cold starts");
    let mut measured = Vec::new();
    for turn in 1..=TIMES {
        task.note(format!("{turn} of {TIMES}"));
        measured.push(once(world, binary).await?);
    }
    task.done();
    Ok(measured)
}

async fn once(world: &World, binary: &Path) -> Result<Took, Failure> {
    forget(binary)?;
    let begin = Timestamp::now();
    let mut controller = world.start_controller(Start::of(binary))?;
    let until = Instant::now() + LIMIT;
    let watches = loop {
        let watches = watches(&world.layout.journal("kubernetes"), begin)?;
        if watches.len() >= WATCHES {
            break watches;
        }
        controller.check()?;
        if Instant::now() >= until {
            let sentence = format!(
                "the controller has begun {} of {WATCHES} watches within {} s; its log is {}",
                watches.len(),
                LIMIT.as_secs(),
                controller.log().display()
            );
            return Err(Failure::new(sentence).with_log(controller.log()));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    controller.stop(LIMIT).await?;
    let since = |time: Option<&Timestamp>| {
        let passed = time.map_or(i64::MAX, |time| {
            time.as_microsecond() - begin.as_microsecond()
        });
        Duration::from_micros(passed.try_into().unwrap_or_default())
    };
    Ok(Took {
        first: since(watches.iter().min()),
        all: since(watches.iter().max()),
    })
}

/// Lets the kernel forget what it has read of the file.
fn forget(file: &Path) -> Result<(), Failure> {
    let what = || format!("make the kernel forget {}", file.display());
    let open = File::open(file).doing(what)?;
    // Only what is on the disk is given up.
    open.sync_all().doing(what)?;
    posix_fadvise(&open, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).doing(what)
}

/// Answers when the controller's watches were answered, of those that began since.
fn watches(journal: &Path, since: Timestamp) -> Result<Vec<Timestamp>, Failure> {
    let text = std::fs::read_to_string(journal)
        .doing(|| format!("read the journal {}", journal.display()))?;
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| event["verb"] == "watch")
        .filter_map(|event| event["stageTimestamp"].as_str()?.parse().ok())
        .filter(|time| *time >= since)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_watches_that_began_since_count() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("kubernetes.jsonl");
        let lines = [
            r#"{"verb":"watch","stageTimestamp":"2026-01-01T00:00:01.000000Z"}"#,
            r#"{"verb":"list","stageTimestamp":"2026-01-01T00:00:03.000000Z"}"#,
            r#"{"verb":"watch","stageTimestamp":"2026-01-01T00:00:03.250000Z"}"#,
            r#"{"verb":"watch","stageTime"#,
        ];
        std::fs::write(&journal, lines.join("\n")).unwrap();
        let found = watches(&journal, "2026-01-01T00:00:02Z".parse().unwrap()).unwrap();
        assert_eq!(found, ["2026-01-01T00:00:03.25Z".parse().unwrap()]);
    }

    #[test]
    fn the_middle_one_counts() {
        let took = |millis| Took {
            first: Duration::from_millis(millis),
            all: Duration::from_millis(millis),
        };
        assert_eq!(middle(&[took(1), took(2), took(900)]), Some(took(2)));
        assert_eq!(middle(&[]), None);
    }
}
