//! What is refused again and again: told, recorded, and done once it may be.

use std::time::Duration;

use harmonix::api::EffectJournal;

use crate::world::{Ended, Fault, FaultKind, Runner, World, provider};

/// The records of a provider that wait for their table.
fn journal(runner: &Runner) -> EffectJournal {
    let state = runner.world.state();
    let status = state.providers["dev-place"].status.clone();
    status.and_then(|s| s.effects).unwrap_or_default()
}

#[test]
fn a_place_that_may_not_be_made_for_hours_is_made_once_it_may() {
    let mut runner = Runner::new(World::new());
    runner.world.state().put_provider(provider("dev-place"));
    for refused in ["project places/dev-place", "commit places/dev-place"] {
        runner.world.state().refused = [refused.to_owned()].into();
        for _ in 0..60 {
            runner.round();
            runner.world.state().second += 300;
        }
        assert_eq!(runner.place_ready("dev-place").0, "False", "{refused}");
        let waiting = journal(&runner).backlog.len();
        assert!(waiting <= 6, "{refused}: {waiting} records wait");
    }
    runner.world.state().refused.clear();
    runner.settle();
    let ready = runner.place_ready("dev-place");
    assert_eq!(ready, ("True".into(), "Succeeded".into()));
    runner.assert_sound();
}

#[test]
fn a_name_that_another_project_has_is_told_and_tried_ever_more_rarely() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    {
        let mut state = runner.world.state();
        state.groups.insert("apps/shop".into());
        state.put_project("apps/shop/old-cart", "Somebody else's cart");
        let other = state.repository("apps/shop/old-cart").unwrap();
        other.name = "cart".into();
    }
    runner.go_on();
    let taken = ("False".to_owned(), "RepositoryConflict".to_owned());
    let mut waits = Vec::new();
    for _ in 0..6 {
        waits.push(runner.application("cart").unwrap());
        assert_eq!(runner.ready("cart"), taken);
        runner.world.state().second += 300;
    }
    let longest = Ended::Told(Some(Duration::from_mins(5)));
    assert_eq!(waits.last(), Some(&longest), "{waits:?}");
    let status = runner.world.state().applications["shop/cart"]
        .status
        .clone();
    let conditions = status.unwrap().conditions;
    let said = conditions.iter().find(|c| c.type_ == "Ready").unwrap();
    for words in ["apps/shop/cart", "already been taken", "rename"] {
        assert!(said.message.contains(words), "{}", said.message);
    }
    {
        let mut state = runner.world.state();
        state.repository("apps/shop/old-cart").unwrap().name = "old".into();
    }
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn another_repository_name_is_another_name_for_people_too() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    {
        let mut state = runner.world.state();
        state.groups.insert("apps/shop".into());
        state.put_project("apps/shop/cart", "Somebody else's cart");
        state.edit("cart", |cart| {
            let repository = cart.spec.repository.get_or_insert_default();
            repository.name = Some("basket".into());
        });
    }
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn what_was_refused_and_then_done_has_one_record_of_how_it_ended() {
    let mut start = Runner::new(World::with_stages(&[("dev", 1)]));
    start.settle();
    let mut crashed = 0;
    for at in 1..=6 {
        for kind in [FaultKind::CrashBefore, FaultKind::CrashAfter] {
            let mut runner = Runner::new(start.world.copy());
            {
                let mut state = runner.world.state();
                state.edit("cart", |cart| cart.spec.environments[0].replicas = 3);
                state.refused.insert("commit".into());
                state.calls = 0;
                state.fault = Some(Fault { at, kind });
            }
            let ended = runner.round();
            crashed += usize::from(ended.contains(&Ended::Crashed));
            runner.world.state().refused.clear();
            runner.settle();
            assert_eq!(runner.ready("cart").0, "True");
            runner.assert_sound();
        }
    }
    assert!(crashed >= 4, "{crashed}");
}

