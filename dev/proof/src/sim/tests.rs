//! The simulation's own proof: it is still, it reaches what it says, and every oracle can say no.

use std::sync::Arc;
use std::sync::OnceLock;

use harmonix::api::Application;
use harmonix_miniature::violations;

use super::judge::{Outline, status_step, status_truth};
use super::run::Stage;
use super::schedule::{Act, CART, Door, Mishap, Planned, Schedule, Start, Stir, Style, Trouble};
use super::universe::{Event, Universe};
use super::{api, life, shrink};

fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(Stage::set)
}

fn schedule(start: Start, acts: &[Act], troubles: &[Trouble]) -> Schedule {
    let planned = |act: &Act| Planned {
        after: 100,
        act: act.clone(),
    };
    Schedule {
        seed: 7,
        start,
        style: Style::Calm,
        acts: acts.iter().map(planned).collect(),
        troubles: troubles.to_vec(),
        concurrency: 16,
        pace: 20,
    }
}

/// A universe in which the application was made and came to rest.
fn lived() -> Universe {
    let made = Act::Application(CART.to_owned(), &["dev", "prod"]);
    let universe = stage().universe(schedule(Start::Platform, &[made], &[]), false);
    life::live(&universe);
    assert_eq!(super::judge::judge(&universe, None), Vec::<String>::new());
    universe
}

#[test]
fn the_same_seed_is_the_same_run() {
    let first: Vec<_> = (0..40)
        .map(|seed| stage().play(&Schedule::of(seed), false))
        .collect();
    // In another order, so that nothing may depend on what ran before.
    for seed in (0..40_u64).rev() {
        let again = stage().play(&Schedule::of(seed), true);
        let known = &first[usize::try_from(seed).unwrap()];
        assert_eq!(again.print, known.print, "seed {seed}");
        assert_eq!(again.violations, known.violations, "seed {seed}");
        assert!(!again.story.is_empty());
    }
}

#[test]
fn different_seeds_are_different_runs() {
    let mut prints: Vec<u64> = (0..40)
        .map(|seed| stage().play(&Schedule::of(seed), false).print)
        .collect();
    prints.sort_unstable();
    prints.dedup();
    assert!(prints.len() > 35, "{}", prints.len());
}

#[test]
fn a_crash_at_a_request_is_another_process() {
    let made = Act::Application(CART.to_owned(), &["dev"]);
    let crash = Trouble::Strike {
        door: Door::GitlabWrite,
        nth: 2,
        times: 1,
        mishap: Mishap::CrashAfter,
    };
    let outcome = stage().play(&schedule(Start::Platform, &[made], &[crash]), false);
    assert_eq!(outcome.violations, Vec::<String>::new());
    assert_eq!(outcome.tally.counts["processes"], 2);
    assert_eq!(outcome.tally.counts["trouble GitlabWrite crash after"], 1);
}

#[test]
fn a_watch_that_cannot_be_opened_with_410_begins_anew() {
    let made = Act::Application(CART.to_owned(), &["dev", "prod"]);
    let troubles = [
        Trouble::Watches {
            from: 88_000,
            lasts: 283_000,
            stir: Stir::Frozen,
        },
        Trouble::Watches {
            from: 155_000,
            lasts: 800,
            stir: Stir::Gone,
        },
    ];
    let outcome = stage().play(
        &schedule(Start::Running, &[Act::Push(CART.to_owned())], &troubles),
        false,
    );
    assert_eq!(outcome.violations, Vec::<String>::new());
    let outcome = stage().play(&schedule(Start::Platform, &[made], &troubles), false);
    assert_eq!(outcome.violations, Vec::<String>::new());
}

#[test]
fn a_status_of_an_environment_that_comes_late_does_not_stay() {
    let late = Trouble::Strike {
        door: Door::Status,
        nth: 1,
        times: 1,
        mishap: Mishap::Late,
    };
    let schedule = schedule(Start::Running, &[Act::Place("dev")], &[late]);
    let outcome = stage().play(&schedule, false);
    assert_eq!(outcome.violations, Vec::<String>::new());
}

/// The project is refused, and the status that says so arrives after the second try, which succeeds.
#[test]
fn a_refusal_that_is_told_late_is_not_the_word_on_a_later_try() {
    let soon = |act: Act| Planned { after: 1, act };
    let strike = |door, times, mishap| Trouble::Strike {
        door,
        nth: 1,
        times,
        mishap,
    };
    let schedule = Schedule {
        seed: 63_898,
        start: Start::Empty,
        style: Style::Storm,
        acts: vec![soon(Act::Environment("dev", 1)), soon(Act::Provider("dev"))],
        troubles: vec![
            strike(Door::Status, 5, Mishap::Late),
            strike(Door::GitlabWrite, 1, Mishap::Denied),
        ],
        concurrency: 16,
        pace: 5,
    };
    let outcome = stage().play(&schedule, false);
    assert_eq!(outcome.violations, Vec::<String>::new());
    assert_eq!(outcome.tally.counts["trouble GitlabWrite denied"], 1);
}

