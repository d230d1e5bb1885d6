//! P3, P4: whatever goes wrong around any one write, the world ends as if nothing had.

use harmonix::domain::forge::Job;
use harmonix::domain::intent::{Action, parse_intents};
use kube::ResourceExt as _;

use crate::world::{Fault, FaultKind, Runner, Shape, World, platform, provider, shape, violations};

/// What a person does in a world at rest.
type Story = fn(&mut Runner);

fn told(start: &World, story: Story, fault: Option<FaultKind>, at: usize) -> Runner {
    let mut runner = Runner::new(start.copy());
    {
        let mut state = runner.world.state();
        state.calls = 0;
        state.fault = fault.map(|kind| Fault { at, kind });
    }
    story(&mut runner);
    runner.settle();
    runner
}

/// Every fault at every write of a story.
fn sweep(start: &World, story: Story) {
    let plain = told(start, story, None, 0);
    plain.assert_sound();
    let (wanted, calls) = (shape(&plain.world), plain.world.state().calls);
    assert!(calls > 2, "nothing happened");
    let mut wrong = Vec::new();
    for at in 1..=calls {
        for kind in FaultKind::ALL {
            let runner = told(start, story, Some(kind), at);
            let found = shape(&runner.world);
            let mut said = violations(&runner.world);
            if found != wanted {
                said.push(difference(&wanted, &found));
            }
            if !said.is_empty() {
                wrong.push(format!("{kind:?} at {at}: {}", said.join("; ")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        calls * FaultKind::ALL.len(),
        wrong.join("\n")
    );
}

/// Two stages at rest.
fn at_rest() -> World {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1), ("prod", 2)]));
    runner.settle();
    runner.world
}

fn difference(wanted: &Shape, found: &Shape) -> String {
    let (wanted, found) = (format!("{wanted:#?}"), format!("{found:#?}"));
    let only = |a: &str, b: &str| {
        let lines: Vec<String> = a
            .lines()
            .filter(|line| !b.lines().any(|other| other == *line))
            .map(|line| line.trim().chars().take(120).collect())
            .collect();
        lines.join(", ")
    };
    format!(
        "missing [{}], instead [{}]",
        only(&wanted, &found),
        only(&found, &wanted)
    )
}

#[test]
fn whatever_happens_while_a_place_is_made_it_is_made_once() {
    sweep(&World::new(), |runner| {
        runner.world.state().put_provider(provider("dev-place"));
    });
}

#[test]
fn whatever_happens_while_an_application_is_made_it_is_made_once() {
    let start = {
        let world = World::with_stages(&[("dev", 1), ("prod", 2)]);
        world.state().applications.clear();
        let mut runner = Runner::new(world);
        runner.settle();
        runner.world
    };
    sweep(&start, |runner| {
        let cart = crate::world::application("cart", &["dev", "prod"]);
        runner.world.state().put_application(cart);
    });
}

#[test]
fn whatever_happens_while_one_environment_changes_it_changes_once() {
    sweep(&at_rest(), |runner| {
        runner
            .world
            .state()
            .edit("cart", |cart| cart.spec.environments[0].replicas = 3);
    });
}

#[test]
fn whatever_happens_while_a_place_changes_it_changes_once() {
    sweep(&at_rest(), |runner| {
        let mut state = runner.world.state();
        let mut place = state.providers["dev-place"].clone();
        place.spec.gitlab_groups.push("more".into());
        state.put_provider(place);
    });
}

#[test]
fn whatever_happens_while_an_application_is_let_go_one_record_says_so() {
    sweep(&at_rest(), |runner| runner.world.state().delete("cart"));
}

/// A change of dev, with a fault at one of its writes while commits cannot be looked for.
fn change_with(kind: FaultKind, at: usize) -> Runner {
    let mut runner = Runner::new(at_rest());
    {
        let mut state = runner.world.state();
        state.calls = 0;
        state.fault = Some(Fault { at, kind });
        state.unreadable.insert("commits".into());
        state.edit("cart", |cart| cart.spec.environments[0].replicas = 2);
    }
    runner.round();
    runner
}

