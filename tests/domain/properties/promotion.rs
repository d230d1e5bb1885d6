//! P6: what runs where, and in which order.

use harmonix::domain::file::{File, FileAction};

use crate::world::{Runner, World};

const CART: &str = "apps/shop/cart";

fn two_stages() -> Runner {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1), ("prod", 2)]));
    runner.settle();
    runner
}

/// A developer's push of a new file; answers its commit.
fn push(runner: &Runner, name: &str) -> String {
    let file = File::new(format!("src/{name}.js"), "// new\n");
    let mut state = runner.world.state();
    state
        .commit(CART, &format!("Add {name}"), &[FileAction::Create(file)])
        .unwrap()
}

/// The release that runs in an environment, and how many replicas.
fn runs(runner: &Runner, environment: &str) -> (String, i32) {
    let state = runner.world.state();
    let cluster = format!("acme-{environment}-place-cluster");
    let found = state.services.iter().find(|((c, _), _)| c == &cluster);
    found
        .map(|(_, s)| (s.tags["harmonix:release"].clone(), s.desired))
        .unwrap_or_default()
}

fn count(runner: &Runner, effect: &str) -> usize {
    runner.world.state().count(effect)
}

/// Deployments of dev and prod, commits and builds by us.
fn counts(runner: &Runner) -> [usize; 4] {
    [
        "pipeline deploy dev",
        "pipeline deploy prod",
        "commit apps/shop/cart",
        "pipeline build",
    ]
    .map(|effect| count(runner, effect))
}

fn set_replicas(runner: &Runner, environment: usize, replicas: i32) {
    runner.world.state().edit("cart", |cart| {
        cart.spec.environments[environment].replicas = replicas;
    });
}

fn pin(runner: &Runner, environment: usize, release: Option<&str>) {
    let release = release.map(str::to_owned);
    runner.world.state().edit("cart", |cart| {
        cart.spec.environments[environment].release = release;
    });
}

#[test]
fn a_push_is_built_once_and_goes_through_the_stages_in_order() {
    let mut runner = two_stages();
    let before = counts(&runner);
    let sha = push(&runner, "a");
    runner.settle();
    assert_eq!(runs(&runner, "dev").0, sha);
    assert_eq!(runs(&runner, "prod").0, sha);
    let state = runner.world.state();
    let images: Vec<String> = state
        .services
        .values()
        .map(|s| s.image.rsplit('@').next().unwrap().to_owned())
        .collect();
    assert_eq!(images[0], images[1], "the same image everywhere");
    drop(state);
    assert_eq!(
        counts(&runner),
        [before[0] + 1, before[1] + 1, before[2], before[3]]
    );
    runner.assert_sound();
}

