//! What happens when something happens.

use std::sync::Arc;

use harmonix::controllers::Recollection;
use harmonix::domain::failure::FailureKind;

use super::action::Action;
use super::broken::Broken;
use super::call::{Answer, Write};
use super::course::{Course, FIRST_VERSION, Request};
use super::outside::{RunState, Running};
use super::scene::Scene;
use super::serve::{Arrival, intent_of, is_announced, serve};
use super::state::{Flight, Lane, Pass, State, Trouble, View};
use super::thing::Thing;

/// The world that moves.
pub(super) struct World<'a> {
    pub(super) scene: &'a Scene,
    pub(super) course: &'a Course,
}

impl World<'_> {
    /// The state after an action; none where it changes nothing.
    pub(super) fn step(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Deliver(lane) => deliver(state.lanes.get_mut(lane)?),
            Action::Pass(lane) => self.begin(&mut state, lane)?,
            Action::Look(lane) => self.look(&mut state, lane)?,
            Action::Serve(lane) => self.answer(&mut state, lane, Fate::Served)?,
            Action::Lose(lane) => {
                state.used.lost += 1;
                self.answer(&mut state, lane, Fate::Lost)?;
            }
            Action::Fail(lane) => {
                state.used.failed += 1;
                self.answer(&mut state, lane, Fate::Failed)?;
            }
            Action::Deny(lane) => {
                state.used.denied += 1;
                self.answer(&mut state, lane, Fate::Denied)?;
            }
            Action::Delay(lane) => {
                state.used.delayed += 1;
                self.answer(&mut state, lane, Fate::Delayed)?;
            }
            Action::CrashAfter(lane) => {
                state.used.crashed_after += 1;
                self.answer(&mut state, lane, Fate::Crashed)?;
            }
            Action::Crash => {
                state.used.crashed += 1;
                crash(&mut state);
            }
            Action::Arrive(flight) => self.arrive(&mut state, flight),
            Action::Tick => {
                state.used.ticks += 1;
                state.tick += 1;
            }
            Action::Green(project, run) => finish(self.scene, &mut state, project, run, true)?,
            Action::Red(project, run) => {
                state.used.red += 1;
                finish(self.scene, &mut state, project, run, false)?;
            }
            Action::Worn => {
                state.used.worn += 1;
                state.trouble = Some(Trouble::Worn);
            }
            Action::Refuse => {
                state.used.refused += 1;
                state.trouble = Some(Trouble::Refused);
            }
            Action::Renew => state.trouble = None,
            Action::Replicas(_)
            | Action::Describe(_)
            | Action::Retry(_)
            | Action::Push(_)
            | Action::Delete(_)
            | Action::Recreate(_)
            | Action::RivalGroup(_)
            | Action::Rival(_)
            | Action::Rebuild => self.people(&mut state, action)?,
        }
        Some(state)
    }

    /// A pass begins.
    pub(super) fn begin(&self, state: &mut State, number: usize) -> Option<()> {
        let lane = state.lanes.get_mut(number)?;
        let View { thing, version } = lane.view.clone()?;
        let fresh = lane.memory == Recollection::default();
        let behind = version != lane.version || lane.thing.is_none();
        let base = version;
        let mut memory = lane.memory.clone();
        memory.written = memory
            .written
            .map(|written| (written + FIRST_VERSION).saturating_sub(base));
        let node = self.course.begin(state, number, &thing, memory);
        state.used.stale |= fresh && behind;
        self.go_on(state, number, node, base);
        Some(())
    }

    /// One look is answered.
    fn look(&self, state: &mut State, number: usize) -> Option<()> {
        let pass = state.lanes.get(number)?.pass.clone()?;
        let Request::Look(question) = &*pass.node.request else {
            return None;
        };
        let answer = super::look::look(self.scene, state, number, question);
        let node = self.course.after(state, &pass.node, &answer);
        Self::rest(state, number, node, pass.base);
        Some(())
    }

    /// A write comes to its fate.
    pub(super) fn answer(&self, state: &mut State, number: usize, fate: Fate) -> Option<()> {
        let pass = state.lanes.get(number)?.pass.clone()?;
        let Request::Write(write) = &*pass.node.request else {
            return None;
        };
        is_announced(state, number, write);
        let arrival = Arrival {
            write,
            lane: number,
            base: pass.base,
            intent: intent_of(state, number, write),
        };
        let answer = match fate {
            Fate::Served => self.served(state, &arrival, &pass),
            Fate::Lost => {
                self.served(state, &arrival, &pass);
                write.unanswered()
            }
            Fate::Failed => write.unanswered(),
            Fate::Denied => write.failed(FailureKind::Denied, "403 Forbidden"),
            Fate::Delayed => {
                // What it carries may stand somewhere later.
                if let Some(lane) = state.lanes.get_mut(number) {
                    lane.keep_identities();
                }
                state.flights.push(Flight {
                    request: Arc::clone(&pass.node.request),
                    lane: number,
                    base: pass.base,
                    intent: arrival.intent.clone(),
                    mark: super::call::mark(write),
                });
                write.unanswered()
            }
            Fate::Crashed => {
                self.served(state, &arrival, &pass);
                crash(state);
                return Some(());
            }
        };
        let node = self.course.after(state, &pass.node, &answer);
        self.go_on(state, number, node, pass.base);
        Some(())
    }

    /// The world does what is asked. A broken controller puts its holds off until after the effect.
    fn served(&self, state: &mut State, arrival: &Arrival<'_>, pass: &Pass) -> Answer {
        if !self.scene.is(Broken::HoldAfter) {
            return serve(self.scene, state, arrival);
        }
        if let Write::Hold { version, .. } = arrival.write {
            let mut promised = version.clone();
            let next: u64 = version.resource_version.parse::<u64>().unwrap_or_default() + 1;
            promised.resource_version = next.to_string();
            if let Some(lane) = state.lanes.get_mut(arrival.lane) {
                lane.deferred = Some(Arc::clone(&pass.node.request));
            }
            return Answer::Version(Ok(promised));
        }
        let lane = state.lanes.get_mut(arrival.lane);
        let deferred = lane.and_then(|lane| lane.deferred.take());
        let first = arrival.write.is_ours();
        let hold = |state: &mut State| {
            if let Some(Request::Write(write)) = deferred.as_deref() {
                let late = Arrival {
                    write,
                    lane: arrival.lane,
                    base: arrival.base,
                    intent: None,
                };
                serve(self.scene, state, &late);
            }
        };
        if first {
            hold(state);
            return serve(self.scene, state, arrival);
        }
        let answer = serve(self.scene, state, arrival);
        hold(state);
        answer
    }

    /// A pass goes on with looks until it wants to write, unless every look is a step of its own.
    fn go_on(&self, state: &mut State, number: usize, node: Arc<super::course::Node>, base: u64) {
        let node = if self.scene.story.fine {
            node
        } else {
            self.course.looked(state, number, node)
        };
        Self::rest(state, number, node, base);
    }

    /// A pass waits, or ended.
    fn rest(state: &mut State, number: usize, node: Arc<super::course::Node>, base: u64) {
        if matches!(*node.request, Request::Astray) {
            state.wrong(super::state::Wrong::Astray);
        }
        let Some(lane) = state.lanes.get_mut(number) else {
            return;
        };
        match &*node.request {
            Request::Look(_) | Request::Write(_) => lane.pass = Some(Pass { node, base }),
            Request::End(memory) => {
                lane.memory = recollection(memory, base, lane.thing.as_deref());
                lane.end();
            }
            Request::Astray => lane.end(),
        }
    }

    fn arrive(&self, state: &mut State, number: usize) {
        if number >= state.flights.len() {
            return;
        }
        let flight = state.flights.remove(number);
        if let Request::Write(write) = &*flight.request {
            let arrival = Arrival {
                write,
                lane: flight.lane,
                base: flight.base,
                intent: flight.intent.clone(),
            };
            serve(self.scene, state, &arrival);
        }
    }
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Served,
    Lost,
    Failed,
    Denied,
    Delayed,
    Crashed,
}

