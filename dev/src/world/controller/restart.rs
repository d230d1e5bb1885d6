//! A controller that runs, whoever started it, is ended in good order and started again.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::{NAME, World};
use crate::failure::Failure;

/// How long it may take to end: what it promises, and a little.
const LIMIT: Duration = Duration::from_secs(25);

impl World {
    /// Ends the world's controller (SIGTERM) and starts it again, just as it was started.
    pub async fn restart_controller(&self) -> Result<(), Failure> {
        let register = self.register();
        let part = register
            .part(NAME)?
            .filter(|part| part.process.is_alive())
            .ok_or_else(|| {
                Failure::new(format!(
                    "no controller runs in the world {}: `cargo dev demo --keep` leaves a world with one",
                    self.name
                ))
            })?;
        part.process.signal(Signal::SIGTERM);
        if !part.process.ended_within(LIMIT).await {
            let sentence = format!(
                "the controller (process {}) did not end within {LIMIT:?} after SIGTERM; its log is {}",
                part.process.pid,
                part.recipe.log.display()
            );
            return Err(Failure::new(sentence).with_log(&part.recipe.log));
        }
        register.start(&part.recipe).map(drop)
    }
}
