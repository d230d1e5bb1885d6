//! A lane: one world, its platform Ready, in which plan after plan is played.

mod arm;
mod befall;
mod diary;
mod keeper;
mod play;
mod tidy;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::cluster::{Cluster, condition, is_settled};
use super::hosts::{Host, Hosts};
use super::scenario::Scenario;
use crate::failure::{Doing, Failure};
use crate::manifest;
use crate::progress::Progress;
use crate::tools::Cache;
use crate::world::layout::Layout;
use crate::world::{Executor, Options, Tasks, World};
use keeper::Keeper;

pub use play::Played;

/// Quick looks and short patience, so that a plan takes seconds.
const PACE: [(&str, &str); 6] = [
    ("--poll-interval", "200ms"),
    ("--resync-interval", "2s"),
    ("--lost-answer-grace", "2s"),
    ("--pipeline-starts-within", "3s"),
    ("--pipeline-appears-within", "3s"),
    ("--gitlab-timeout", "4s"),
];
/// How long the platform may take to be Ready.
const PLATFORM: Duration = Duration::from_mins(2);
/// After so many plans a world is ended and another one made: what is left of plans makes everything slower.
const PLANS_A_WORLD: u32 = 120;

/// How long a plan's waits may take, all together, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long those of twenty applications may.
const MANY: Duration = Duration::from_mins(5);
/// How long a request to GitLab may take here.
pub const GITLAB_TIMEOUT: Duration = Duration::from_secs(4);
/// How often what is settled is looked at here.
pub const RESYNC: Duration = Duration::from_secs(2);

/// How long a scenario's waits may take.
fn patience(scenario: Scenario) -> Duration {
    match scenario {
        Scenario::TwentyApplications => MANY,
        _ => PATIENCE,
    }
}

/// A world in which plans are played one after another.
#[derive(Debug)]
pub struct Lane {
    name: String,
    binary: PathBuf,
    progress: Progress,
    ground: Option<Ground>,
    /// Whether the controller logs everything.
    loud: bool,
    /// How many plans were played; no two have the same number.
    played: u32,
    /// How many of them in this world.
    here: u32,
}

/// What a world has to play on.
#[derive(Debug)]
struct Ground {
    world: World,
    cluster: Cluster,
    hosts: Hosts,
    keeper: Arc<Keeper>,
    /// How many lines of each journal were read.
    read: [usize; 3],
}

impl Lane {
    /// A lane of this name, for this controller; its world is made when it is needed.
    #[must_use]
    pub fn new(name: String, binary: PathBuf, progress: Progress) -> Self {
        Self {
            name,
            binary,
            progress,
            ground: None,
            loud: false,
            played: 0,
            here: 0,
        }
    }

    /// Answers the name of its world.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Has the controller log everything from now on.
    pub fn log_everything(&mut self) {
        self.loud = true;
    }

    /// Ends its world.
    pub async fn end(&mut self) -> Result<(), Failure> {
        if let Some(ground) = self.ground.take() {
            ground.keeper.rest().await;
        }
        World::down(&self.name, &self.progress).await.map(drop)
    }

    /// Ends its world and leaves nothing of it: what matters of a plan that failed is kept elsewhere.
    pub async fn remove(&mut self) -> Result<(), Failure> {
        self.end().await?;
        let layout = Layout::of(&Cache::of_user()?, &self.name);
        let folder = layout.folder();
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).doing(|| format!("remove {}", folder.display()))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Answers the ground to play on, and the text of the next run.
    async fn ground(&mut self) -> Result<(&mut Ground, String), Failure> {
        if self.here >= PLANS_A_WORLD {
            self.end().await?;
        }
        self.played += 1;
        self.here += 1;
        let run = format!("p{:04}", self.played);
        if self.ground.is_none() {
            self.here = 1;
            let ground = Ground::lay(&self.name, &self.binary, self.loud, &self.progress).await?;
            self.ground = Some(ground);
        }
        match &mut self.ground {
            Some(ground) => Ok((ground, run)),
            None => Err(Failure::new(format!("the world {} is gone", self.name))),
        }
    }
}

impl Ground {
    /// Brings a world up, with the platform Ready in it.
    async fn lay(
        name: &str,
        binary: &Path,
        loud: bool,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let options = Options {
            executor: Executor::Scripted,
            tasks: Tasks::None,
        };
        World::down(name, progress).await?;
        let (world, _) = World::up(name, options, progress).await?;
        let cluster = Cluster::of(&world).await?;
        let hosts = Hosts::of(&world);
        let keeper = Keeper::of(&world, binary, loud);
        keeper.start(None)?;
        for object in manifest::platform() {
            cluster.apply(&object).await?;
        }
        let platform = [
            ("EnvironmentProvider", "dev-eu"),
            ("EnvironmentProvider", "prod-eu"),
            ("Environment", "dev"),
            ("Environment", "prod"),
        ];
        for (kind, name) in platform {
            let is_over = |object: Option<&serde_json::Value>| {
                object.is_some_and(|object| {
                    is_settled(object) || condition(object, "Stalled").is_some()
                })
            };
            cluster.wait(kind, name, PLATFORM, is_over).await;
            if !cluster
                .now(kind, name)
                .is_some_and(|object| is_settled(&object))
            {
                return Err(Failure::new(format!(
                    "{kind} {name} of the world {} is not Ready within {PLATFORM:?}, or is stalled",
                    world.name
                ))
                .with_log(&keeper.log()));
            }
        }
        keeper.rest().await;
        Ok(Self {
            world,
            cluster,
            hosts,
            keeper,
            read: [0; 3],
        })
    }

    /// Answers what the journals have had since the last look.
    async fn news(&mut self) -> Result<Vec<crate::journal::Entry>, Failure> {
        let mut all = Vec::new();
        for (host, read) in Host::ALL.into_iter().zip(&mut self.read) {
            let news = self.hosts.journal(host, *read).await?;
            *read += news.len();
            all.extend(news);
        }
        all.sort_by_key(|entry| entry.time);
        Ok(all)
    }
}
