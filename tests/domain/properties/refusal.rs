//! What is refused again and again: told, recorded, and done once it may be.

use harmonix::api::EffectJournal;

use crate::world::{Runner, World, provider};

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
