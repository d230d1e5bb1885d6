//! The annotation that asks for another try asks once, for what failed before it was set.

use harmonix::api::RETRY_ANNOTATION;
use harmonix::domain::file::{File, FileAction};

use crate::world::{Runner, World};

const CART: &str = "apps/shop/cart";

fn settled() -> Runner {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.settle();
    runner
}

fn ask(runner: &Runner, value: &str) {
    let mut state = runner.world.state();
    state.annotate("cart", RETRY_ANNOTATION, value);
    state.annotate_provider("dev-place", RETRY_ANNOTATION, value);
}

/// A push; answers its commit.
fn push(runner: &Runner, name: &str) -> String {
    let file = File::new(format!("src/{name}.js"), "// new\n");
    let mut state = runner.world.state();
    state
        .commit(CART, "Change", &[FileAction::Create(file)])
        .unwrap()
}

fn counts(runner: &Runner) -> [usize; 3] {
    let state = runner.world.state();
    ["pipeline build", "pipeline deploy", "pipeline provision"].map(|effect| state.count(effect))
}

#[test]
fn an_old_value_builds_nothing_again_and_neither_does_its_removal() {
    let mut runner = settled();
    ask(&runner, "old");
    runner.settle();
    let before = counts(&runner);
    let bad = push(&runner, "bad");
    let failing = format!("build - {}", &bad[..8]);
    runner.world.state().failing.insert(failing);
    runner.settle();
    let failed = ("False".to_owned(), "PipelineFailed".to_owned());
    assert_eq!(runner.ready("cart"), failed);
    assert_eq!(
        counts(&runner),
        before,
        "the value was set before it failed"
    );
    ask(&runner, "");
    runner.settle();
    assert_eq!(counts(&runner), before, "taking it away asks for nothing");
    runner.world.state().failing.clear();
    ask(&runner, "new");
    runner.settle();
    assert_eq!(counts(&runner)[0], before[0] + 1);
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn a_value_that_is_met_while_nobody_can_look_at_builds_still_asks_when_they_can() {
    for unreadable in ["pipelines", "jobs"] {
        let mut runner = settled();
        let before = counts(&runner);
        let bad = push(&runner, "bad");
        let failing = format!("build - {}", &bad[..8]);
        {
            let mut state = runner.world.state();
            state.failing.insert(failing);
            state.finish_pipelines();
            state.failing.clear();
            state.unreadable.insert(unreadable.into());
        }
        ask(&runner, "again");
        runner.round();
        runner.world.state().second += 30;
        runner.world.state().unreadable.clear();
        runner.settle();
        assert_eq!(counts(&runner)[0], before[0] + 1, "{unreadable}");
        assert_eq!(runner.ready("cart").0, "True", "{unreadable}");
        runner.assert_sound();
    }
}

#[test]
fn an_old_value_deploys_nothing_again_and_neither_does_its_removal() {
    let mut runner = settled();
    ask(&runner, "old");
    runner.settle();
    let before = counts(&runner);
    runner.world.state().services.clear();
    runner.settle();
    let missing = ("False".to_owned(), "ServiceMissing".to_owned());
    assert_eq!(runner.ready("cart"), missing);
    assert_eq!(counts(&runner), before, "the value was set before");
    ask(&runner, "");
    runner.settle();
    assert_eq!(counts(&runner), before, "taking it away asks for nothing");
    ask(&runner, "new");
    runner.settle();
    assert_eq!(counts(&runner)[1], before[1] + 1);
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}

#[test]
fn a_place_that_failed_is_not_provisioned_again_because_a_value_goes() {
    let mut runner = settled();
    runner.world.state().failing.insert("provision".into());
    {
        let mut state = runner.world.state();
        let mut place = state.providers["dev-place"].clone();
        place.spec.gitlab_groups.push("more".into());
        state.put_provider(place);
    }
    runner.settle();
    ask(&runner, "again");
    runner.settle();
    let before = counts(&runner);
    assert_eq!(before[2], 2, "once for the change, once for the person");
    ask(&runner, "");
    runner.settle();
    assert_eq!(counts(&runner), before);
    runner.world.state().failing.clear();
    ask(&runner, "and again");
    runner.settle();
    assert_eq!(counts(&runner)[2], before[2] + 1);
    assert_eq!(runner.place_ready("dev-place").0, "True");
    runner.assert_sound();
}

#[test]
fn a_green_build_that_left_nothing_is_built_again_when_a_person_asks() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.world.state().lost_artifacts = i64::MAX;
    runner.settle();
    let rejected = ("False".to_owned(), "GitLabRejected".to_owned());
    assert_eq!(runner.ready("cart"), rejected);
    {
        let mut state = runner.world.state();
        state.lost_artifacts = i64::try_from(state.counter).unwrap();
    }
    let before = counts(&runner);
    ask(&runner, "again");
    runner.settle();
    assert_eq!(counts(&runner)[0], before[0] + 1);
    assert_eq!(runner.ready("cart").0, "True");
    runner.assert_sound();
}
