//! One run's universe: what outlives a process of the controller.

mod journal;
mod queue;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use harmonix_miniature::{State, World};
use tokio::sync::Notify;
use tokio::time::Instant;

pub use journal::{Journal, Tally};
pub use queue::{Event, Queue};

use super::api::Server;
use super::draw::Draw;
use super::schedule::{Door, Mishap, Schedule, Trouble};

/// The whole universe; clones share it.
#[derive(Clone)]
pub struct Universe(Arc<Inner>);

struct Inner {
    world: World,
    schedule: Schedule,
    /// When it began, in milliseconds since 1970.
    begin: i64,
    /// Told when the process is to die.
    crash: Notify,
    /// Told when the queue's first event changed.
    ring: Notify,
    /// Told when an object changed.
    changed: Notify,
    server: Mutex<Server>,
    core: Mutex<Core>,
}

/// What changes in a universe besides its world.
pub struct Core {
    /// The moment of `started`, in milliseconds since 1970.
    base: i64,
    /// When this process' runtime began.
    started: Option<Instant>,
    /// What is to come.
    pub queue: Queue,
    /// What happened.
    pub journal: Journal,
    counts: [u32; Door::ALL.len()],
    sequence: u64,
    /// Until when GitLab wants to be left alone.
    gate: i64,
    /// Pipelines whose end is in the queue.
    scheduled: BTreeSet<i64>,
    /// When something last went wrong, or somebody last did something.
    pub disturbed: i64,
    /// When anything was last written, anywhere.
    pub written: i64,
    /// Whether anything may still go wrong.
    pub armed: bool,
    /// How long the process is away when it dies.
    pub down: u64,
    /// How many processes there were.
    pub lives: u64,
}

/// What becomes of one request.
pub struct Admission {
    /// What happens to it.
    pub mishap: Option<Mishap>,
    /// Milliseconds until it arrives.
    pub there: u64,
    /// Milliseconds until its answer is back.
    pub back: u64,
    /// Chance for the rest of it.
    pub draw: Draw,
}

fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Universe {
    /// A universe over a world and its API server. Only a told one keeps its story.
    pub fn new(world: World, server: Server, schedule: Schedule, told: bool) -> Self {
        let now = world.state().now().as_millisecond();
        let ids = |state: &State| {
            let runs = state.projects.iter().flat_map(|r| &r.pipelines);
            runs.map(|run| run.pipeline.id).collect()
        };
        let scheduled = ids(&world.state());
        let core = Core {
            base: now,
            started: None,
            queue: Queue::default(),
            journal: Journal::new(told, &schedule),
            counts: [0; Door::ALL.len()],
            sequence: 0,
            gate: 0,
            scheduled,
            disturbed: now,
            written: now,
            armed: true,
            down: 500,
            lives: 0,
        };
        Self(Arc::new(Inner {
            world,
            schedule,
            begin: now,
            crash: Notify::new(),
            ring: Notify::new(),
            changed: Notify::new(),
            server: Mutex::new(server),
            core: Mutex::new(core),
        }))
    }

    /// GitLab, AWS and our objects.
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// What was drawn.
    pub fn schedule(&self) -> &Schedule {
        &self.0.schedule
    }

    /// The API server.
    pub fn server(&self) -> MutexGuard<'_, Server> {
        open(&self.0.server)
    }

    /// What changes.
    pub fn core(&self) -> MutexGuard<'_, Core> {
        open(&self.0.core)
    }

    /// Resolves when the process is to die.
    pub async fn crashed(&self) {
        self.0.crash.notified().await;
    }

    /// Resolves when something came into the queue.
    pub async fn rung(&self) {
        self.0.ring.notified().await;
    }

    /// A future that resolves when any object changed after this.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.0.changed.notified()
    }

    /// Says that an object changed.
    pub fn tell_change(&self) {
        self.0.changed.notify_waiters();
    }

    /// A process begins, this long after the last one ended.
    pub fn begin(&self, after: u64) {
        let mut core = self.core();
        core.base += i64::try_from(after).unwrap_or_default();
        core.started = Some(Instant::now());
        core.lives += 1;
    }

    /// A process ends: time stands still until the next one begins.
    pub fn end(&self) {
        let now = self.now();
        let mut core = self.core();
        core.base = now;
        core.started = None;
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        let core = self.core();
        let since = core.started.map_or(Duration::ZERO, |at| at.elapsed());
        core.base + i64::try_from(since.as_millis()).unwrap_or_default()
    }

    /// Milliseconds since the beginning.
    pub fn age(&self) -> u64 {
        u64::try_from(self.now() - self.0.begin).unwrap_or_default()
    }

    /// The moment that is so many milliseconds after the beginning.
    pub fn moment(&self, age: u64) -> i64 {
        self.0.begin + i64::try_from(age).unwrap_or_default()
    }

    /// A number in `0.0..1.0`.
    pub fn jitter(&self) -> f64 {
        let mut core = self.core();
        core.sequence += 1;
        let mut draw = Draw::at(self.schedule().seed, ("jitter", core.sequence));
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let jitter = draw.within(0..1000) as f64 / 1000.0;
        jitter
    }

    /// The moment, as this process' runtime counts.
    pub fn instant(&self, at: i64) -> Instant {
        let core = self.core();
        let ahead = u64::try_from(at - core.base).unwrap_or_default();
        core.started.unwrap_or_else(Instant::now) + Duration::from_millis(ahead)
    }

    /// Puts an event into the queue.
    pub fn plan(&self, at: i64, event: Event) {
        self.core().queue.push(at, event);
        self.0.ring.notify_one();
    }

    /// The process dies at the next opportunity.
    pub fn kill(&self, down: u64) {
        self.core().down = down;
        self.0.crash.notify_one();
    }

    /// Sets the world's clock.
    pub fn set_clock(&self) {
        let now = self.now();
        let mut state = self.world().state();
        state.second = now / 1000;
        state.millisecond = now % 1000;
    }

    /// Says what happened, if anybody wants to know. The code goes into the run's print.
    pub fn note(&self, code: u64, words: impl FnOnce() -> String) {
        let age = self.age();
        self.core().journal.note(age, code, words);
    }

    /// Something that must never be.
    pub fn violation(&self, words: String) {
        self.note(6, || format!("VIOLATION {words}"));
        self.core().journal.violation(words);
    }

    /// One of the schedule's troubles happened.
    pub fn hit(&self, which: impl Fn(&Trouble) -> bool) {
        let index = self.schedule().troubles.iter().position(which);
        let now = self.now();
        let mut core = self.core();
        core.disturbed = core.disturbed.max(now);
        if let Some(hits) = index.and_then(|index| core.journal.hits.get_mut(index)) {
            *hits += 1;
        }
    }

    /// Takes one request through a door: counts it, and draws what becomes of it.
    pub fn admit(&self, door: Door, what: &str) -> Admission {
        let age = self.age();
        let now = self.now();
        let mut core = self.core();
        let count = &mut core.counts[door as usize];
        *count += 1;
        let nth = *count;
        let mut draw = Draw::at(self.schedule().seed, (door as u64, nth));
        let pace = self.schedule().pace;
        let (there, back) = (draw.within(0..pace + 1), draw.within(0..pace + 1));
        let strikes = |trouble: &Trouble| match *trouble {
            Trouble::Strike {
                door: at,
                nth: first,
                times,
                mishap,
            } => (at == door && (first..first + times).contains(&nth)).then_some(mishap),
            Trouble::Outage {
                party,
                from,
                lasts,
                mishap,
            } => (party == door.party() && (from..from + lasts).contains(&age)).then_some(mishap),
            Trouble::Watches { .. } | Trouble::Crash { .. } | Trouble::Stop { .. } => None,
        };
        let struck = if core.armed {
            let mut troubles = self.schedule().troubles.iter().enumerate();
            troubles.find_map(|(index, trouble)| Some((index, strikes(trouble)?)))
        } else {
            None
        };
        core.journal.requested(door, struck.map(|(index, _)| index));
        let mishap = struck.map(|(_, mishap)| mishap);
        if mishap.is_some() {
            core.disturbed = core.disturbed.max(now);
        }
        let code = (door as u64) << 8 | mishap.map_or(0, |m| 1 + m.name().len() as u64);
        core.journal.note(age, code, || match mishap {
            Some(mishap) => format!("{door:?} {nth}: {what} -> {}", mishap.name()),
            None => format!("{door:?} {nth}: {what}"),
        });
        Admission {
            mishap,
            there,
            back,
            draw,
        }
    }

    /// How long GitLab still wants to be left alone.
    pub fn gate(&self) -> Option<Duration> {
        let now = self.now();
        let mut core = self.core();
        let left = u64::try_from(core.gate - now)
            .ok()
            .filter(|left| *left > 0)?;
        core.journal.bounced();
        Some(Duration::from_millis(left))
    }

    /// GitLab wants to be left alone for a while.
    pub fn close_gate(&self, after: Duration) {
        let until = self.now() + i64::try_from(after.as_millis()).unwrap_or_default();
        let mut core = self.core();
        core.gate = core.gate.max(until);
        core.disturbed = core.disturbed.max(until);
    }

    /// Notes that something was written.
    pub fn wrote(&self) {
        let now = self.now();
        self.core().written = now;
    }

    /// Puts the ends of new pipelines into the queue.
    pub fn follow_pipelines(&self) {
        let now = self.now();
        let state = self.world().state();
        let mut core = self.core();
        let mut rung = false;
        for repository in &state.projects {
            let newest = repository.pipelines.iter().rev();
            let new = newest.take_while(|run| !core.scheduled.contains(&run.pipeline.id));
            let new: Vec<_> = new
                .map(|run| (run.pipeline.id, run.pipeline.status == "running"))
                .collect();
            for (id, runs) in new {
                core.scheduled.insert(id);
                if runs {
                    core.sequence += 1;
                    let mut draw = Draw::at(self.schedule().seed, ("pipeline", core.sequence));
                    let at = now + i64::try_from(duration(&mut draw)).unwrap_or_default();
                    let event = Event::Pipeline(repository.project.path.clone(), id);
                    core.queue.push(at, event);
                    rung = true;
                }
            }
        }
        if rung {
            self.0.ring.notify_one();
        }
    }
}

/// How long a pipeline takes.
fn duration(draw: &mut Draw) -> u64 {
    match draw.within(0..10) {
        0..6 => draw.within(200..12_000),
        6..9 => draw.within(12_000..45_000),
        _ => draw.within(45_000..120_000),
    }
}
