//! Schedules: all that a seed decides.

mod act;
mod drawn;
mod trouble;

use std::fmt;

pub use act::{Act, CART, DESK};
pub use trouble::{Door, Mishap, Party, Stir, Trouble};

/// What there is when a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Start {
    /// Nothing but GitLab's two top groups.
    Empty,
    /// Two places and two environments, ready.
    Platform,
    /// An application that runs in both, too.
    Running,
}

/// When people do what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Each act when the one before it has come to rest: then effects can be counted.
    Calm,
    /// At any time.
    Storm,
}

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Planned {
    /// Milliseconds after the one before.
    pub after: u64,
    /// What is done.
    pub act: Act,
}

/// One run, as the seed drew it or as it was shortened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Decides every duration.
    pub seed: u64,
    /// What there is.
    pub start: Start,
    /// When acts come.
    pub style: Style,
    /// What people do.
    pub acts: Vec<Planned>,
    /// What goes wrong.
    pub troubles: Vec<Trouble>,
    /// Passes of one kind at once.
    pub concurrency: u16,
    /// How long a request takes, in milliseconds, more or less.
    pub pace: u64,
}

impl Schedule {
    /// The schedule of a seed.
    pub fn of(seed: u64) -> Self {
        drawn::schedule(seed)
    }

    /// The same acts one after the other in a world where nothing goes wrong.
    #[must_use]
    pub fn reference(&self) -> Self {
        Self {
            seed: 0,
            start: self.start,
            style: Style::Calm,
            acts: self
                .acts
                .iter()
                .map(|planned| Planned {
                    after: 1000,
                    act: planned.act.clone(),
                })
                .collect(),
            troubles: Vec::new(),
            concurrency: 16,
            pace: 20,
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}: begins with {:?}, {:?}, {} passes at once, requests take about {} ms",
            self.seed, self.start, self.style, self.concurrency, self.pace
        )?;
        for planned in &self.acts {
            writeln!(f, "  act     {:?}, {} ms later", planned.act, planned.after)?;
        }
        for trouble in &self.troubles {
            writeln!(f, "  trouble {trouble:?}")?;
        }
        Ok(())
    }
}
