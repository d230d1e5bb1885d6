//! What must always hold, and what must be met on the way for the check to mean anything.

use stateright::Property;

use super::check::Check;
use super::state::{State, Wrong};
use super::step::is_calm;

macro_rules! never {
    ($($wrong:ident $text:literal),* $(,)?) => {
        vec![$(Property::<Check>::always($text, |check, state| {
            check.first_failure($text, state.wrong & Wrong::$wrong.bit() == 0)
        })),*]
    };
}

/// What must always hold.
pub(super) fn always() -> Vec<Property<Check>> {
    let mut properties = never![
        WithoutIntent "no effect without a durable intent before it",
        WithoutFinalizer "no effect without the finalizer before it",
        SecondProject "at most one project for an object, whatever it was let go",
        SecondCommit "at most one commit for an intent",
        SecondPipeline "at most one pipeline for an intent",
        Repeated "no deployment is repeated that did not fail",
        Overlapping "no deployment begins while another of the environment runs",
        Uncommitted "what is deployed is committed, in a project with its settings",
        Unproven "nothing is promoted that never ran below",
        Foreign "what is foreign is never touched, let alone adopted",
        NoEffect "no record of a success that never happened",
        Twice "no effect is recorded twice",
        FalseRefusal "no record of a refusal of what happened",
        Chain "the chain of records is unbroken",
        GoneUntold "nothing is let go without its record",
        GoneHalfOpen "nothing is let go while an effect has no record",
        Backwards "observedGeneration never goes back",
        TooEarly "Ready only when what runs is what the present generation asks for",
        Rebuilt "a cluster rebuilt at rest changes nothing outside",
        Astray "a pass is a function of what it is told",
    ];
    properties.push(Property::always(
        "from every state, without faults, it comes to rest as asked, and stays quiet",
        |check: &Check, state| {
            let name =
                "from every state, without faults, it comes to rest as asked, and stays quiet";
            check.first_failure(name, check.comes_to_rest(state))
        },
    ));
    properties
}

/// Everything is at rest as asked.
fn calm(check: &Check, state: &State) -> bool {
    let quiet = state.trouble.is_none() && state.lanes.iter().all(|lane| lane.news.is_empty());
    quiet && is_calm(check.scene(), state)
}

/// Whether the world is told as blocked by somebody else's project, and nothing is under way.
fn conflict(state: &State) -> bool {
    state.lanes.iter().any(|lane| {
        lane.pass.is_none()
            && lane
                .thing
                .as_ref()
                .is_some_and(|thing| thing.reason() == "RepositoryConflict")
    })
}

fn let_go(state: &State) -> bool {
    let rows = state.outside.tables.values().flatten();
    let told = rows.into_iter().any(|row| row.action == "LetGo");
    told && state.lanes.iter().any(|lane| lane.thing.is_none())
}

macro_rules! sometimes {
    ($($when:expr => $text:literal, |$check:ident, $state:ident| $reached:expr;)*) => {{
        let mut properties: Vec<Property<Check>> = Vec::new();
        $(if $when {
            properties.push(Property::sometimes($text, |$check: &Check, $state: &State| {
                $check.first_reach($text, $reached)
            }));
        })*
        properties
    }};
}

/// What must be met at least once, as far as the story has it.
pub(super) fn sometimes(check: &Check) -> Vec<Property<Check>> {
    let story = &check.scene().story;
    sometimes![
        true => "at rest as asked", |check, state| calm(check, state);
        story.losses > 0 => "at rest after a lost answer", |check, state| state.used.lost > 0 && calm(check, state);
        story.losses > 0 => "at rest after a write that failed", |check, state| state.used.failed > 0 && calm(check, state);
        story.losses > 0 => "at rest after a write that was denied", |check, state| state.used.denied > 0 && calm(check, state);
        story.losses > 0 => "at rest after a write that came late", |check, state| state.used.delayed > 0 && calm(check, state);
        story.crashes > 0 => "at rest after a crash before a write", |check, state| state.used.crashed > 0 && calm(check, state);
        story.crashes > 0 => "at rest after a crash before an answer", |check, state| state.used.crashed_after > 0 && calm(check, state);
        story.crashes > 0 => "at rest after a new process began on an old view", |check, state| state.used.stale && calm(check, state);
        story.troubles > 0 => "at rest after credentials ended", |check, state| state.used.worn > 0 && calm(check, state);
        story.troubles > 0 => "at rest after a role was refused", |check, state| state.used.refused > 0 && calm(check, state);
        story.ticks > 0 => "at rest after a while", |check, state| state.used.ticks > 0 && calm(check, state);
        story.rivals > 0 => "a rival's project is met and told", |check, state| state.used.rivals > 0 && conflict(state);
        story.rivals > 0 && story.faults > 0 => "at rest in a group that a rival made", |check, state| state.used.rivals > 0 && calm(check, state);
        story.edits > 1 => "at rest with both edits seen", |check, state| state.used.replicas > 0 && state.used.described > 0 && calm(check, state);
        story.edits > 1 => "at rest after a change and back again", |check, state| state.used.replicas > 1 && calm(check, state);
        story.red > 0 => "at rest after a pipeline failed and was tried again", |check, state| state.used.red > 0 && state.used.retries > 0 && calm(check, state);
        story.pushes > 0 => "at rest after a push", |check, state| state.used.pushed > 0 && calm(check, state);
        story.deletions > 0 => "let go, with a record", |check, state| let_go(state);
        story.recreations > 0 => "at rest after it was let go and created again", |check, state| state.used.recreated > 0 && calm(check, state);
        story.rebuilds > 0 => "at rest after the cluster was rebuilt", |check, state| state.used.rebuilt > 0 && calm(check, state);
    ]
}
