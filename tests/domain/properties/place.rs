//! A provider's pipeline: what removes it, skips it, or makes it run once more.

use std::sync::Arc;

use harmonix::api::{EnvironmentProvider, FINALIZER, INTENTS_ANNOTATION};
use harmonix::domain::file::{File, FileAction};
use kube::ResourceExt;

use crate::world::{Meddle, Runner, World, provider, violations};

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

/// The records of a place wait in its status until its own pipeline made their table: what somebody takes out of
/// the object in between must not take them along.
#[test]
fn what_somebody_takes_out_of_a_place_while_it_is_made_is_put_back_and_recorded() {
    type Alteration = fn(&mut EnvironmentProvider);
    let alterations: [(&str, Alteration); 3] = [
        ("the intents", |place| {
            place.annotations_mut().remove(INTENTS_ANNOTATION);
        }),
        ("what is in the intents", |place| {
            let annotations = place.annotations_mut();
            annotations.insert(INTENTS_ANNOTATION.into(), "[]".into());
        }),
        ("the finalizer", |place| place.metadata.finalizers = None),
    ];
    let steps = [
        "project places/dev-place",
        "commit places/dev-place",
        "settings places/dev-place",
    ];
    for after in steps {
        for (what, alter) in alterations {
            let world = World::with_stages(&[("dev", 1)]);
            world.state().meddle = Some(Meddle {
                after: after.into(),
                act: Arc::new(move |state| {
                    let mut place = state.providers["dev-place"].clone();
                    alter(&mut place);
                    state.put_provider(place);
                }),
            });
            let mut runner = Runner::new(world);
            runner.settle();
            assert_eq!(
                violations(&runner.world),
                Vec::<String>::new(),
                "{what}, {after}"
            );
            let state = runner.world.state();
            assert!(state.meddle.is_none(), "nobody took {what}");
            let mut told: Vec<&str> = state.tables["acme-dev-place-audit"]
                .iter()
                .filter(|record| record.attributes["objectRef"] == "EnvironmentProvider/dev-place")
                .map(|record| record.attributes["actionType"].as_str())
                .collect();
            told.sort_unstable();
            let wanted = ["ApplySettings", "CommitFiles", "CreateProject"];
            assert_eq!(told, wanted, "{what} is taken after {after}");
            let held = state.providers["dev-place"].metadata.finalizers.clone();
            assert_eq!(held, Some(vec![FINALIZER.to_owned()]), "{what}, {after}");
        }
    }
}
