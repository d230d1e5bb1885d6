//! Time and chance.

use harmonix::ports::Clock;
use jiff::Timestamp;

use super::Outside;

impl Clock for Outside {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.universe.now()).unwrap_or_default()
    }

    fn entropy(&self) -> [u8; 10] {
        let number = self.universe.world().state().next_number();
        let mut entropy = [0; 10];
        entropy[..8].copy_from_slice(&number.to_be_bytes());
        entropy
    }

    fn jitter(&self) -> f64 {
        self.universe.jitter()
    }
}
