//! A sweep: several lanes that play side by side.

use std::path::PathBuf;
use std::thread::available_parallelism;

use super::lane::Lane;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::tools::{Cache, Tools};
use crate::world::controller::binary::{self, Profile};

/// Where a sweep plays.
#[derive(Debug, Clone)]
pub struct Ways {
    /// How many lanes.
    pub lanes: usize,
    /// The controller.
    pub controller: PathBuf,
}

impl Ways {
    /// Answers where a sweep plays: makes the tools, and the controller where none is given.
    pub async fn ready(
        lanes: Option<u16>,
        controller: Option<PathBuf>,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        Tools::ensure(progress).await?;
        let controller = match controller {
            Some(given) if given.is_file() => std::path::absolute(&given).unwrap_or(given),
            Some(given) => {
                return Err(Failure::new(format!(
                    "there is no controller at {}",
                    given.display()
                )));
            }
            None => {
                let cache = Cache::of_user()?;
                binary::given_or_built(&cache, Profile::Failpoints, progress).await?
            }
        };
        Ok(Self {
            lanes: lanes.map_or_else(default_lanes, usize::from),
            controller,
        })
    }

    /// Answers the lanes, no more than there is to do.
    #[must_use]
    pub fn lanes(&self, most: usize) -> Vec<Lane> {
        let process = std::process::id();
        let lane = |number: usize| {
            let name = format!("chaos-{process}-{number}");
            // What worlds say while they come up and go is no news here.
            Lane::new(name, self.controller.clone(), Progress::silent())
        };
        (1..=self.lanes.min(most.max(1))).map(lane).collect()
    }
}

/// Lanes wait more than they work.
fn default_lanes() -> usize {
    available_parallelism().map_or(4, |cores| cores.get() * 2)
}
