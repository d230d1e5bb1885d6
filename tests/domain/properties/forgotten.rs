//! P5: what is under way is waited for, also where no status remembers that it was started.

use harmonix::api::Application;

use super::restraint::{effects_of, two_stages};
use crate::world::{Runner, State};

#[test]
fn a_deployment_under_way_that_nothing_remembers_is_waited_for() {
    let mut runner = two_stages();
    let rollout = |runner: &Runner, word: &str| {
        for service in runner.world.state().services.values_mut() {
            service.rollout = word.into();
        }
    };
    rollout(&runner, "IN_PROGRESS");
    runner.world.state().edit("cart", |cart| {
        if let Some(status) = &mut cart.status {
            status.rollouts.clear();
            status.deployments.clear();
        }
    });
    assert_eq!(effects_of(&mut runner), Vec::<String>::new());
    rollout(&runner, "COMPLETED");
    assert_eq!(effects_of(&mut runner), Vec::<String>::new());
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn a_deployment_that_an_earlier_object_of_the_name_started_is_waited_for() {
    let mut runner = two_stages();
    runner
        .world
        .state()
        .edit("cart", |cart| cart.spec.environments[0].replicas = 2);
    runner.round();
    let before = runner.world.state().count("pipeline deploy dev");
    runner.world.state().edit("cart", |cart| {
        if let Some(status) = &mut cart.status {
            status.rollouts.clear();
            status.deployments.clear();
        }
    });
    runner.round();
    assert_eq!(runner.ready("cart").1, "Deploying");
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    assert_eq!(runner.world.state().count("pipeline deploy dev"), before);
    runner.assert_sound();
}

/// What was ever done outside, and how many records there are: one that is met again is no new one.
fn made(state: &State) -> (Vec<String>, usize) {
    let done = state
        .effects
        .iter()
        .filter(|what| !what.starts_with("record "));
    (
        done.cloned().collect(),
        state.tables.values().map(Vec::len).sum(),
    )
}

/// Nothing is taken over by whoever made it: the records know the object by its uid.
#[test]
fn an_object_whose_status_was_lost_or_is_wrong_finds_what_it_made_itself_and_records_nothing() {
    type Loss = fn(&mut Application);
    let losses: [(&str, Loss); 3] = [
        ("everything", |cart| cart.status = None),
        ("the repository", |cart| {
            cart.status.as_mut().unwrap().repository = None;
        }),
        ("which repository", |cart| {
            let known = cart.status.as_mut().unwrap().repository.as_mut().unwrap();
            known.project_id = 999_999;
            known.path = "apps/nobody/else".into();
        }),
    ];
    for (what, lose) in losses {
        for dies in [true, false] {
            let mut runner = two_stages();
            let before = {
                let mut state = runner.world.state();
                let shown = state.applications["shop/cart"].status.clone().unwrap();
                state.edit("cart", lose);
                (shown.repository, made(&state))
            };
            if dies {
                runner.restart();
            }
            runner.settle();
            let state = runner.world.state();
            assert_eq!(made(&state), before.1, "{what}, dies: {dies}");
            let shown = state.applications["shop/cart"].status.clone().unwrap();
            let (told, known) = (shown.repository.unwrap(), before.0.unwrap());
            assert_eq!(told.project_id, known.project_id, "{what}, dies: {dies}");
            assert_eq!(told.files, known.files, "{what}, dies: {dies}");
            drop(state);
            assert_eq!(runner.ready("cart").0, "True", "{what}, dies: {dies}");
            runner.assert_sound();
        }
    }
}

#[test]
fn a_build_that_never_was_does_not_stay_in_the_status() {
    let mut runner = two_stages();
    let before = {
        let mut state = runner.world.state();
        let mut before = None;
        state.edit("cart", |cart| {
            let told = cart.status.as_mut().unwrap().pipeline.as_mut().unwrap();
            before = Some(told.clone());
            told.id = 999_999;
            told.status = "failed".into();
        });
        before
    };
    assert_eq!(effects_of(&mut runner), Vec::<String>::new());
    let state = runner.world.state();
    let shown = state.applications["shop/cart"].status.clone().unwrap();
    assert_eq!(
        shown.pipeline.map(|told| (told.id, told.status)),
        before.map(|told| (told.id, told.status))
    );
}
