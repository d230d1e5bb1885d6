//! Follows the objects until all are ready, and tells each step.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::StreamExt;
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

use super::feed::{self, Feed};
use super::forge::Forge;
use super::object::Object;
use super::stage::Stage;
use super::standin::StandIn;
use super::text::{first_line, seconds};
use super::trouble;
use crate::failure::Failure;
use crate::progress::{Progress, Task};

/// How long everything may take.
const LIMIT: Duration = Duration::from_mins(15);
/// How often GitLab and the processes are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What was seen.
#[derive(Debug)]
pub struct Seen {
    /// The objects, by title, as they were at the end.
    pub objects: BTreeMap<String, Object>,
    /// When each object was first seen.
    pub appeared: BTreeMap<String, Timestamp>,
    /// GitLab at the end.
    pub forge: Forge,
}

impl Seen {
    /// Answers the objects of a kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.objects
            .values()
            .filter(move |object| object.kind == kind)
    }
}

/// Applies the example and follows it to its end.
pub async fn follow(stage: &mut Stage, progress: &Progress) -> Result<Seen, Failure> {
    let client = stage.client().await?;
    // Whoever watches before anything is there misses nothing.
    let mut feed = feed::watch(&client);
    let since = Instant::now();
    let task = progress.task("waiting");
    task.note("kubectl apply");
    let applied = stage.apply().await?;
    for line in &applied {
        progress.say(&format!("kubectl apply: {line}"));
    }
    let expected = applied
        .iter()
        .filter(|line| line.contains(".harmonix.io/"))
        .count();
    let mut view = View {
        standin: StandIn::of(&stage.world),
        progress,
        task,
        expected,
        seen: Seen {
            objects: BTreeMap::new(),
            appeared: BTreeMap::new(),
            forge: Forge::default(),
        },
    };
    let ended = view.run(&mut feed, stage, since).await;
    if let Err(failure) = ended {
        trouble::tell(&view.seen, &view.standin, progress).await;
        return Err(failure);
    }
    let took = since.elapsed();
    view.look().await?;
    progress.say(&format!(
        "every object is Ready, {:.0} s after kubectl apply",
        took.as_secs_f32()
    ));
    Ok(view.seen)
}

struct View<'a> {
    standin: StandIn,
    progress: &'a Progress,
    task: Task,
    expected: usize,
    seen: Seen,
}

impl View<'_> {
    async fn run(
        &mut self,
        feed: &mut Feed,
        stage: &mut Stage,
        since: Instant,
    ) -> Result<(), Failure> {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(object) = feed.next() => {
                    let taken = self.take(object);
                    taken.map_err(|failure| failure.with_log(stage.controller.log()))?;
                }
                _ = ticks.tick() => {
                    stage.controller.check()?;
                    stage.world.check()?;
                    self.look().await?;
                    self.task.note(self.waits_for());
                }
            }
            if self.is_done() {
                return Ok(());
            }
            if since.elapsed() > LIMIT {
                return Err(Failure::new(format!(
                    "not everything is Ready {} min after kubectl apply: {}; the controller's log ends so:",
                    LIMIT.as_secs() / 60,
                    self.waits_for()
                ))
                .with_log(stage.controller.log()));
            }
        }
    }

    fn take(&mut self, object: Object) -> Result<(), Failure> {
        let title = object.title();
        self.seen
            .appeared
            .entry(title.clone())
            .or_insert_with(Timestamp::now);
        let before = self.seen.objects.remove(&title).unwrap_or_default();
        for change in object.changes(&before) {
            self.say(&object.kind, &object.name, &change.phase, &change.now);
        }
        let stalled = object.stalled().map(str::to_owned);
        self.seen.objects.insert(title.clone(), object);
        match stalled {
            None => Ok(()),
            Some(why) => Err(Failure::new(format!(
                "{title} is stalled, nothing more happens by itself: {}; the controller's log ends so:",
                first_line(&why)
            ))),
        }
    }

    async fn look(&mut self) -> Result<(), Failure> {
        let forge = self.standin.forge().await?;
        for (project, change) in forge.changes(&self.seen.forge) {
            self.say("GitLab", &project, &change.phase, &change.now);
        }
        self.seen.forge = forge;
        Ok(())
    }

    fn say(&self, kind: &str, name: &str, phase: &str, now: &str) {
        self.progress
            .say(&format!("{kind:<19} {name:<33} {phase:<31} {now}"));
    }

    fn is_done(&self) -> bool {
        self.seen.objects.len() >= self.expected && self.seen.objects.values().all(Object::is_ready)
    }

    /// Says what goes on: the jobs that run, else the objects that are not ready and why.
    fn waits_for(&self) -> String {
        let now = Timestamp::now();
        let jobs: Vec<String> = self
            .seen
            .forge
            .running()
            .map(|job| {
                let since = seconds(job.millis(now).unwrap_or_default());
                format!("{} (for {since})", self.seen.forge.describe(job))
            })
            .collect();
        if !jobs.is_empty() {
            return jobs.join(", ");
        }
        let unready = self
            .seen
            .objects
            .values()
            .filter(|object| !object.is_ready());
        let told: Vec<String> = unready
            .map(|object| {
                let reason = object.condition("Ready").map(|ready| ready.reason.as_str());
                format!("{} ({})", object.title(), reason.unwrap_or("not looked at"))
            })
            .collect();
        told.join(", ")
    }
}
