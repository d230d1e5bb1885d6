//! What may happen next.

use super::course::Request;
use super::outside::RunState;
use super::scene::Scene;
use super::state::{Lane, State};

/// One thing that happens. Numbers are those of applications, of requests on their way, of projects
/// and of their pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The watch delivers the next change of an object to the cache.
    Deliver(usize),
    /// A pass begins, and looks until it wants to write.
    Pass(usize),
    /// One look of a pass is answered.
    Look(usize),
    /// The write is done and answered.
    Serve(usize),
    /// The write is done; its answer is lost.
    Lose(usize),
    /// The write is not done, and nobody says so.
    Fail(usize),
    /// The write is refused by rights.
    Deny(usize),
    /// Nobody waits for the write any longer; it is still on its way.
    Delay(usize),
    /// The write is done; the process dies before it hears of it.
    CrashAfter(usize),
    /// The process dies, and another begins.
    Crash,
    /// A request that was on its way arrives.
    Arrive(usize),
    /// A while passes.
    Tick,
    /// A pipeline ends well.
    Green(usize, usize),
    /// A pipeline fails.
    Red(usize, usize),
    /// A person changes the replicas of an application.
    Replicas(usize),
    /// A person changes the description of an application.
    Describe(usize),
    /// A person asks for another try.
    Retry(usize),
    /// A developer pushes.
    Push(usize),
    /// A person deletes an application.
    Delete(usize),
    /// A person creates an application that was let go again.
    Recreate(usize),
    /// Somebody makes the group.
    RivalGroup(usize),
    /// Somebody makes a project at the path of an application.
    Rival(usize),
    /// The cluster is lost, and rebuilt from the same manifests.
    Rebuild,
    /// The credentials of the operations role end, and no new ones are to be had.
    Worn,
    /// The operations role is refused.
    Refuse,
    /// Credentials are to be had again.
    Renew,
}

/// Everything that may happen next.
pub(super) fn actions(scene: &Scene, state: &State, actions: &mut Vec<Action>) {
    for (number, lane) in state.lanes.iter().enumerate() {
        of_pass(scene, state, number, lane, actions);
        of_people(scene, state, number, lane, actions);
    }
    for (project, held) in state.outside.projects.iter().enumerate() {
        for (run, held) in held.runs.iter().enumerate() {
            if held.state == RunState::Running {
                actions.push(Action::Green(project, run));
                if may_fail(scene, state) && state.used.red < scene.story.red {
                    actions.push(Action::Red(project, run));
                }
            }
        }
    }
    actions.extend((0..state.flights.len()).map(Action::Arrive));
    // What nobody waits for any more arrives before a while has passed, or never.
    if state.flights.is_empty() && state.used.ticks < scene.story.ticks {
        actions.push(Action::Tick);
    }
    if state.trouble.is_some() {
        actions.push(Action::Renew);
    } else if may_fail(scene, state) && state.used.worn + state.used.refused < scene.story.troubles
    {
        actions.extend([Action::Worn, Action::Refuse]);
    }
    if may_fail(scene, state) {
        if may_crash(scene, state) && state.lanes.iter().any(remembers) {
            actions.push(Action::Crash);
        }
        // What a lost cluster had on its way arrived before another is there, or never will.
        if state.used.rebuilt < scene.story.rebuilds && state.flights.is_empty() {
            actions.push(Action::Rebuild);
        }
    }
}

fn may_fail(scene: &Scene, state: &State) -> bool {
    state.used.faults() < scene.story.faults
}

fn may_crash(scene: &Scene, state: &State) -> bool {
    state.used.crashed + state.used.crashed_after < scene.story.crashes
}

/// Whether a process has anything to lose.
fn remembers(lane: &Lane) -> bool {
    lane.pass.is_some() || lane.memory != harmonix::controllers::Recollection::default()
}

fn of_pass(scene: &Scene, state: &State, number: usize, lane: &Lane, actions: &mut Vec<Action>) {
    if !lane.news.is_empty() {
        actions.push(Action::Deliver(number));
    }
    let Some(pass) = &lane.pass else {
        if lane.view.is_some() {
            actions.push(Action::Pass(number));
        }
        return;
    };
    match &*pass.node.request {
        Request::End(_) | Request::Astray => {}
        Request::Look(_) => actions.push(Action::Look(number)),
        Request::Write(write) => {
            actions.push(Action::Serve(number));
            if !may_fail(scene, state) {
                return;
            }
            let used = &state.used;
            if used.lost + used.failed + used.denied + used.delayed < scene.story.losses {
                actions.extend([Action::Lose(number), Action::Fail(number)]);
                actions.push(Action::Delay(number));
                if !write.is_ours() {
                    actions.push(Action::Deny(number));
                }
            }
            if may_crash(scene, state) {
                actions.push(Action::CrashAfter(number));
            }
        }
    }
}

fn of_people(scene: &Scene, state: &State, number: usize, lane: &Lane, actions: &mut Vec<Action>) {
    let (story, used) = (&scene.story, &state.used);
    match &lane.thing {
        Some(thing) if !thing.is_deleting() => {
            if used.replicas + used.described < story.edits {
                actions.extend([Action::Replicas(number), Action::Describe(number)]);
            }
            if used.deleted < story.deletions {
                actions.push(Action::Delete(number));
            }
            if used.retries < used.red {
                actions.push(Action::Retry(number));
            }
        }
        None if used.recreated < story.recreations => actions.push(Action::Recreate(number)),
        Some(_) | None => {}
    }
    let Some(facts) = scene.lane(number) else {
        return;
    };
    let project = state.outside.project(&facts.path);
    if used.pushed < story.pushes && project.is_some_and(|p| !p.commits.is_empty()) {
        actions.push(Action::Push(number));
    }
    if may_fail(scene, state) && used.rivals < story.rivals && project.is_none() {
        let group = facts.path.rsplit_once('/').map_or("", |(group, _)| group);
        if state.outside.groups.contains_key(group) {
            actions.push(Action::Rival(number));
        } else {
            actions.push(Action::RivalGroup(number));
        }
    }
}
