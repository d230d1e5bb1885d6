//! What was decided and is no longer wanted, while nobody knows whether it happened: it is found out, and
//! every effect has its one record in an unbroken chain, whatever was wanted next.

use crate::world::{Fault, FaultKind, Runner, World, application};

/// A platform at rest, with its group of applications.
fn platform() -> World {
    let world = World::with_stages(&[("dev", 1)]);
    let mut runner = Runner::new(world);
    runner.world.state().applications.clear();
    runner.settle();
    runner.world
}

#[test]
fn a_second_try_that_is_refused_says_nothing_of_the_first() {
    let mut runner = Runner::new(platform());
    let cart = application("cart", &["dev"]);
    runner.world.state().put_application(cart);
    runner.settle();
    {
        let mut state = runner.world.state();
        state.calls = 0;
        // The intent is durable; its commit is still on its way when nobody waits for it any more.
        state.fault = Some(Fault {
            at: 2,
            kind: FaultKind::Refused,
        });
        state.edit("cart", |cart| cart.spec.environments[0].replicas = 2);
    }
    runner.application("cart");
    runner.world.state().refused = ["commit".to_owned()].into();
    runner.application("cart");
    {
        let mut state = runner.world.state();
        state.refused.clear();
        let late = state.tried.take().unwrap();
        state
            .commit(&late.project, &late.message, &late.actions)
            .unwrap();
        state.effects.push(format!("commit {}", late.project));
    }
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn what_nobody_answered_for_long_is_waited_for_from_then_on() {
    let mut runner = Runner::new(platform());
    let cart = application("cart", &["dev"]);
    runner.world.state().put_application(cart);
    runner.settle();
    {
        let mut state = runner.world.state();
        state.calls = 0;
        state.unanswered_takes = 30;
        state.edit("cart", |cart| cart.spec.environments[0].replicas = 2);
    }
    let started = runner.world.state().count("pipeline deploy");
    // The hold, the commit, its record, the hold of the deployment, and its start.
    runner.world.state().fault = Some(Fault {
        at: 5,
        kind: FaultKind::Refused,
    });
    runner.application("cart");
    assert!(
        runner.world.state().fault.is_none(),
        "nothing was unanswered"
    );
    runner.application("cart");
    runner.application("cart");
    let tried = runner.world.state().count("pipeline deploy");
    assert_eq!(
        tried, started,
        "it was tried again while it may still happen"
    );
    runner.world.state().second += 30;
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn a_record_hangs_on_one_that_no_status_tells_of() {
    let mut runner = Runner::new(platform());
    let cart = application("cart", &["dev"]);
    runner.world.state().put_application(cart);
    runner.settle();
    {
        let mut state = runner.world.state();
        state.delete("cart");
        // The hold, and the record that says it was let go.
        state.fault = Some(Fault {
            at: state.calls + 2,
            kind: FaultKind::CrashAfter,
        });
    }
    runner.application("cart");
    runner.restart();
    // That the role is refused is a record, too.
    runner.world.state().unreadable = ["denied dev-place".to_owned()].into();
    runner.application("cart");
    runner.world.state().unreadable.clear();
    runner.settle();
    assert!(runner.world.state().applications.is_empty());
    runner.assert_sound();
}
