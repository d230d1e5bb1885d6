//! P4: groups, which several objects may want at once.

use crate::world::{Fault, FaultKind, Runner, application, platform};

#[test]
fn of_several_objects_that_wanted_one_group_one_records_that_it_made_it() {
    let start = platform();
    for kind in FaultKind::ALL {
        let mut runner = Runner::new(start.copy());
        {
            let mut state = runner.world.state();
            for name in ["cart", "till"] {
                state.put_application(application(name, &["dev"]));
            }
            // Both have written down that they make the group; neither has.
            state.fault = Some(Fault {
                at: state.calls + 2,
                kind: FaultKind::CrashBefore,
            });
        }
        runner.application("cart");
        runner.restart();
        {
            let mut state = runner.world.state();
            state.fault = Some(Fault {
                at: state.calls + 2,
                kind: FaultKind::CrashBefore,
            });
        }
        runner.application("till");
        runner.restart();
        {
            let mut state = runner.world.state();
            state.fault = Some(Fault {
                at: state.calls + 1,
                kind,
            });
        }
        runner.settle();
        runner.world.state().second += 30;
        runner.settle();
        runner.assert_sound();
        assert_eq!(runner.world.state().count("group "), 1, "{kind:?}");
    }
}
