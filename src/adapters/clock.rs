//! The system's time and chance.

use jiff::Timestamp;

use crate::ports::Clock;

/// The only place that reads the clock or draws a number.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// Bytes that nobody can guess.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    #[must_use]
    pub fn secret(self) -> [u8; 32] {
        rand::random()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the place")]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn entropy(&self) -> [u8; 10] {
        rand::random()
    }

    fn jitter(&self) -> f64 {
        rand::random()
    }
}
