//! What was decided and is no longer wanted, while nobody knows whether it happened: it is found out, and
//! every effect has its one record in an unbroken chain, whatever was wanted next.

use crate::world::{Fault, FaultKind, Runner, World, application};

/// A platform at rest, with its group of applications.
fn platform() -> World {
    let world = World::with_stages(&[("dev", 1)]);
    let mut runner = Runner::new(world);
    runner.world.state().applications.clear();
    runner.settle();
    runner.world
}

#[test]
fn a_record_hangs_on_one_that_no_status_tells_of() {
    let mut runner = Runner::new(platform());
    let cart = application("cart", &["dev"]);
    runner.world.state().put_application(cart);
    runner.settle();
    {
        let mut state = runner.world.state();
        state.delete("cart");
        // The hold, and the record that says it was let go.
        state.fault = Some(Fault {
            at: state.calls + 2,
            kind: FaultKind::CrashAfter,
        });
    }
    runner.application("cart");
    runner.restart();
    // That the role is refused is a record, too.
    runner.world.state().unreadable = ["denied dev-place".to_owned()].into();
    runner.application("cart");
    runner.world.state().unreadable.clear();
    runner.settle();
    assert!(runner.world.state().applications.is_empty());
    runner.assert_sound();
}
