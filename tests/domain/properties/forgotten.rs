//! P5: what is under way is waited for, also where no status remembers that it was started.

use super::restraint::{effects_of, two_stages};
use crate::world::Runner;

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