/// The API server takes the status of a process that died long ago, where nothing was written since that one saw it.
#[test]
fn a_late_status_that_tells_of_a_refusal_is_not_the_word_on_what_another_process_did_since() {
    let mut start = Runner::new(World::with_stages(&[("dev", 1)]));
    start.settle();
    let begin = |fault: Option<Fault>| {
        let runner = Runner::new(start.world.copy());
        let mut state = runner.world.state();
        state.edit("cart", |cart| cart.spec.environments[0].replicas = 3);
        state.refused.insert("commit".into());
        state.calls = 0;
        state.fault = fault;
        drop(state);
        runner
    };
    // What the first process would have told, had its status been stored at once.
    let told = begin(None);
    told.application("cart");
    let late = told.world.state().applications["shop/cart"].clone();
    let journal = late.status.clone().unwrap().effects.unwrap();
    assert_eq!(journal.settled.len(), 1, "{journal:?}");
    let mut tried = 0;
    for at in 1..=4 {
        // It dies of its status; the second one dies of a write of its own.
        let fault = |at, kind| Some(Fault { at, kind });
        let mut runner = begin(fault(3, FaultKind::CrashBefore));
        assert_eq!(runner.application("cart"), Some(Ended::Crashed));
        let version = |runner: &Runner| {
            let state = runner.world.state();
            state.applications["shop/cart"]
                .metadata
                .resource_version
                .clone()
        };
        let seen = version(&runner);
        {
            let mut state = runner.world.state();
            state.refused.clear();
            state.second += 60;
            state.calls = 0;
            state.fault = fault(at, FaultKind::CrashAfter);
        }
        runner.restart();
        let before = runner.world.state().count("commit");
        runner.application("cart");
        tried += runner.world.state().count("commit") - before;
        if version(&runner) == seen {
            let mut state = runner.world.state();
            let cart = state.applications.get_mut("shop/cart").unwrap();
            cart.status.clone_from(&late.status);
            cart.metadata.resource_version = Some("999999".into());
            state.version = 999_999;
        }
        runner.restart();
        runner.settle();
        assert_eq!(runner.ready("cart").0, "True");
        runner.assert_sound();
    }
    assert!(tried >= 2, "nothing was tried again");
}

#[test]
fn every_role_that_is_refused_is_recorded_once() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1), ("prod", 2)]));
    runner.settle();
    let denied = |runner: &Runner, names: &[&str]| {
        let mut state = runner.world.state();
        let words = names.iter().map(|name| format!("denied {name}-place"));
        state.unreadable = words.collect();
    };
    for names in [["dev"].as_slice(), &["dev", "prod"]] {
        denied(&runner, names);
        for _ in 0..3 {
            runner.application("cart");
            runner.world.state().second += 60;
        }
    }
    denied(&runner, &[]);
    runner.settle();
    let state = runner.world.state();
    for (table, records) in &state.tables {
        let told = records
            .iter()
            .filter(|r| r.attributes["status"] == "DENIED" && r.attributes["appName"] == "cart");
        assert_eq!(told.count(), 1, "{table}");
    }
    drop(state);
    runner.assert_sound();
}

#[test]
fn a_look_that_a_good_role_may_not_take_is_told_and_no_refused_role_is_recorded() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.settle();
    let records = |runner: &Runner| runner.world.state().tables["acme-dev-place-audit"].len();
    let before = records(&runner);
    let forbidden = "forbidden dev-place".to_owned();
    runner.world.state().unreadable.insert(forbidden);
    // A record of it would be written by the second pass, once the status holds it.
    for _ in 0..3 {
        runner.application("cart");
        runner.world.state().second += 60;
        assert_eq!(runner.ready("cart").1, "AwsDenied");
    }
    assert_eq!(records(&runner), before, "looks are not recorded");
    // Then the role itself is refused, and a new process tells that apart.
    runner.world.state().unreadable = ["denied dev-place".to_owned()].into();
    runner.restart();
    runner.application("cart");
    runner.world.state().unreadable.clear();
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    assert_eq!(records(&runner), before + 1);
    runner.assert_sound();
}

#[test]
fn a_refused_role_is_told_as_such_whoever_meets_it_and_a_refused_table_as_another_thing() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.settle();
    let denied = "denied dev-place".to_owned();
    runner.world.state().unreadable.insert(denied);
    // First the look at the service meets it, then the record of that, which waits for the role, too.
    for _ in 0..3 {
        runner.application("cart");
        runner.world.state().second += 60;
        assert_eq!(runner.ready("cart").1, "RoleDenied");
        let status = runner.world.state().applications["shop/cart"]
            .status
            .clone();
        let conditions = status.unwrap().conditions;
        let said = conditions.iter().find(|c| c.type_ == "Ready").unwrap();
        assert!(said.message.contains("assume the role"), "{}", said.message);
    }
    {
        let mut state = runner.world.state();
        state.unreadable.clear();
        state.refused.insert("record".into());
    }
    runner.application("cart");
    assert_eq!(runner.ready("cart").1, "AuditUnavailable");
    runner.world.state().refused.clear();
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}
