//! Coming to rest: from every state, what happens if nothing goes wrong any more.
//!
//! This is Anvil's eventually stable reconciliation, executed: requests on their way arrive, credentials
//! are good, the watch delivers, pipelines end well, and passes go on, round by round. Within a bound
//! of rounds nothing moves any more, what is outside is what was asked for, every effect has its
//! record, and nothing moves later either.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use harmonix::domain::identity::Ownership;

use super::action::Action;
use super::course::Request;
use super::outside::RunState;
use super::state::{Lane, Pass, State};
use super::step::{Fate, World, deliver, finish};
use super::store::runs;

/// The most rounds until nothing moves.
pub(super) const BOUND: u16 = 14;

/// How long afterwards it is looked at once more: everything is verified again by then.
const LATER: u16 = 60;

/// The most writes of one pass.
const WRITES: usize = 200;

/// What is known of coming to rest.
#[derive(Default)]
pub(super) struct Rest {
    known: Mutex<HashMap<u64, Found>>,
}

/// How a state comes to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// After so many rounds.
    Rounds(u16),
    /// Not at all, or not as it should.
    Never(String),
}

impl Rest {
    /// How a state comes to rest. A round is a function of the state, so what one state comes to
    /// is known for all that it goes through.
    pub(super) fn of(&self, world: &World<'_>, state: &State) -> Found {
        let mut state = state.clone();
        let mut passed: Vec<u64> = Vec::new();
        let mut found = None;
        let mut at_last = true;
        for _ in 0..=BOUND {
            let mark = state.mark();
            found = self.known(mark);
            if found.is_some() {
                at_last = false;
                break;
            }
            passed.push(mark);
            let next = round(world, &state);
            if next.wrong != state.wrong {
                let bits = next.wrong & !state.wrong;
                found = Some(Found::Never(format!(
                    "on the way a rule is broken ({bits:#x})"
                )));
                break;
            }
            // A while that is waited for is no rest.
            if !moved(&state, &next) && !moved(&next, &round(world, &next)) {
                found = Some(at_rest(world, &next));
                break;
            }
            state = next;
        }
        let still = || Found::Never(format!("it still moves after {BOUND} rounds"));
        let mut found = found.unwrap_or_else(still);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for mark in passed.into_iter().rev() {
            match &mut found {
                // Nothing moves in this very state: it takes no round.
                Found::Rounds(_) if at_last => at_last = false,
                Found::Rounds(rounds) if *rounds >= BOUND => found = still(),
                Found::Rounds(rounds) => *rounds += 1,
                Found::Never(_) => {}
            }
            known.insert(mark, found.clone());
        }
        found
    }

    fn known(&self, mark: u64) -> Option<Found> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&mark).cloned()
    }
}

/// What happens on the way to rest, one line for each write.
pub(super) fn told(world: &World<'_>, state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    let mut state = state.clone();
    for number in 1..=BOUND {
        let next = round_told(world, &state, &mut |line| {
            lines.push(format!("round {number}: {line}"));
        });
        let quiet = !moved(&state, &next);
        state = next;
        if state.wrong != 0 || (quiet && number > 2) {
            break;
        }
    }
    lines
}

/// One round in which nothing goes wrong.
pub(super) fn round(world: &World<'_>, state: &State) -> State {
    round_told(world, state, &mut |_| {})
}

fn round_told(world: &World<'_>, state: &State, tell: &mut dyn FnMut(String)) -> State {
    let mut state = state.clone();
    state.trouble = None;
    while !state.flights.is_empty() {
        if let Some(next) = world.step(&state, Action::Arrive(0)) {
            state = next;
        }
    }
    for number in 0..state.lanes.len() {
        go_through(world, &mut state, number, tell);
        catch_up(&mut state, number);
        if state
            .lanes
            .get(number)
            .is_some_and(|lane| lane.view.is_some())
        {
            world.begin(&mut state, number);
            go_through(world, &mut state, number, tell);
        }
        catch_up(&mut state, number);
    }
    let projects = state.outside.projects.iter().enumerate();
    let running: Vec<(usize, usize)> = projects
        .flat_map(|(project, held)| {
            let runs = held.runs.iter().enumerate();
            runs.filter(|(_, run)| run.state == RunState::Running)
                .map(move |(run, _)| (project, run))
        })
        .collect();
    for (project, run) in running {
        finish(world.scene, &mut state, project, run, true);
    }
    state.tick += 1;
    state
}