#[test]
fn a_deployment_started_in_a_pass_that_then_failed_is_the_one_remembered() {
    for at in 5..=8 {
        let runner = change_with(FaultKind::Refused, at);
        let state = runner.world.state();
        if state.count("pipeline deploy dev") < 2 {
            continue;
        }
        let started = state.projects.iter().flat_map(|r| &r.pipelines);
        let newest = started.map(|run| run.pipeline.id).max();
        let status = state.applications["shop/cart"].status.as_ref().unwrap();
        let known = status.rollouts[0].pipeline.as_ref().map(|p| p.id);
        let written = state.writes.last().is_some_and(|w| w.starts_with("status"));
        assert!(!written || known == newest, "{at}: {known:?} {newest:?}");
    }
}

#[test]
fn a_later_effect_is_not_recorded_before_an_earlier_one_that_cannot_be_looked_for() {
    for at in 3..=8 {
        let mut runner = change_with(FaultKind::CrashBefore, at);
        runner.round();
        runner.world.state().second += 60;
        runner.round();
        runner.world.state().unreadable.clear();
        runner.settle();
        runner.assert_sound();
    }
}

#[test]
fn a_deployment_that_ended_before_its_lost_start_was_found_is_told_with_its_job() {
    let mut lost = 0;
    for at in 5..=8 {
        let mut runner = Runner::new(at_rest());
        {
            let mut state = runner.world.state();
            state.calls = 0;
            let kind = FaultKind::CrashAfter;
            state.fault = Some(Fault { at, kind });
            state.edit("cart", |cart| cart.spec.environments[0].replicas = 2);
        }
        runner.round();
        let started = {
            let mut state = runner.world.state();
            let runs = state.projects.iter_mut().flat_map(|r| &mut r.pipelines);
            let found = runs
                .filter(|run| run.pipeline.name.starts_with("deploy dev"))
                .max_by_key(|run| run.pipeline.id);
            let run = found.unwrap();
            run.jobs = Some(vec![Job {
                id: 77,
                name: "harmonix-deploy-dev-dev-place".into(),
                status: "success".into(),
                ..Job::default()
            }]);
            let is_new = run.pipeline.status == "running";
            state.finish_pipelines();
            is_new
        };
        runner.settle();
        if !started {
            continue;
        }
        lost += 1;
        let state = runner.world.state();
        let status = state.applications["shop/cart"].status.clone().unwrap();
        let row = status
            .deployments
            .iter()
            .find(|row| row.environment == "dev");
        let job = row.and_then(|row| row.job.clone());
        assert_eq!(
            job.map(|job| job.id),
            Some(77),
            "the process died after write {at}"
        );
    }
    assert!(
        lost > 0,
        "no deployment was under way when the process died"
    );
}

