//! A figure that is promised, and what came of it on this machine.

use std::fmt::Debug;

use super::say;

/// Tells a figure and whether the promise is kept. Time and memory depend on what else the machine does: only a figure that
/// reaches `fault` fails.
pub fn judge<T: Debug + PartialOrd>(line: &str, figure: &T, promised: &T, fault: &T) {
    let kept = if figure < promised { "kept" } else { "MISSED" };
    say(&format!("{line}: {kept}"));
    assert!(figure < fault, "{figure:?}");
}