/// The pass that is under way goes through.
fn go_through(world: &World<'_>, state: &mut State, number: usize, tell: &mut dyn FnMut(String)) {
    for _ in 0..WRITES {
        let Some(Pass { node, .. }) = state.lanes.get(number).and_then(|lane| lane.pass.clone())
        else {
            return;
        };
        match &*node.request {
            Request::Look(_) => {
                if let Some(next) = world.step(state, Action::Look(number)) {
                    *state = next;
                }
            }
            Request::Write(write) => {
                let wrong = state.wrong;
                world.answer(state, number, Fate::Served);
                let broken = if state.wrong == wrong {
                    ""
                } else {
                    "  <-- breaks a rule"
                };
                tell(format!("{}{broken}", write.told()));
            }
            Request::End(_) | Request::Astray => return,
        }
    }
}

fn catch_up(state: &mut State, number: usize) {
    if let Some(lane) = state.lanes.get_mut(number) {
        while !lane.news.is_empty() {
            deliver(lane);
        }
    }
}

/// What everybody but the process itself can see.
fn seen(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.outside.hash(&mut hasher);
    for lane in &state.lanes {
        lane.version.hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether anything anybody can see changed in a round.
fn moved(before: &State, after: &State) -> bool {
    seen(before) != seen(after)
}

/// What is to be said of a state in which nothing moves.
fn at_rest(world: &World<'_>, state: &State) -> Found {
    for (number, lane) in state.lanes.iter().enumerate() {
        if let Some(problem) = problem(world, state, number, lane) {
            return Found::Never(problem);
        }
    }
    let mut later = state.clone();
    later.tick += LATER;
    for _ in 0..2 {
        let next = round(world, &later);
        if moved(&later, &next) {
            return Found::Never("it moves again although nothing happened".into());
        }
        later = next;
    }
    Found::Rounds(0)
}

/// What is wrong with an application at rest.
fn problem(world: &World<'_>, state: &State, number: usize, lane: &Lane) -> Option<String> {
    let rows = || state.outside.tables.values().flatten();
    let unrecorded = lane
        .effects
        .iter()
        .find(|effect| !effect.forgotten && !rows().any(|row| row.id == effect.intent));
    if let Some(effect) = unrecorded {
        return Some(format!("an effect has no record: {:?}", effect.kind));
    }
    let thing = lane.thing.as_ref()?;
    if thing.is_deleting() {
        return Some(format!("it is not let go: {}", thing.reason()));
    }
    if !thing.open_intents().is_empty() {
        return Some(format!("intents are open: {:?}", thing.open_intents()));
    }
    let effects = thing
        .app
        .status
        .as_ref()
        .and_then(|status| status.effects.as_ref());
    if effects.is_some_and(|effects| !effects.backlog.is_empty()) {
        return Some("records wait".into());
    }
    let facts = world.scene.lane(number)?;
    let project = state.outside.project(&facts.path);
    let key = &world.scene.settings.key;
    let ours = |description: &str| {
        key.ownership(description, &facts.identity, &facts.path) == Ownership::Ours
    };
    if project.is_some_and(|project| !ours(&project.description)) {
        let told = thing.reason() == "RepositoryConflict";
        return (!told).then(|| format!("a foreign project, told as {}", thing.reason()));
    }
    let red = project.is_some_and(|project| {
        let runs = || project.runs.iter().rev();
        let build = runs().find(|run| run.deploys.is_none() && run.state != RunState::Skipped);
        let deploy = facts.places.iter().any(|spot| {
            let mut of = runs().filter_map(|run| Some((run, run.deploys.as_ref()?)));
            let last = of.find(|(_, deploys)| deploys.environment == spot.environment);
            last.is_some_and(|(run, _)| run.state == RunState::Red)
        });
        deploy || build.is_some_and(|run| run.state == RunState::Red)
    });
    if red && thing.reason() == "PipelineFailed" {
        return None;
    }
    let description = thing.app.spec.description.as_deref().unwrap_or_default();
    if !project.is_some_and(|project| project.description.starts_with(description)) {
        return Some("the project is not described as asked".into());
    }
    if !thing.is_settled() || !runs(world.scene, state, number) {
        return Some(format!("it is not as asked: {}", thing.reason()));
    }
    None
}