#[test]
fn a_release_that_fails_in_dev_never_reaches_prod() {
    let mut runner = two_stages();
    let good = runs(&runner, "prod").0;
    let bad = push(&runner, "bad");
    runner.world.state().failing.insert(format!("dev {bad}"));
    runner.settle();
    assert_eq!(runs(&runner, "prod").0, good);
    assert_eq!(
        runner.ready("cart"),
        ("False".into(), "PipelineFailed".into())
    );
    let better = push(&runner, "better");
    runner.settle();
    assert_eq!(runs(&runner, "dev").0, better);
    assert_eq!(runs(&runner, "prod").0, better);
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn a_build_that_fails_leaves_what_runs_and_a_new_commit_heals_it() {
    let mut runner = two_stages();
    let good = runs(&runner, "dev").0;
    let bad = push(&runner, "bad");
    runner
        .world
        .state()
        .failing
        .insert(format!("build - {}", &bad[..8]));
    runner.settle();
    assert_eq!(
        runner.ready("cart"),
        ("False".into(), "PipelineFailed".into())
    );
    assert_eq!(runs(&runner, "dev").0, good);
    let better = push(&runner, "better");
    runner.settle();
    assert_eq!(runs(&runner, "prod").0, better);
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn only_the_environment_that_changed_is_deployed() {
    let mut runner = two_stages();
    let before = counts(&runner);
    set_replicas(&runner, 1, 4);
    runner.settle();
    assert_eq!(
        counts(&runner),
        [before[0], before[1] + 1, before[2] + 1, before[3]]
    );
    assert_eq!((runs(&runner, "dev").1, runs(&runner, "prod").1), (1, 4));
    runner.assert_sound();
}

#[test]
fn a_change_there_and_back_is_a_change_each_time() {
    let mut runner = two_stages();
    let before = counts(&runner);
    for replicas in [2, 1, 2] {
        set_replicas(&runner, 0, replicas);
        runner.settle();
        assert_eq!(runs(&runner, "dev").1, replicas);
    }
    assert_eq!(
        counts(&runner),
        [before[0] + 3, before[1], before[2] + 3, before[3]]
    );
    runner.assert_sound();
}

#[test]
fn a_change_back_while_the_first_is_under_way_still_ends_where_it_was_asked_to() {
    let mut runner = two_stages();
    let before = counts(&runner);
    set_replicas(&runner, 0, 2);
    runner.round();
    set_replicas(&runner, 0, 1);
    for _ in 0..3 {
        runner.round();
    }
    assert_eq!(
        runner.ready("cart").1,
        "Deploying",
        "the first is still under way"
    );
    runner.settle();
    assert_eq!(runs(&runner, "dev").1, 1);
    assert_eq!(counts(&runner)[0], before[0] + 2);
    runner.assert_sound();
}

#[test]
fn a_pinned_release_goes_back_without_a_build_and_forward_again_without_one() {
    let mut runner = two_stages();
    let old = runs(&runner, "dev").0;
    let new = push(&runner, "new");
    runner.settle();
    let before = counts(&runner);
    pin(&runner, 0, Some(&old));
    pin(&runner, 1, Some(&old));
    runner.settle();
    assert_eq!(
        (runs(&runner, "dev").0, runs(&runner, "prod").0),
        (old.clone(), old.clone())
    );
    assert_eq!(counts(&runner)[3], before[3]);
    assert_eq!(runner.ready("cart").0, "True");
    pin(&runner, 0, None);
    pin(&runner, 1, None);
    runner.settle();
    assert_eq!(
        (runs(&runner, "dev").0, runs(&runner, "prod").0),
        (new.clone(), new)
    );
    assert_eq!(
        counts(&runner),
        [before[0] + 2, before[1] + 2, before[2], before[3]]
    );
    runner.assert_sound();
}

#[test]
fn a_pin_below_holds_back_nothing_that_already_runs_above() {
    let mut runner = two_stages();
    let old = runs(&runner, "dev").0;
    let new = push(&runner, "new");
    runner.settle();
    pin(&runner, 0, Some(&old));
    runner.settle();
    assert_eq!(runs(&runner, "dev").0, old);
    assert_eq!(
        runs(&runner, "prod").0,
        new,
        "it only goes back when asked to"
    );
    runner.assert_sound();
}

#[test]
fn a_pin_of_what_was_never_built_says_so_and_touches_nothing() {
    let mut runner = two_stages();
    let (before, release) = (counts(&runner), runs(&runner, "prod").0);
    pin(&runner, 1, Some(&"0".repeat(40)));
    runner.settle();
    assert_eq!(
        runner.ready("cart"),
        ("False".into(), "ReleaseNotFound".into())
    );
    assert_eq!(counts(&runner), before);
    assert_eq!(runs(&runner, "prod").0, release);
    pin(&runner, 1, None);
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
}

#[test]
fn a_newer_release_overtakes_one_that_still_waits() {
    let mut runner = two_stages();
    let before = counts(&runner);
    let first = push(&runner, "first");
    runner.round();
    runner.world.state().finish_pipelines();
    let second = push(&runner, "second");
    runner.world.state().finish_pipelines();
    runner.settle();
    assert_eq!(runs(&runner, "prod").0, second);
    let state = runner.world.state();
    let deployed = |release: &str| {
        state.projects.iter().flat_map(|r| &r.pipelines).any(|run| {
            run.variables
                .get("HARMONIX_RELEASE")
                .is_some_and(|r| r == release)
        })
    };
    assert!(!deployed(&first), "it was overtaken before it began");
    drop(state);
    assert_eq!(counts(&runner)[1], before[1] + 1);
    runner.assert_sound();
}

#[test]
fn the_retry_annotation_starts_a_failed_deployment_exactly_once_more() {
    let mut runner = two_stages();
    let bad = push(&runner, "bad");
    runner.world.state().failing.insert(format!("prod {bad}"));
    runner.settle();
    let before = counts(&runner);
    assert_eq!(runs(&runner, "dev").0, bad);
    assert_eq!(runner.ready("cart").0, "False");
    for value in ["1", "2"] {
        runner
            .world
            .state()
            .annotate("cart", harmonix::api::RETRY_ANNOTATION, value);
        runner.settle();
    }
    assert_eq!(
        counts(&runner),
        [before[0], before[1] + 2, before[2], before[3]]
    );
    runner.world.state().failing.clear();
    runner.settle();
    assert_eq!(
        counts(&runner)[1],
        before[1] + 2,
        "nothing starts without being asked"
    );
    runner
        .world
        .state()
        .annotate("cart", harmonix::api::RETRY_ANNOTATION, "3");
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn the_retry_annotation_starts_a_failed_build_exactly_once_more() {
    let mut runner = two_stages();
    let bad = push(&runner, "bad");
    runner.world.state().failing.insert(bad);
    runner.settle();
    let before = counts(&runner);
    runner
        .world
        .state()
        .annotate("cart", harmonix::api::RETRY_ANNOTATION, "1");
    runner.settle();
    assert_eq!(counts(&runner)[3], before[3] + 1);
    runner.world.state().failing.clear();
    let value = "a long reason, longer than the status could hold as it stands ".repeat(8);
    runner
        .world
        .state()
        .annotate("cart", harmonix::api::RETRY_ANNOTATION, &value);
    runner.settle();
    assert_eq!(counts(&runner)[3], before[3] + 2);
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn a_failed_place_is_started_again_exactly_once_when_asked() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.world.state().failing.insert("provision".into());
    runner.settle();
    assert_eq!(count(&runner, "pipeline provision"), 0);
    let annotate = |runner: &Runner, value: &str| {
        let mut state = runner.world.state();
        state.annotate_provider("dev-place", harmonix::api::RETRY_ANNOTATION, value);
    };
    annotate(&runner, "1");
    runner.settle();
    assert_eq!(count(&runner, "pipeline provision"), 1);
    runner.world.state().failing.clear();
    annotate(&runner, "2");
    runner.settle();
    assert_eq!(count(&runner, "pipeline provision"), 2);
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn a_level_with_two_environments_is_proven_by_both() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1), ("devb", 1), ("prod", 2)]));
    runner.settle();
    assert_eq!(runner.ready("cart").0, "True");
    let good = runs(&runner, "prod").0;
    let bad = push(&runner, "bad");
    runner.world.state().failing.insert(format!("devb {bad}"));
    runner.settle();
    assert_eq!(runs(&runner, "dev").0, bad);
    assert_eq!(runs(&runner, "prod").0, good);
    runner.assert_sound();
}

#[test]
fn nothing_wanted_is_stopped_and_still_counts_as_healthy() {
    let mut runner = two_stages();
    set_replicas(&runner, 0, 0);
    let sha = push(&runner, "a");
    runner.settle();
    assert_eq!(runs(&runner, "dev"), (sha.clone(), 0));
    assert_eq!(runs(&runner, "prod").0, sha);
    let state = runner.world.state();
    let summary = state.applications["shop/cart"]
        .status
        .as_ref()
        .unwrap()
        .summary
        .clone();
    assert_eq!(summary, "dev:Stopped prod:Running");
}
