//! The keeper of a controller: starts it again as soon as it has died, as Kubernetes would.

mod pair;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;

use super::super::evidence::Happening;
use super::PACE;
use super::diary::Diary;
use crate::failure::Failure;
use crate::world::World;
use crate::world::controller::{Controller, NAME, Start, Way, WrongClock};
use crate::world::part::write_whole;

const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// A controller that dies so often in one plan dies of itself.
const MOST_STARTS: u32 = 40;
/// The variable that arms a point in the controller's code.
const POINT: &str = "HARMONIX_FAILPOINT";

/// Keeps one controller running.
#[derive(Debug)]
pub struct Keeper {
    world: World,
    binary: PathBuf,
    pid_file: PathBuf,
    loud: bool,
    state: Mutex<State>,
    /// What was noted of starts and deaths.
    pub diary: Diary,
}

#[derive(Debug, Default)]
struct State {
    controller: Option<Controller>,
    /// The one that waits for its turn, where there are two.
    second: Option<Controller>,
    /// Whether it is started again when it has died.
    kept: bool,
    starts: u32,
    deaths: u32,
    /// Its clock, where that may be wrong.
    clock: Option<WrongClock>,
}

impl Keeper {
    /// The keeper of a world's controller, which does not run yet.
    pub fn of(world: &World, binary: &Path, loud: bool) -> Arc<Self> {
        let keeper = Arc::new(Self {
            pid_file: world.layout.path("controller/pid"),
            world: world.clone(),
            binary: binary.to_owned(),
            loud,
            state: Mutex::default(),
            diary: Diary::default(),
        });
        let watched = Arc::downgrade(&keeper);
        tokio::spawn(async move {
            while let Some(keeper) = watched.upgrade() {
                keeper.look();
                drop(keeper);
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
        keeper
    }

    /// Sets the controller's clock wrong by so much. It goes by that clock from its next start on.
    pub fn set_clock(&self, by: SignedDuration) -> Result<(), Failure> {
        let mut state = self.lock();
        match &state.clock {
            Some(clock) => clock.set(by),
            None => {
                let file = self.world.layout.path("controller/clock");
                state.clock = Some(WrongClock::new(file, by)?);
                Ok(())
            }
        }
    }

    /// Answers the file with the id of the process that runs.
    pub fn pid_file(&self) -> &Path {
        &self.pid_file
    }

    /// Answers the controller's log.
    pub fn log(&self) -> PathBuf {
        self.world.layout.log(NAME)
    }

    /// Answers how often it died of itself since the plan began.
    pub fn deaths(&self) -> u32 {
        self.lock().deaths
    }

    /// Starts it, and keeps it running from now on; a point in its code may be armed for this one life.
    pub fn start(&self, point: Option<&str>) -> Result<(), Failure> {
        let mut state = self.lock();
        state.kept = true;
        self.begin(&mut state, point)
    }

    /// Kills it, and leaves it dead; what was counted is forgotten.
    pub async fn rest(&self) {
        let State {
            controller, second, ..
        } = std::mem::take(&mut *self.lock());
        end([controller, second]).await;
    }

    /// Kills it, and keeps what was counted.
    pub async fn stop(&self) {
        let both = {
            let mut state = self.lock();
            state.kept = false;
            [state.controller.take(), state.second.take()]
        };
        end(both).await;
    }

    fn look(&self) {
        let mut state = self.lock();
        let Some(controller) = &mut state.controller else {
            return;
        };
        if matches!(controller.ended(), Ok(None)) {
            return;
        }
        state.controller = None;
        state.deaths += 1;
        self.diary.note(Happening::Died);
        if state.kept && state.starts < MOST_STARTS {
            // One that cannot be started is missed by whoever waits for what it should do.
            let _ = self.begin(&mut state, None);
        }
    }

    fn begin(&self, state: &mut State, point: Option<&str>) -> Result<(), Failure> {
        let controller = self.world.start_controller(self.started(state, point))?;
        self.begun(state, controller)
    }

    /// How a controller is started here.
    fn started(&self, state: &State, point: Option<&str>) -> Start {
        let mut start = Start::of(self.binary.clone());
        for (name, value) in PACE {
            start.arguments.extend([name.to_owned(), value.to_owned()]);
        }
        if self.loud {
            let level = ["--log-level", "info,harmonix=debug"];
            start.arguments.extend(level.map(str::to_owned));
        }
        start.way = Way::Apichaos;
        start.clock.clone_from(&state.clock);
        start.environment.insert("NO_COLOR".into(), "1".into());
        if let Some(point) = point {
            start.environment.insert(POINT.into(), point.to_owned());
        }
        start
    }

    fn begun(&self, state: &mut State, controller: Controller) -> Result<(), Failure> {
        // Whoever kills by this file finds the old id in it, or the new one, and nothing between.
        write_whole(&self.pid_file, &controller.pid())?;
        state.controller = Some(controller);
        state.starts += 1;
        self.diary.note(Happening::Started);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Kills those that there are; one that has ended already is as dead as it should be.
async fn end(controllers: [Option<Controller>; 2]) {
    for mut controller in controllers.into_iter().flatten() {
        let _ = controller.kill().await;
    }
}
