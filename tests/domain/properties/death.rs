//! Deaths whose records no status tells of: the next process, and whoever deletes the object, meets them.

use harmonix::api::AuditChain;

use crate::world::{Ended, Fault, FaultKind, Runner, World, platform, shape, violations};

/// Lets the process die after the write of this number from now on, if there are so many.
fn die_after(runner: &mut Runner, at: usize) {
    {
        let mut state = runner.world.state();
        state.calls = 0;
        let kind = FaultKind::CrashAfter;
        state.fault = Some(Fault { at, kind });
    }
    for _ in 0..8 {
        let ended = runner.round();
        if ended.iter().any(|ended| matches!(ended, Ended::Crashed)) {
            break;
        }
    }
    runner.world.state().fault = None;
}

/// What the first process recorded is known to no status when the second dies.
#[test]
fn whoever_dies_twice_while_an_application_is_made_makes_it_once() {
    let start = platform();
    let story = |deaths: &[usize]| {
        let mut runner = Runner::new(start.copy());
        let cart = crate::world::application("cart", &["dev"]);
        runner.world.state().put_application(cart);
        for &at in deaths {
            die_after(&mut runner, at);
        }
        runner.settle();
        runner
    };
    let wanted = shape(&story(&[]).world);
    let mut wrong = Vec::new();
    for first in 1..=14 {
        for second in 1..=14 {
            let runner = story(&[first, second]);
            let mut said = violations(&runner.world);
            let found = shape(&runner.world);
            if found != wanted {
                said.push(format!("{found:#?}\ninstead of {wanted:#?}"));
            }
            if !said.is_empty() {
                wrong.push(format!("{first}, then {second}: {}", said.join("; ")));
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

#[test]
fn an_application_that_is_deleted_after_a_death_leaves_one_chain() {
    let start = platform();
    let mut wrong = Vec::new();
    for at in 1..=14 {
        let mut runner = Runner::new(start.copy());
        let cart = crate::world::application("cart", &["dev"]);
        runner.world.state().put_application(cart);
        die_after(&mut runner, at);
        runner.world.state().delete("cart");
        runner.settle();
        let said = violations(&runner.world);
        if !said.is_empty() {
            wrong.push(format!("{at}: {}", said.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever somebody writes into a status, or takes out of it, the records stay one chain: the table knows where
/// it ends, and is asked before a process writes its first record.
#[test]
fn a_status_that_was_altered_by_hand_does_not_break_the_chain() {
    type Alteration = fn(&mut Vec<AuditChain>, &[String]);
    let alterations: [(&str, Alteration); 5] = [
        ("an end that no record has", |chains, _| {
            chains[0].head = "f".repeat(64);
        }),
        ("the end of some time ago", |chains, hashes| {
            chains[0].head.clone_from(&hashes[1]);
        }),
        ("no end at all", |chains, _| chains.clear()),
        ("the end of nothing", |chains, _| {
            chains[0].head = String::new();
            chains[0].records = 0;
        }),
        ("another number of records", |chains, _| {
            chains[0].records = 4711;
        }),
    ];
    for (what, alter) in alterations {
        for dies in [true, false] {
            let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
            runner.settle();
            {
                let mut state = runner.world.state();
                let all = state.tables["acme-dev-place-audit"].iter();
                let own = all.filter(|r| r.attributes["objectRef"] == "Application/shop/cart");
                let hashes: Vec<String> = own.map(|r| r.hash().to_owned()).collect();
                let status = state
                    .applications
                    .get_mut("shop/cart")
                    .unwrap()
                    .status
                    .as_mut();
                let journal = status.unwrap().effects.as_mut().unwrap();
                alter(&mut journal.chains, &hashes);
                state.edit("cart", |cart| cart.spec.environments[0].replicas = 2);
            }
            let before = runner.world.state().effects.len();
            if dies {
                runner = Runner::new(runner.world.copy());
            }
            runner.settle();
            let said = violations(&runner.world);
            assert_eq!(
                said,
                Vec::<String>::new(),
                "{what}, the process dies: {dies}"
            );
            assert!(
                runner.world.state().effects.len() > before,
                "{what}: nothing was done"
            );
        }
    }
}
