//! Runs: a start, a schedule, and what came of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use harmonix_miniature::World;

use super::api::Server;
use super::judge::{Outline, judge};
use super::life::live;
use super::schedule::{Act, CART, Door, Planned, Schedule, Start, Style};
use super::still;
use super::universe::{Tally, Universe};

/// What came of one run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was wrong with it.
    pub violations: Vec<String>,
    /// What two equal runs share.
    pub print: u64,
    /// What happened, if it was told.
    pub story: Vec<String>,
    /// Counts.
    pub tally: Tally,
}

/// What a run begins with.
#[derive(Clone)]
struct Beginning {
    world: World,
    server: Server,
}

/// By where it begins and what is done.
type References = HashMap<(Start, Vec<Act>), Arc<Reference>>;

/// Everything that runs share: where they begin, and what they are compared with.
pub struct Stage {
    beginnings: BTreeMap<Start, Mutex<Beginning>>,
    references: Mutex<References>,
}

/// What acts come to where nothing goes wrong.
struct Reference {
    outline: Outline,
    wrong: Vec<String>,
}

/// Runs something on a thread of its own, still.
fn apart<T: Send>(seed: u64, what: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            still::thread(seed);
            what()
        });
        match thread.join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

impl Stage {
    /// Sets the stage: every beginning comes about by the controller's own work.
    pub fn set() -> Self {
        still::process();
        let empty = {
            let world = World::new();
            let universe = Universe::new(world, Server::default(), quiet(&[]), false);
            universe.namespace("shop");
            Beginning::of(&universe)
        };
        let mut stage = Self {
            beginnings: BTreeMap::from([(Start::Empty, Mutex::new(empty))]),
            references: Mutex::default(),
        };
        let platform = stage.grown(
            Start::Empty,
            &[
                Act::Provider("dev"),
                Act::Provider("prod"),
                Act::Environment("dev", 1),
                Act::Environment("prod", 2),
            ],
        );
        stage
            .beginnings
            .insert(Start::Platform, Mutex::new(platform));
        let running = stage.grown(
            Start::Platform,
            &[Act::Application(CART.to_owned(), &["dev", "prod"])],
        );
        stage.beginnings.insert(Start::Running, Mutex::new(running));
        stage
    }

    fn grown(&self, from: Start, acts: &[Act]) -> Beginning {
        let universe = self.universe(
            Schedule {
                start: from,
                ..quiet(acts)
            },
            false,
        );
        apart(0, || live(&universe));
        let wrong = judge(&universe, None);
        assert!(
            wrong.is_empty(),
            "the stage cannot be set: {}",
            wrong.join("\n")
        );
        Beginning::of(&universe)
    }

    pub(super) fn universe(&self, schedule: Schedule, told: bool) -> Universe {
        let beginning = self.beginnings[&schedule.start]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Universe::new(beginning.world.copy(), beginning.server, schedule, told)
    }

    /// What a schedule's acts come to where nothing goes wrong.
    fn reference(&self, schedule: &Schedule) -> Arc<Reference> {
        let acts = schedule.acts.iter().map(|planned| planned.act.clone());
        let key = (schedule.start, acts.collect::<Vec<Act>>());
        let known = |stage: &Self| {
            let references = stage
                .references
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            references.get(&key).cloned()
        };
        if let Some(known) = known(self) {
            return known;
        }
        let universe = self.universe(schedule.reference(), false);
        apart(0, || live(&universe));
        let reference = Arc::new(Reference {
            wrong: judge(&universe, None),
            outline: Outline::of(universe.world()),
        });
        let mut references = self
            .references
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        references.insert(key, Arc::clone(&reference));
        reference
    }

    /// Whether a schedule's acts come to a good end where nothing goes wrong.
    pub fn is_sound(&self, schedule: &Schedule) -> bool {
        self.reference(schedule).wrong.is_empty()
    }

    /// Runs a schedule, and judges what came of it.
    pub fn play(&self, schedule: &Schedule, told: bool) -> Outcome {
        let reference = self.reference(schedule);
        let universe = self.universe(schedule.clone(), told);
        apart(schedule.seed, || live(&universe));
        let mut violations: Vec<String> = reference
            .wrong
            .iter()
            .map(|wrong| format!("even without troubles: {wrong}"))
            .collect();
        violations.extend(judge(&universe, Some(&reference.outline)));
        let core = universe.core();
        Outcome {
            violations,
            print: core.journal.print(),
            story: core.journal.story().to_vec(),
            tally: tally(&universe, &core),
        }
    }
}

impl Beginning {
    fn of(universe: &Universe) -> Self {
        universe.set_clock();
        let mut state = universe.world().state();
        state.reads.clear();
        state.outside.clear();
        state.writes.clear();
        drop(state);
        Self {
            world: universe.world().clone(),
            server: universe.server().clone(),
        }
    }
}

fn quiet(acts: &[Act]) -> Schedule {
    let planned = |act: &Act| Planned {
        after: 1_000,
        act: act.clone(),
    };
    Schedule {
        seed: 0,
        start: Start::Empty,
        style: Style::Calm,
        acts: acts.iter().map(planned).collect(),
        troubles: Vec::new(),
        concurrency: 16,
        pace: 20,
    }
}

fn tally(universe: &Universe, core: &super::universe::Core) -> Tally {
    let mut tally = Tally::default();
    let schedule = universe.schedule();
    for (trouble, hits) in schedule.troubles.iter().zip(&core.journal.hits) {
        tally.add(format!("trouble {}", trouble.name()), u64::from(*hits > 0));
        if let super::schedule::Trouble::Outage { party, lasts, .. } = trouble {
            let minutes = lasts / 60_000 + 1;
            tally.top(
                format!("requests a minute to {party:?} in an outage"),
                hits / minutes,
            );
        }
    }
    for act in &core.journal.acts {
        tally.add(format!("act {act}"), 1);
    }
    for door in Door::ALL {
        tally.add(
            format!("requests {door:?}"),
            core.journal.requests[door as usize],
        );
    }
    tally.add("processes", core.lives);
    tally.add(format!("runs {:?} {:?}", schedule.start, schedule.style), 1);
    tally.top(
        "requests kept back while GitLab wanted to be left alone",
        core.journal.bounced,
    );
    let rest = u64::try_from(core.written - core.disturbed).unwrap_or_default();
    tally.top("seconds from the last disturbance to rest", rest / 1000);
    tally
}
