//! The one world of all journeys, with its controller and a pair of ready providers.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use harmonix_dev::world::controller::{Start, binary};
use harmonix_dev::world::{Controller, World};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard, OnceCell, RwLock};

use super::cluster::Cluster;
use super::forge::Forge;
use super::guardian::Guardian;
use super::manifest;

/// Quick looks and short patience, so that a journey takes seconds.
const PACE: [&str; 10] = [
    "--poll-interval",
    "200ms",
    "--resync-interval",
    "2s",
    "--lost-answer-grace",
    "2s",
    "--pipeline-starts-within",
    "3s",
    "--pipeline-appears-within",
    "3s",
];

static SHARED: OnceCell<Shared> = OnceCell::const_new();

pub struct Shared {
    pub world: World,
    /// Held by everyone who goes together with others, and by those who go alone, for themselves.
    pub turn: RwLock<()>,
    pub guardian: Guardian,
    controller: Mutex<Option<Controller>>,
    starts: AtomicU32,
}

impl Shared {
    pub async fn get() -> &'static Self {
        SHARED.get_or_init(Self::make).await
    }

    async fn make() -> Self {
        let shared = Self::bare(env!("CARGO_CRATE_NAME")).await;
        // The default branch is protected: who pushes there is a maintainer.
        let developer = json!({ "username": "developer", "groups": { "aws-apps": "maintainer" } });
        Forge::of(&shared.world).user(developer).await;
        let cluster = Cluster::of(&shared.world).await;
        for object in manifest::platform() {
            cluster.apply(&object).await;
        }
        for environment in ["dev", "prod"] {
            cluster.ready("Environment", environment).await;
        }
        shared
    }

    /// A world with a controller in it and no objects.
    pub async fn bare(purpose: &str) -> Self {
        let (guardian, world) = Guardian::bring_up(purpose);
        let shared = Self {
            world,
            turn: RwLock::new(()),
            guardian,
            controller: Mutex::new(None),
            starts: AtomicU32::new(0),
        };
        drop(shared.running().await);
        shared
    }

    /// The controller; started where it does not run.
    pub async fn running(&self) -> MutexGuard<'_, Option<Controller>> {
        let mut held = self.controller.lock().await;
        let ended = held
            .as_mut()
            .is_none_or(|controller| controller.ended().unwrap().is_some());
        if ended {
            *held = Some(self.start_with(&[], &[]));
        }
        held
    }

    /// Starts a controller; these arguments and variables take the place of the usual ones.
    pub fn start_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Controller {
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let mut start = Start::of(controller_binary());
        start.name = format!("controller-{number}");
        let given = |option: &str| arguments.contains(&option);
        for pair in PACE.chunks(2).filter(|pair| !given(pair[0])) {
            start
                .arguments
                .extend(pair.iter().map(|&part| part.to_owned()));
        }
        start
            .arguments
            .extend(arguments.iter().map(|&argument| argument.to_owned()));
        let variables = variables
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        start.environment.extend(variables);
        start.environment.insert("NO_COLOR".into(), "1".into());
        self.world.start_controller(start).unwrap()
    }

    /// Ends the controller in good order and starts another.
    pub async fn restart(&self) {
        let mut held = self.running().await;
        let controller = held.as_mut().unwrap();
        controller.stop(Duration::from_secs(20)).await.unwrap();
        *held = Some(self.start_with(&[], &[]));
    }
}

pub fn controller_binary() -> PathBuf {
    if let Some(given) = std::env::var_os(binary::VARIABLE) {
        return given.into();
    }
    let beside = Path::new(env!("CARGO_BIN_EXE_harmonix-dev")).with_file_name("harmonix");
    assert!(
        beside.exists(),
        "there is no {}: build it with `cargo build --bin harmonix`, or run the tests with `cargo dev test`",
        beside.display()
    );
    beside
}
