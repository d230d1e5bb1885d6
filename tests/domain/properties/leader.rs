//! Turns: whoever does not lead does nothing, wherever in a pass its turn ends, and whoever leads then goes on.

use std::sync::Arc;

use harmonix::controllers::{Leadership, Term};
use harmonix::domain::lease::Epoch;
use harmonix::ports::StoreError;

use crate::world::{Ended, Meddle, Runner, World, shape};

/// A turn that begins now.
fn term(world: &World, epoch: i64) -> Term {
    Term::endless(Epoch::new(epoch), world.state().now())
}

/// An application at rest is changed.
fn changed() -> World {
    let mut start = Runner::new(World::with_stages(&[("dev", 1)]));
    start.settle();
    let change = |cart: &mut harmonix::api::Application| cart.spec.environments[0].replicas = 3;
    start.world.state().edit("cart", change);
    start.world
}

/// What was done outside, and what was written to our own objects.
fn moves(world: &World) -> (usize, usize) {
    let state = world.state();
    (state.effects.len(), state.writes.len())
}

#[test]
fn whoever_does_not_lead_does_nothing() {
    let world = changed();
    let before = moves(&world);
    let (_told, leadership) = Leadership::told();
    let runner = Runner::in_term(world, leadership, &term(&changed(), 7));
    let ended = runner.application("cart");
    assert_eq!(ended, Some(Ended::Unwritten(StoreError::Withheld)));
    assert!(matches!(runner.environment("dev"), Some(Ended::Told(_))));
    assert_eq!(moves(&runner.world), before);
}

#[test]
fn nothing_is_done_after_a_turn_ended_and_the_next_one_goes_on_from_there() {
    let mut wanted = Runner::new(changed());
    wanted.settle();
    let wanted = shape(&wanted.world);
    let writes = ["hold", "commit", "record", "pipeline", "status"];
    for ends_after in writes {
        let world = changed();
        let (told, leadership) = Leadership::told();
        let first = term(&world, 7);
        told.send_replace(Some(first));
        let ends = told.clone();
        world.state().meddle = Some(Meddle {
            after: ends_after.to_owned(),
            act: Arc::new(move |_| {
                ends.send_replace(None);
            }),
        });
        let runner = Runner::in_term(world, leadership.clone(), &first);
        let mut seen = None;
        for _ in 0..6 {
            runner.application("cart");
            if runner.world.state().meddle.is_none() {
                // Whatever comes after that in the same pass, and in the next one.
                let now = moves(&runner.world);
                assert_eq!(*seen.get_or_insert(now), now, "after {ends_after}");
            }
            runner.world.state().finish_pipelines();
            runner.world.state().second += 30;
        }
        let (effects, ours) = {
            let state = runner.world.state();
            (state.effects.clone(), state.writes.clone())
        };
        let last = effects.last().into_iter().chain(ours.last());
        let ended = last.into_iter().any(|write| write.starts_with(ends_after));
        assert!(
            ended,
            "the turn did not end with {ends_after}: {effects:?} {ours:?}"
        );
        let second = term(&runner.world, 8);
        told.send_replace(Some(second));
        let mut runner = Runner::in_term(runner.world, leadership, &second);
        runner.settle();
        runner.assert_sound();
        assert_eq!(shape(&runner.world), wanted, "after {ends_after}");
        let state = runner.world.state();
        let records = state.tables["acme-dev-place-audit"].iter();
        let of_cart = records.filter(|record| record.attributes["appName"] == "cart");
        let epochs = of_cart.map(|record| record.attributes["epoch"].as_str());
        let late = epochs
            .rev()
            .take(2)
            .filter(|epoch| ["7", "8"].contains(epoch));
        assert_eq!(late.count(), 2, "after {ends_after}");
    }
}
