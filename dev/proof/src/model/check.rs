//! The model, as the checker takes it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use stateright::{Model, Property};

use super::action::{Action, actions};
use super::course::Course;
use super::outside::{Outside, moment};
use super::property;
use super::rest::{BOUND, Found, Rest, round};
use super::scene::{Scene, SceneError};
use super::state::{Lane, State, Used};
use super::step::World;
use super::thing::Thing;

/// One story, ready to be gone through.
pub(super) struct Check {
    scene: Arc<Scene>,
    course: Course,
    rest: Rest,
    start: State,
    /// Every how many states coming to rest is looked at.
    every: u64,
    tally: Mutex<Tally>,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// States with each `sometimes` property.
    pub(super) reached: BTreeMap<&'static str, u64>,
    /// `always` properties that failed.
    pub(super) failed: BTreeMap<&'static str, u64>,
    /// States that were looked at for coming to rest.
    pub(super) rested: u64,
    /// How many of them took so many rounds.
    pub(super) rounds: BTreeMap<u16, u64>,
    /// Why the first one did not come to rest.
    pub(super) unrest: Option<String>,
}

impl Check {
    /// A story at its beginning.
    pub(super) fn new(scene: Scene, every: u64) -> Result<Self, SceneError> {
        let scene = Arc::new(scene);
        let course = Course::new(&scene)
            .map_err(|error| SceneError::Refused(format!("no runtime: {error}")))?;
        let start = start(&scene, &course)?;
        Ok(Self {
            scene,
            course,
            rest: Rest::default(),
            start,
            every: every.max(1),
            tally: Mutex::default(),
        })
    }

    pub(super) fn scene(&self) -> &Scene {
        &self.scene
    }

    /// How often the driver ran.
    pub(super) fn runs(&self) -> u64 {
        self.course.runs()
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn world(&self) -> World<'_> {
        World {
            scene: &self.scene,
            course: &self.course,
        }
    }

    /// Whether a state comes to rest, where it is looked at.
    pub(super) fn comes_to_rest(&self, state: &State) -> bool {
        if state.wrong != 0 || !state.mark().is_multiple_of(self.every) {
            return true;
        }
        let found = self.rest.of(&self.world(), state);
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.rested += 1;
        match found {
            Found::Rounds(rounds) => {
                *tally.rounds.entry(rounds).or_default() += 1;
                true
            }
            Found::Never(why) => {
                tally.unrest.get_or_insert(why);
                false
            }
        }
    }

    /// What happens on the way to rest.
    pub(super) fn way_to_rest(&self, state: &State) -> Vec<String> {
        super::rest::told(&self.world(), state)
    }

    /// Lets only the first failure of a property through: the checker would keep the last.
    pub(super) fn first_failure(&self, name: &'static str, holds: bool) -> bool {
        if holds {
            return true;
        }
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let count = tally.failed.entry(name).or_default();
        *count += 1;
        *count > 1
    }

    /// Lets only the first example through.
    pub(super) fn first_reach(&self, name: &'static str, reached: bool) -> bool {
        if !reached {
            return false;
        }
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let count = tally.reached.entry(name).or_default();
        *count += 1;
        *count == 1
    }
}

/// The first state: every application just written, or everything at rest.
fn start(scene: &Arc<Scene>, course: &Course) -> Result<State, SceneError> {
    let outside = Outside {
        groups: ["apps", "places"]
            .map(|group| (group.to_owned(), String::new()))
            .into(),
        tables: scene
            .tables()
            .into_iter()
            .map(|table| (table, Vec::new()))
            .collect(),
        ..Outside::default()
    };
    let mut lanes = Vec::new();
    for facts in &scene.lanes {
        let app = scene.application(facts.name, &format!("uid-{}-0", facts.name))?;
        let mut lane = Lane {
            thing: None,
            version: 100,
            view: None,
            news: Vec::new(),
            memory: harmonix::controllers::Recollection::default(),
            pass: None,
            epoch: 0,
            given: 0,
            drawn: 0,
            effects: Vec::new(),
            amnesia: false,
            undisturbed: false,
            deferred: None,
        };
        lane.store(Thing::new(app));
        lanes.push(lane);
    }
    let mut state = State {
        lanes,
        outside: Arc::new(outside),
        flights: Vec::new(),
        trouble: None,
        tick: 0,
        deaths: 0,
        started: moment(0),
        used: Used::default(),
        wrong: 0,
    };
    if scene.story.settled {
        let world = World { scene, course };
        for _ in 0..BOUND {
            state = round(&world, &state);
        }
        state.tick = 20;
    }
    Ok(state)
}

impl Model for Check {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.start.clone()]
    }

    fn actions(&self, state: &State, into: &mut Vec<Action>) {
        // What broke a rule is not gone on with: the shortest way there is what is told.
        if state.wrong == 0 {
            actions(&self.scene, state, into);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        self.world().step(last, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = property::always();
        properties.extend(property::sometimes(self));
        properties
    }
}