#[test]
fn another_end_state_is_seen() {
    let universe = lived();
    let wanted = Outline::of(universe.world());
    assert_eq!(wanted.differs(&wanted, true), Vec::<String>::new());
    let tampered = |change: fn(&mut harmonix_miniature::State)| {
        let world = universe.world().copy();
        change(&mut world.state());
        Outline::of(&world).differs(&wanted, true)
    };
    let services = tampered(|state| {
        state.services.pop_first();
    });
    assert!(
        services
            .iter()
            .any(|words| words.starts_with("O1: services")),
        "{services:?}"
    );
    let files = tampered(|state| {
        let repository = state.repository("apps/shop/cart").unwrap();
        Arc::make_mut(&mut repository.files).pop_first();
    });
    assert!(
        files.iter().any(|words| words.starts_with("O1: files")),
        "{files:?}"
    );
    let twice = tampered(|state| {
        let repository = state.repository("apps/shop/cart").unwrap();
        let run = repository.pipelines.last().unwrap().clone();
        repository.pipelines.push(run);
    });
    assert!(
        twice.iter().any(|words| words.starts_with("O2: pipelines")),
        "{twice:?}"
    );
    let commits = tampered(|state| {
        let repository = state.repository("apps/shop/cart").unwrap();
        let commit = repository.commits.last().unwrap().clone();
        repository.commits.push(commit);
    });
    assert!(
        commits.iter().any(|words| words.starts_with("O2: commits")),
        "{commits:?}"
    );
}

#[test]
fn a_record_too_few_or_too_many_is_seen() {
    let universe = lived();
    for change in [
        |rows: &mut Vec<harmonix::domain::audit::AuditRecord>| {
            rows.pop();
        },
        |rows: &mut Vec<harmonix::domain::audit::AuditRecord>| {
            let row = rows.last().unwrap().clone();
            rows.push(row);
        },
        |rows: &mut Vec<harmonix::domain::audit::AuditRecord>| rows.swap(0, 1),
    ] {
        let world = universe.world().copy();
        change(world.state().tables.values_mut().next().unwrap());
        assert_ne!(violations(&world), Vec::<String>::new());
    }
}

#[test]
fn a_project_that_belongs_to_nobody_is_seen() {
    let universe = lived();
    universe.world().state().applications.clear();
    let found = super::judge::judge(&universe, None);
    assert!(
        found.iter().any(|words| words.starts_with("O4")),
        "{found:?}"
    );
}

#[test]
fn a_world_that_never_comes_to_rest_is_seen() {
    let schedule = schedule(Start::Running, &[], &[]);
    let universe = stage().universe(schedule, false);
    for minute in (1..200).step_by(4) {
        let scribbler = universe.clone();
        let land = Event::Land(Box::new(move || scribbler.wrote()));
        universe.plan(universe.moment(minute * 60_000), land);
    }
    life::live(&universe);
    let found = super::judge::judge(&universe, None);
    assert!(
        found.iter().any(|words| words.starts_with("O6")),
        "{found:?}"
    );
}

#[test]
fn a_status_that_goes_back_or_lies_is_seen() {
    let universe = lived();
    let state = universe.world().state();
    let now: Application = state.applications[CART].clone();
    let mut back = now.clone();
    back.status.as_mut().unwrap().observed_generation = Some(0);
    let words = status_step(CART, &now, &back);
    assert!(
        words.iter().any(|words| words.contains("went back")),
        "{words:?}"
    );
    let mut ahead = now.clone();
    ahead.status.as_mut().unwrap().observed_generation = Some(99);
    assert_ne!(status_step(CART, &now, &ahead), Vec::<String>::new());
    drop(state);
    let mut state = universe.world().state();
    let table = api::Table::Applications;
    assert_eq!(status_truth(&state, table, CART), Vec::<String>::new());
    state.services.values_mut().next().unwrap().desired = 17;
    assert_ne!(status_truth(&state, table, CART), Vec::<String>::new());
}

#[test]
fn a_schedule_is_shrunk_to_what_it_takes() {
    let noise = |nth| Trouble::Strike {
        door: Door::Status,
        nth,
        times: 4,
        mishap: Mishap::Lost,
    };
    let replicas = |stage| Act::Replicas(CART.to_owned(), stage, 2);
    let acts = [replicas(0), Act::Push(CART.to_owned()), replicas(1)];
    let long = schedule(Start::Running, &acts, &[noise(1), noise(2), noise(3)]);
    // What violates nothing is left as it is.
    assert_eq!(shrink::shrink(stage(), &long), long);
    let pushed = |s: &Schedule| s.acts.iter().any(|p| matches!(p.act, Act::Push(_)));
    let struck = |s: &Schedule| {
        let mut all = s.troubles.iter();
        all.any(|t| matches!(t, Trouble::Strike { nth: 2, times, .. } if *times >= 2))
    };
    let short = shrink::shortest(&long, |s| (pushed(s) && struck(s)).then(|| "O1".to_owned()));
    let acts: Vec<&Act> = short.acts.iter().map(|planned| &planned.act).collect();
    assert_eq!(acts, [&Act::Push(CART.to_owned())]);
    let left = Trouble::Strike {
        door: Door::Status,
        nth: 2,
        times: 2,
        mishap: Mishap::Lost,
    };
    assert_eq!(short.troubles, [left]);
}
