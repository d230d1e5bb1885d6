//! Whoever needs a cluster takes turns: a machine that does one thing at a time is measured, and what a chart makes is there
//! once in a cluster.

use tokio::sync::{Mutex, MutexGuard};

static TURN: Mutex<()> = Mutex::const_new(());

/// Nobody else has a turn until this one ends.
pub async fn take() -> MutexGuard<'static, ()> {
    TURN.lock().await
}
