//! Two controllers that take turns, the first of which may stand still.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::super::super::evidence::Happening;
use super::{Keeper, LOOK_AGAIN};
use crate::failure::Failure;
use crate::world::secret;

/// What the other one is called.
const SECOND: &str = "controller-second";
/// How long a lease lasts here.
const LEASE: &str = "3s";
/// How long one may take to lead, or to be ready to.
const PATIENCE: Duration = Duration::from_secs(30);

impl Keeper {
    /// Starts two controllers that take turns, and waits until the first one leads and the second one waits with its caches
    /// filled. A point in the first one's code may be armed. Neither is started again when it dies.
    pub async fn start_two(&self, point: Option<&str>) -> Result<(), Failure> {
        self.stop().await;
        // Nobody is to wait for whoever held the last one.
        let lease = format!("turns-{}", secret::text(8).to_lowercase());
        self.begin_turn(&lease, point, false)?;
        self.says(false, "this process leads now").await?;
        self.begin_turn(&lease, None, true)?;
        self.says(true, "the caches are filled").await
    }

    /// Whether the one that led stands still.
    pub fn leader_stands_still(&self) -> bool {
        let pid = self.lock().controller.as_ref().map(super::Controller::pid);
        let stat = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok());
        stat.is_some_and(|stat| {
            stat.rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.starts_with('T'))
        })
    }

    /// Waits until the second one leads.
    pub async fn taken_over(&self) -> Result<(), Failure> {
        self.says(true, "this process leads now").await
    }

    /// Lets the one that stands still go on.
    pub fn go_on(&self) {
        let fault = "the one that stood still goes on".to_owned();
        self.diary.note(Happening::Struck { fault });
        if let Some(controller) = &self.lock().controller {
            // One that is dead does not go on.
            let _ = kill(Pid::from_raw(controller.pid()), Signal::SIGCONT);
        }
    }

    fn begin_turn(&self, lease: &str, point: Option<&str>, second: bool) -> Result<(), Failure> {
        let mut state = self.lock();
        let mut start = self.started(&state, point);
        let turns = [
            "--leader-election",
            "--lease-name",
            lease,
            "--lease-duration",
            LEASE,
        ];
        start.arguments.extend(turns.map(str::to_owned));
        if second {
            start.name = SECOND.to_owned();
            // Its log begins with it.
            let _ = fs::remove_file(self.world.layout.log(SECOND));
            state.second = Some(self.world.start_controller(start)?);
            return Ok(());
        }
        let controller = self.world.start_controller(start)?;
        self.begun(&mut state, controller)
    }

    /// Waits until one of the two has said something since it was started.
    async fn says(&self, second: bool, words: &str) -> Result<(), Failure> {
        let since = Instant::now();
        loop {
            let log = {
                let state = self.lock();
                let which = if second {
                    &state.second
                } else {
                    &state.controller
                };
                which.as_ref().map(|controller| controller.log().to_owned())
            };
            let text = log.map(|log| fs::read_to_string(log).unwrap_or_default());
            let text = text.unwrap_or_default();
            // Lives of the first one before this share its log.
            let life = text.rsplit("takes turns with other replicas").next();
            if life.is_some_and(|life| life.len() < text.len() && life.contains(words)) {
                return Ok(());
            }
            if since.elapsed() > PATIENCE {
                return Err(Failure::new(format!(
                    "no replica said {words:?} within {PATIENCE:?}"
                )));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