#[test]
fn whatever_happens_twice_while_an_application_is_made_its_records_are_one_chain() {
    let start = platform();
    let mut wrong = Vec::new();
    for (first, second) in [
        (FaultKind::Refused, FaultKind::CrashBefore),
        (FaultKind::CrashAfter, FaultKind::CrashBefore),
    ] {
        for (at, after) in (1..=12).flat_map(|at| (1..=12).map(move |after| (at, after))) {
            let mut runner = Runner::new(start.copy());
            {
                let mut state = runner.world.state();
                state.calls = 0;
                state.fault = Some(Fault { at, kind: first });
                state.then = Some(Fault {
                    at: at + after,
                    kind: second,
                });
                state.put_application(crate::world::application("cart", &["dev"]));
            }
            runner.settle();
            let found = violations(&runner.world);
            if !found.is_empty() {
                wrong.push(format!(
                    "{first:?} at {at}, {second:?} at {}: {}",
                    at + after,
                    found.join("; ")
                ));
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

/// A change of dev whose deployment was tried, with no answer, and did not happen.
fn unanswered() -> Runner {
    for at in 1..12 {
        let runner = change_with_looks(FaultKind::Refused, at);
        let state = runner.world.state();
        let cart = &state.applications["shop/cart"];
        let text = cart.annotations().get(harmonix::api::INTENTS_ANNOTATION);
        let journal = cart.status.as_ref().and_then(|s| s.effects.clone());
        let journal = journal.unwrap_or_default();
        let intents = parse_intents(text.map(String::as_str)).unwrap();
        let open = intents
            .iter()
            .filter(|intent| !intent.is_settled(&journal))
            .any(|intent| matches!(intent.action, Action::Deploy { .. }));
        if open && state.count("pipeline deploy dev") == 1 {
            drop(state);
            return runner;
        }
    }
    panic!("no deployment was tried");
}

fn change_with_looks(kind: FaultKind, at: usize) -> Runner {
    let runner = Runner::new(at_rest());
    {
        let mut state = runner.world.state();
        state.calls = 0;
        state.fault = Some(Fault { at, kind });
        state.edit("cart", |cart| cart.spec.environments[0].replicas = 2);
    }
    runner.application("cart");
    runner
}

#[test]
fn a_look_that_takes_long_does_not_use_up_the_time_that_an_answer_has() {
    let mut runner = unanswered();
    {
        let mut state = runner.world.state();
        state.second += 12;
        state.read_takes = 5;
    }
    runner.application("cart");
    assert_eq!(runner.world.state().count("pipeline deploy dev"), 1);
    runner.world.state().read_takes = 0;
    runner.world.state().second += 30;
    runner.settle();
    assert_eq!(runner.world.state().count("pipeline deploy dev"), 2);
    runner.assert_sound();
}

#[test]
fn what_was_tried_again_before_a_crash_has_its_time_after_it() {
    let mut runner = unanswered();
    {
        // Tried a second time, long after it was written down; and this time nobody lives to hear.
        let mut state = runner.world.state();
        state.second += 600;
        let at = state.calls + 1;
        state.fault = Some(Fault {
            at,
            kind: FaultKind::CrashBefore,
        });
    }
    runner.application("cart");
    runner.restart();
    runner.application("cart");
    assert_eq!(runner.world.state().count("pipeline deploy dev"), 1);
    runner.world.state().second += 30;
    runner.settle();
    assert_eq!(runner.world.state().count("pipeline deploy dev"), 2);
    runner.assert_sound();
}

/// A change of dev whose commit was tried, with no answer, and did not happen.
fn uncommitted() -> Runner {
    let runner = change_with_looks(FaultKind::Refused, 2);
    assert_eq!(runner.world.state().count("commit apps/shop/cart"), 1);
    runner
}

#[test]
fn a_commit_that_may_still_happen_is_not_lost_with_its_object() {
    let mut runner = uncommitted();
    runner.world.state().delete("cart");
    runner.application("cart");
    assert_eq!(runner.world.state().applications.len(), 1);
    runner.world.state().second += 30;
    runner.settle();
    assert!(runner.world.state().applications.is_empty());
    runner.assert_sound();
}

#[test]
fn a_commit_that_may_still_happen_is_not_forgotten_because_nobody_wants_it_any_more() {
    let mut runner = uncommitted();
    runner
        .world
        .state()
        .edit("cart", |cart| cart.spec.environments[0].replicas = 1);
    runner.application("cart");
    assert_ne!(runner.ready("cart").1, "Succeeded");
    runner.world.state().second += 30;
    runner.settle();
    assert_eq!(runner.ready("cart").1, "Succeeded");
    runner.assert_sound();
}

#[test]
fn a_commit_that_arrives_while_files_are_looked_at_is_not_made_once_more() {
    let mut runner = uncommitted();
    runner.world.state().lands_after = Some("tree".into());
    runner.application("cart");
    runner.world.state().second += 30;
    runner.settle();
    assert_eq!(runner.world.state().count("commit apps/shop/cart"), 2);
    runner.assert_sound();
}
