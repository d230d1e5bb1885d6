//! A gate in front of a host: once it asks us to wait, everybody waits.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Open, or closed until an instant.
#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<Option<Instant>>);

impl Gate {
    /// How long it stays closed; none while it is open.
    pub(super) fn remaining(&self, now: Instant) -> Option<Duration> {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until
            .map(|until| until.saturating_duration_since(now))
            .filter(|remaining| !remaining.is_zero())
    }

    /// Closes it for at least this long.
    pub(super) fn close(&self, now: Instant, after: Duration) {
        let until = now + after;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(held.map_or(until, |held| held.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_opens_when_its_time_has_passed_and_a_shorter_wait_does_not_open_it_early() {
        let gate = Gate::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(gate.remaining(start), None);
        gate.close(start, Duration::from_secs(30));
        gate.close(start, Duration::from_secs(5));
        assert_eq!(gate.remaining(after(10)), Some(Duration::from_secs(20)));
        assert_eq!(gate.remaining(after(30)), None);
    }
}
