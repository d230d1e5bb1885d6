//! How the parts of a world are.

use super::World;
use super::part::Part;
use super::process::Memory;
use super::rise::listens;
use crate::failure::Failure;

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs, and serves where it should.
    Running,
    /// It runs, and does not serve on one of its ports.
    Deaf(u16),
    /// It has stopped.
    Stopped,
}

/// A part and how it is.
#[derive(Debug, Clone)]
pub struct PartStatus {
    /// The part.
    pub part: Part,
    /// How it is.
    pub state: State,
    /// How much memory it has, where it runs.
    pub memory: Option<Memory>,
}

impl World {
    /// Looks at every part.
    pub async fn status(&self) -> Result<Vec<PartStatus>, Failure> {
        let mut found = Vec::new();
        for part in self.register().parts()? {
            let state = state(&part).await;
            let memory = part
                .process
                .is_alive()
                .then(|| part.process.memory())
                .flatten();
            found.push(PartStatus {
                part,
                state,
                memory,
            });
        }
        Ok(found)
    }

    /// Says which part has stopped by itself, with the last lines of its log; nothing where all run.
    pub fn check(&self) -> Result<(), Failure> {
        match self
            .register()
            .parts()?
            .into_iter()
            .find(|part| !part.process.is_alive())
        {
            Some(part) => Err(part.recipe.died()),
            None => Ok(()),
        }
    }
}

async fn state(part: &Part) -> State {
    if !part.process.is_alive() {
        return State::Stopped;
    }
    for port in &part.recipe.ports {
        if !listens(*port).await {
            return State::Deaf(*port);
        }
    }
    State::Running
}
