//! A provider's pipeline: what removes it, skips it, or makes it run once more.

use harmonix::domain::file::{File, FileAction};

use crate::world::{Runner, World, provider};

const PLACE: &str = "places/dev-place";

fn settled() -> Runner {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.settle();
    runner
}

fn counts(runner: &Runner) -> [usize; 2] {
    let state = runner.world.state();
    ["commit places/dev-place", "pipeline provision"].map(|effect| state.count(effect))
}

#[test]
fn a_pipeline_that_was_removed_is_remembered_by_its_success() {
    let mut runner = settled();
    let (before, writes) = (counts(&runner), runner.world.state().writes.len());
    runner
        .world
        .state()
        .repository(PLACE)
        .unwrap()
        .pipelines
        .clear();
    for _ in 0..3 {
        runner.round();
        runner.world.state().second += 600;
        runner.restart();
    }
    let ready = runner.place_ready("dev-place");
    assert_eq!(ready, ("True".into(), "Succeeded".into()));
    assert_eq!(counts(&runner), before);
    assert_eq!(runner.world.state().writes.len(), writes);
    // What is asked for later is provisioned as ever.
    {
        let mut state = runner.world.state();
        let mut place = state.providers["dev-place"].clone();
        place.spec.gitlab_groups.push("more".into());
        state.put_provider(place);
    }
    runner.settle();
    assert_eq!(counts(&runner), [before[0] + 1, before[1] + 1]);
    assert_eq!(runner.place_ready("dev-place").0, "True");
    runner.assert_sound();
}

#[test]
fn a_skipped_pipeline_does_not_speak_for_the_one_that_ran() {
    let mut runner = settled();
    {
        let mut state = runner.world.state();
        let note = FileAction::Create(File::new("NOTES.md", "Mind the gap.\n"));
        state.commit(PLACE, "Note [skip ci]", &[note]).unwrap();
        // The cluster is lost and rebuilt: nothing remembers the pipeline.
        state.put_provider(provider("dev-place"));
    }
    runner.restart();
    let before = counts(&runner);
    runner.settle();
    let ready = runner.place_ready("dev-place");
    assert_eq!(ready, ("True".into(), "Succeeded".into()));
    assert_eq!(counts(&runner), before);
}

#[test]
fn a_place_whose_pipeline_could_not_be_looked_at_when_it_was_taken_over_is_not_provisioned_again() {
    for unreadable in ["pipelines", "jobs"] {
        let mut runner = settled();
        // The cluster is lost and rebuilt: nothing remembers the pipeline.
        runner.world.state().put_provider(provider("dev-place"));
        runner.restart();
        let before = counts(&runner);
        runner.world.state().unreadable.insert(unreadable.into());
        for _ in 0..3 {
            runner.round();
            runner.world.state().second += 30;
        }
        runner.world.state().unreadable.clear();
        runner.settle();
        let ready = runner.place_ready("dev-place");
        assert_eq!(ready, ("True".into(), "Succeeded".into()), "{unreadable}");
        assert_eq!(counts(&runner), before, "{unreadable}");
        runner.assert_sound();
    }
}

#[test]
fn files_that_were_put_back_are_provisioned_once_more() {
    let mut runner = settled();
    let before = counts(&runner);
    {
        let mut state = runner.world.state();
        let path = ".harmonix/provision.sh";
        let last_commit = state.repository(PLACE).unwrap().files[path].1.clone();
        let file = File::new(path, "exit 0\n");
        let action = FileAction::Update { file, last_commit };
        state.commit(PLACE, "Shortcut", &[action]).unwrap();
    }
    runner.restart();
    runner.settle();
    assert_eq!(counts(&runner), [before[0] + 1, before[1] + 1]);
    assert_eq!(runner.place_ready("dev-place").0, "True");
    runner.restart();
    runner.settle();
    assert_eq!(counts(&runner), [before[0] + 1, before[1] + 1]);
    runner.assert_sound();
}
