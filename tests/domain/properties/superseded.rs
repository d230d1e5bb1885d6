//! What was decided and is no longer wanted, while nobody knows whether it happened: it is found out, and
//! every effect has its one record in an unbroken chain, whatever was wanted next.

use harmonix::ports::StoreError;

use crate::world::{Ended, Fault, FaultKind, Runner, World, application, platform, violations};

/// What happens after the fault.
type Then = fn(&mut Runner);

/// The application at rest on its platform.
fn settled() -> Runner {
    let mut runner = Runner::new(platform());
    let cart = application("cart", &["dev"]);
    runner.world.state().put_application(cart);
    runner.settle();
    runner
}

/// The application is made, with a fault at one of the writes of its first round; then something else
/// is wanted. Answers what is wrong in the end.
fn told(start: &World, fault: Fault, then: Then) -> Vec<String> {
    let mut runner = Runner::new(start.copy());
    {
        let mut state = runner.world.state();
        state.calls = 0;
        state.fault = Some(fault);
        state.put_application(application("cart", &["dev"]));
    }
    runner.round();
    then(&mut runner);
    runner.settle();
    violations(&runner.world)
}

/// Every fault at every write of the first round.
fn sweep(then: Then) {
    let start = platform();
    let mut wrong = Vec::new();
    for at in 1..=12 {
        for kind in FaultKind::ALL {
            let said = told(&start, Fault { at, kind }, then);
            if !said.is_empty() {
                wrong.push(format!("{kind:?} at {at}: {}", said.join("; ")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn describe(runner: &Runner, description: Option<&str>) {
    runner.world.state().edit("cart", |cart| {
        cart.spec.description = description.map(str::to_owned);
    });
}

#[test]
fn what_is_described_anew_while_it_is_made_has_all_its_records() {
    sweep(|runner| describe(runner, Some("The shop's cart")));
}

#[test]
fn what_is_changed_and_changed_back_while_it_is_made_has_all_its_records() {
    sweep(|runner| {
        describe(runner, Some("The shop's cart"));
        runner.round();
        describe(runner, None);
    });
}

#[test]
fn what_is_deleted_while_it_is_made_has_all_its_records() {
    sweep(|runner| runner.world.state().delete("cart"));
}

#[test]
fn what_is_rebuilt_with_its_cluster_while_it_is_made_is_not_made_again() {
    let start = {
        let runner = settled();
        let mut state = runner.world.state();
        state.applications.clear();
        drop(state);
        runner.world
    };
    for at in 1..=6 {
        for kind in FaultKind::ALL {
            let said = told(&start, Fault { at, kind }, Runner::restart);
            assert!(said.is_empty(), "{kind:?} at {at}: {}", said.join("; "));
        }
    }
}

#[test]
fn a_group_that_another_application_made_is_recorded_once() {
    for at in 1..=4 {
        for kind in FaultKind::ALL {
            let said = told(&platform(), Fault { at, kind }, |runner| {
                let till = application("till", &["dev"]);
                runner.world.state().put_application(till);
                runner.application("till");
            });
            assert!(said.is_empty(), "{kind:?} at {at}: {}", said.join("; "));
        }
    }
}

#[test]
fn an_intent_that_nobody_wants_any_more_is_taken_back() {
    let mut runner = settled();
    {
        let mut state = runner.world.state();
        state.refused = ["commit".to_owned()].into();
        state.calls = 0;
        // The intent is durable, and its commit never sent.
        state.fault = Some(Fault {
            at: 1,
            kind: FaultKind::CrashAfter,
        });
        state.edit("cart", |cart| cart.spec.environments[0].replicas = 2);
    }
    runner.round();
    {
        let mut state = runner.world.state();
        state.refused.clear();
        state.edit("cart", |cart| cart.spec.environments[0].replicas = 1);
    }
    runner.settle();
    runner.world.state().second += 60;
    runner.settle();
    let state = runner.world.state();
    let cart = &state.applications["shop/cart"];
    let intents = &cart.metadata.annotations.as_ref().unwrap()["harmonix.io/intents"];
    assert!(!intents.contains("commitFiles"), "{intents}");
    drop(state);
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn a_second_try_that_is_refused_says_nothing_of_the_first() {
    let mut runner = settled();
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
    let mut runner = settled();
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
fn settings_are_not_taken_for_applied_because_a_commit_came_late() {
    let mut runner = Runner::new(platform());
    {
        let mut state = runner.world.state();
        state.put_application(application("cart", &["dev"]));
        state.calls = 0;
        // The hold, the group, its record, the project, its record, and the commit, which is still on its
        // way when nobody waits for it any more.
        state.fault = Some(Fault {
            at: 6,
            kind: FaultKind::Refused,
        });
    }
    runner.application("cart");
    let late = {
        let mut state = runner.world.state();
        assert!(state.fault.is_none(), "nothing was unanswered");
        state.fault = Some(Fault {
            at: state.calls + 1,
            kind: FaultKind::CrashAfter,
        });
        state.tried.take().unwrap()
    };
    runner.application("cart");
    runner.restart();
    {
        let mut state = runner.world.state();
        let made = state.commit(&late.project, &late.message, &late.actions);
        if made.is_ok() {
            state.effects.push(format!("commit {}", late.project));
        }
    }
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn a_record_hangs_on_one_that_no_status_tells_of() {
    let mut runner = settled();
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

#[test]
fn a_record_hangs_on_one_that_waits_and_that_an_old_view_had_written() {
    let mut runner = settled();
    let before = runner.world.state().applications["shop/cart"].clone();
    {
        let mut state = runner.world.state();
        state.edit("cart", |cart| cart.spec.environments[0].replicas = 2);
        // The refusal is to be recorded, and the commit after it; both wait in the status.
        state.unreadable = ["denied dev-place".to_owned()].into();
    }
    runner.application("cart");
    let mut seen = runner.world.state().applications["shop/cart"].clone();
    let waiting = seen.status.as_ref().and_then(|s| s.effects.as_ref());
    assert_eq!(waiting.unwrap().backlog.len(), 2);
    // As it was when the intent was durable, and no status told of it.
    seen.status = before.status;
    seen.metadata.resource_version = before.metadata.resource_version;
    runner.world.state().unreadable.clear();
    runner.restart();
    assert_eq!(
        runner.application_as(&seen),
        Ended::Unwritten(StoreError::Stale)
    );
    runner.restart();
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}
