//! P1, P2: whatever is asked for comes to rest in few rounds, and then nothing moves.

use crate::world::{Runner, World, application, environment, provider};

#[test]
fn an_application_in_two_stages_comes_to_rest_and_is_ready() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1), ("prod", 2)]));
    let rounds = runner.settle();
    assert!(rounds <= 12, "{rounds} rounds");
    assert_eq!(runner.ready("cart"), ("True".into(), "Succeeded".into()));
    let state = runner.world.state();
    assert_eq!(state.count("pipeline deploy dev"), 1);
    assert_eq!(state.count("pipeline deploy prod"), 1);
    assert_eq!(state.count("commit apps/shop/cart"), 1);
    assert_eq!(state.count("pipeline build"), 0, "the push alone builds");
    drop(state);
    runner.assert_sound();
}

#[test]
fn a_settled_world_is_left_alone_and_so_it_is_by_the_next_process() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1), ("prod", 2)]));
    runner.settle();
    let (effects, writes) = {
        let state = runner.world.state();
        (state.effects.len(), state.writes.len())
    };
    for _ in 0..3 {
        runner.round();
        runner.world.state().second += 600;
        runner.restart();
        runner.round();
    }
    let state = runner.world.state();
    assert_eq!(
        state.effects.len(),
        effects,
        "{:?}",
        &state.effects[effects..]
    );
    assert_eq!(state.writes.len(), writes, "{:?}", &state.writes[writes..]);
}

#[test]
fn the_three_kinds_may_come_in_any_order() {
    let shape = |order: [u8; 3]| {
        let mut runner = Runner::new(World::new());
        for kind in order {
            {
                let mut state = runner.world.state();
                match kind {
                    0 => state.put_provider(provider("dev-place")),
                    1 => state.put_environment(environment("dev", 1, &["dev-place"])),
                    _ => state.put_application(application("cart", &["dev"])),
                }
            }
            runner.settle();
        }
        assert_eq!(runner.ready("cart"), ("True".into(), "Succeeded".into()));
        runner.assert_sound();
        crate::world::shape(&runner.world)
    };
    let first = shape([0, 1, 2]);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(shape(order), first, "{order:?}");
    }
}

#[test]
fn the_happy_path_asks_gitlab_nothing_about_the_project_before_it_exists() {
    let runner = {
        let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
        runner.world.state().applications.clear();
        runner.settle();
        runner
    };
    let (outside, effects, writes) = {
        let mut state = runner.world.state();
        state.put_application(application("cart", &["dev"]));
        (state.outside.len(), state.effects.len(), state.writes.len())
    };
    runner.application("cart");
    let state = runner.world.state();
    assert_eq!(
        &state.effects[effects..],
        [
            "group apps/shop",
            "record CreateGroup",
            "project apps/shop/cart",
            "record CreateProject",
            "commit apps/shop/cart",
            "record CommitFiles",
            "settings apps/shop/cart",
            "record ApplySettings",
        ]
    );
    assert_eq!(
        &state.writes[writes..],
        ["hold Application/shop/cart", "status Application/shop/cart"]
    );
    let until_the_push: Vec<&String> = state.outside[outside..]
        .iter()
        .take_while(|what| *what != "settings apps/shop/cart")
        .filter(|what| !what.contains(' ') && *what != "session")
        .collect();
    assert_eq!(
        until_the_push,
        ["chain", "group"],
        "GitLab is asked for the group alone, and the table for earlier records, each once"
    );
}

#[test]
fn an_outage_of_anything_that_is_read_heals_by_itself() {
    for what in [
        "group",
        "project",
        "commits",
        "tree",
        "pipelines",
        "jobs",
        "artifacts",
        "session",
        "outputs",
        "cluster",
        "service",
        "probe",
    ] {
        let mut runner = Runner::new(World::with_stages(&[("dev", 1), ("prod", 2)]));
        runner.world.state().unreadable.insert(what.to_owned());
        for _ in 0..4 {
            runner.round();
            let mut state = runner.world.state();
            state.finish_pipelines();
            state.second += 30;
        }
        runner.world.state().unreadable.clear();
        runner.settle();
        assert_eq!(
            runner.ready("cart"),
            ("True".into(), "Succeeded".into()),
            "{what}"
        );
        runner.assert_sound();
    }
}

#[test]
fn an_outage_does_not_make_what_runs_unready() {
    for what in ["pipelines", "session", "service", "cluster"] {
        let mut runner = Runner::new(World::with_stages(&[("dev", 1), ("prod", 2)]));
        runner.settle();
        let effects = runner.world.state().effects.len();
        runner.world.state().unreadable.insert(what.to_owned());
        runner.round();
        runner.round();
        assert_eq!(
            runner.ready("cart").0,
            "True",
            "{what}: {:?}",
            runner.ready("cart")
        );
        assert_eq!(runner.world.state().effects.len(), effects, "{what}");
    }
}

#[test]
fn an_application_that_waits_for_its_place_asks_gitlab_nothing_about_its_project() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.application("cart");
    runner.restart();
    runner.application("cart");
    let state = runner.world.state();
    assert!(
        state.applications["shop/cart"].status.is_some(),
        "nobody looked"
    );
    assert!(
        !state.reads.iter().any(|read| read == "project"),
        "{:?}",
        state.reads
    );
}
