//! What the controller says while nothing happens: one line for a transition or an effect, so none.

use std::path::PathBuf;

use crate::failure::{Doing, Failure};
use crate::world::World;
use crate::world::controller::NAME;

/// What a controller says of itself when it starts and ends.
const OF_ITSELF: [&str; 5] = [
    " INFO probes and metrics are served address=",
    " INFO started version=",
    " INFO the caches are filled",
    " INFO stopping: passes under way are finished first",
    " INFO stopped",
];

/// The log of the world's controller, from a moment on.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    begin: usize,
}

impl Log {
    /// The log from now on.
    pub fn of(world: &World) -> Result<Self, Failure> {
        let mut log = Self {
            path: world.layout.log(NAME),
            begin: 0,
        };
        log.begin = log.read()?.lines().count();
        Ok(log)
    }

    /// Answers the lines that were added since and that are not about the start or the end of the controller.
    pub fn lines(&self) -> Result<Vec<String>, Failure> {
        let text = self.read()?;
        let added = text.lines().skip(self.begin);
        Ok(added
            .filter(|line| !is_of_itself(line))
            .map(str::to_owned)
            .collect())
    }

    fn read(&self) -> Result<String, Failure> {
        std::fs::read_to_string(&self.path).doing(|| format!("read {}", self.path.display()))
    }
}

/// Answers whether a line tells of the start or the end of the controller, not of what it does.
#[must_use]
pub fn is_of_itself(line: &str) -> bool {
    OF_ITSELF.iter().any(|part| line.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_and_an_end_are_the_controllers_own_affair_and_all_else_is_not() {
        let own = [
            "2026-11-21T14:30:34.901733Z  INFO probes and metrics are served address=127.0.0.1:40123",
            r#"2026-11-21T14:30:34.982583Z  INFO started version="0.1.0" installation="62cd" gitlab=http://127.0.0.1:1/"#,
            "2026-11-21T14:30:35.113744Z  INFO the caches are filled",
            "2026-11-21T14:33:44.375915Z  INFO stopping: passes under way are finished first",
            "2026-11-21T14:33:44.376121Z  INFO stopped",
        ];
        assert!(own.into_iter().all(is_of_itself));
        let others = [
            r#"2026-11-21T14:30:35.201873Z  INFO transition object=Environment/dev verdict="settled" reason="Succeeded" everything is as the spec says"#,
            r#"2026-11-21T14:31:06.221395Z  INFO effect object=Application/shop/cart step="CreateGroup" result="done""#,
            "2026-11-21T14:33:44.376121Z  WARN the watch is interrupted; it is opened again until it holds",
            "thread 'main' panicked at src/main.rs:1:1:",
        ];
        assert!(!others.into_iter().any(is_of_itself));
    }
}
