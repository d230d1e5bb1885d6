//! One local world: its processes, ports and state on disk.
//!
//! [`World::up`] brings one up or finds it, [`World::load`] finds one that is up, [`World::down`] ends it. What is known
//! of it lies in its folder (`world.json`, `parts.json`), so that every command, and every test, sees the same.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub mod account;
mod apichaos;
mod aws;
pub mod controller;
pub(crate) mod environment;
pub mod gitlab;
mod job;
pub mod kubectl;
pub mod kubernetes;
pub mod layout;
mod life;
pub mod name;
mod outage;
pub mod part;
pub mod port;
pub mod process;
pub(crate) mod program;
mod registry;
pub(crate) mod rise;
pub mod secret;
mod setup;
pub mod status;
mod stop;
pub mod usage;

use crate::failure::{Doing, Failure};
use crate::tools::Cache;
use account::Identities;
use layout::Layout;
use port::Ports;

pub use controller::Controller;
pub use life::Found;
pub use outage::Stalled;

/// How pipelines are executed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Executor {
    /// Each job's script really runs.
    #[default]
    Real,
    /// Each job's result is scripted.
    Scripted,
}

/// How ECS tasks are run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Tasks {
    /// Each task is a process made from its image.
    #[default]
    Real,
    /// Each task of an image that exists counts as running.
    None,
}

/// What kind of world is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// How pipelines are executed.
    pub executor: Executor,
    /// How ECS tasks are run.
    pub tasks: Tasks,
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let executor = match self.executor {
            Executor::Real => "real",
            Executor::Scripted => "scripted",
        };
        let tasks = match self.tasks {
            Tasks::Real => "real",
            Tasks::None => "none",
        };
        write!(f, "--executor {executor} --tasks {tasks}")
    }
}

/// What lets people and the controller in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// The administrator of the cluster.
    pub kubernetes: String,
    /// The controller's user in GitLab, `harmonix`.
    pub gitlab_controller: String,
    /// The user `developer` in GitLab.
    pub gitlab_developer: String,
    /// The user `administrator` in GitLab.
    pub gitlab_administrator: String,
    /// The controller's installation key.
    pub installation_key: String,
}

/// A world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// Its name.
    pub name: String,
    /// Where its files are.
    #[serde(rename = "folder")]
    pub layout: Layout,
    /// What kind of world it is.
    pub options: Options,
    /// Its ports on 127.0.0.1.
    pub ports: Ports,
    /// Its tokens.
    pub tokens: Tokens,
    /// Who AWS knows.
    pub identities: Identities,
    /// The base image of Node applications, by digest.
    pub node_image: String,
}

impl World {
    /// Finds the world of this name, which was brought up before.
    pub fn load(name: &str) -> Result<Self, Failure> {
        name::check(name)?;
        let layout = Layout::of(&Cache::of_user()?, name);
        Self::read(&layout)?
            .filter(|_| layout.ready().exists())
            .ok_or_else(|| {
                Failure::new(format!(
                    "the world {name:?} is not up: bring it up with `cargo dev up --name {name}`"
                ))
            })
    }

    /// Reads what is known of a world, whether or not it came up whole; nothing where there is none.
    fn read(layout: &Layout) -> Result<Option<Self>, Failure> {
        let record = layout.record();
        let what = || format!("read {}", record.display());
        match std::fs::read(&record) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).doing(what),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).doing(what),
        }
    }

    /// Answers the address of the Kubernetes API server.
    #[must_use]
    pub fn kubernetes_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.ports.kubernetes)
    }

    /// Answers the address of the proxy in front of the API server.
    #[must_use]
    pub fn apichaos_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.apichaos)
    }

    /// Answers the address of AWS, for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn aws_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.aws)
    }

    /// Answers the address of GitLab.
    #[must_use]
    pub fn gitlab_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.gitlab)
    }

    /// Answers the path of the `kubectl` that fits the API server.
    #[must_use]
    pub fn kubectl(&self) -> PathBuf {
        self.layout.programs().join("kubectl")
    }
}