/// What the process remembers, as far as it matters: how often it failed decides only when it looks
/// again, and that is any time here; when an intent was tried matters while it is written down.
fn recollection(memory: &Recollection, base: u64, thing: Option<&Thing>) -> Recollection {
    let mut memory = memory.clone();
    memory.failures = 0;
    memory.written = memory
        .written
        .map(|written| (written + base).saturating_sub(FIRST_VERSION));
    let intents = thing.map(Thing::intents).unwrap_or_default();
    memory
        .sent
        .retain(|id, _| intents.iter().any(|intent| &intent.id == id));
    memory
}

/// The watch delivers.
pub(super) fn deliver(lane: &mut Lane) {
    if !lane.news.is_empty() {
        lane.view = lane.news.remove(0);
    }
}

/// The process dies; the next one begins with the view that its list gave it, however old.
pub(super) fn crash(state: &mut State) {
    state.deaths += 1;
    state.started = state.now();
    for lane in &mut state.lanes {
        lane.memory = Recollection::default();
        lane.end();
    }
}

/// Whether nothing is under way, and everything is as asked.
pub(super) fn is_calm(scene: &Scene, state: &State) -> bool {
    let calm = |(number, lane): (usize, &Lane)| {
        let settled = lane.thing.as_ref().is_some_and(|thing| {
            thing.is_settled() && !thing.is_deleting() && thing.open_intents().is_empty()
        });
        settled && lane.pass.is_none() && super::store::runs(scene, state, number)
    };
    let runs = state
        .outside
        .projects
        .iter()
        .flat_map(|project| &project.runs);
    state.lanes.iter().enumerate().all(calm)
        && state.flights.is_empty()
        && runs.into_iter().all(|run| run.state != RunState::Running)
}

/// A pipeline ends.
pub(super) fn finish(
    scene: &Scene,
    state: &mut State,
    project: usize,
    run: usize,
    green: bool,
) -> Option<()> {
    let path = state.outside.projects.get(project)?.path.clone();
    let number = scene.lanes.iter().position(|facts| facts.path == path)?;
    let own = state
        .outside()
        .projects
        .get_mut(project)?
        .runs
        .get_mut(run)?;
    own.state = if green {
        RunState::Green
    } else {
        RunState::Red
    };
    let deploys = own.deploys.clone().filter(|_| green);
    let Some(deploys) = deploys else {
        return Some(());
    };
    let facts = scene.lane(number)?;
    let mut spots = facts.places.iter();
    let spot = spots.find(|spot| spot.environment == deploys.environment)?;
    let (_, digest) = deploys.image.split_once('@')?;
    let running = Running {
        release: deploys.release.clone(),
        image: format!("copy.example.com/{}@{digest}", facts.image_repository),
        configuration: deploys.configuration,
        replicas: deploys.replicas,
    };
    let outside = state.outside();
    outside
        .services
        .insert((spot.cluster.clone(), spot.service.clone()), running);
    outside
        .healthy
        .insert((deploys.environment, deploys.release));
    Some(())
}
