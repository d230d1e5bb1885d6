//! The controller as the world runs it: the real binary, with its own account's rights and nothing more.

pub mod binary;
mod clock;
mod restart;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::World;
use super::account::{CONTROLLER_PRINCIPAL, REGION};
use super::environment;
use super::gitlab::{APPLICATIONS_GROUP, ISSUER, PROVIDERS_GROUP, RUNNER_TAG};
use super::part::{Part, Recipe};
use super::process::Memory;
use crate::failure::{Doing, Failure};

pub use clock::WrongClock;

/// What the one controller of a world is called.
pub const NAME: &str = "controller";
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How often a controller in a world looks at what is under way.
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Answers whether a part of this name is a controller.
#[must_use]
pub fn is_controller(name: &str) -> bool {
    name == NAME || name.starts_with("controller-")
}

/// How a controller is started.
#[derive(Debug, Clone)]
pub struct Start {
    /// The binary.
    pub binary: PathBuf,
    /// What it is called in `status` and `logs`: `controller`, or `controller-…` for more than one.
    pub name: String,
    /// Arguments beside the world's own; an option that is given here takes the place of the world's.
    pub arguments: Vec<String>,
    /// Variables in addition to the world's own.
    pub environment: BTreeMap<String, String>,
    /// How it reaches the API server.
    pub way: Way,
    /// Its clock, where that is wrong.
    pub clock: Option<WrongClock>,
}

/// How a controller reaches the API server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    /// As it is.
    #[default]
    Straight,
    /// Through the proxy of a scripted world, which fails on request.
    Apichaos,
}

impl Start {
    /// Starts this binary as the world has it.
    #[must_use]
    pub fn of(binary: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            name: NAME.to_owned(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            way: Way::default(),
            clock: None,
        }
    }
}

/// A controller that was started here. It outlives this value, and ends with its world at the latest.
#[derive(Debug)]
pub struct Controller {
    part: Part,
    child: Child,
}

impl World {
    /// Starts a controller.
    pub fn start_controller(&self, start: Start) -> Result<Controller, Failure> {
        let Start {
            binary,
            name,
            arguments,
            environment,
            way,
            clock,
        } = start;
        if !is_controller(&name) {
            return Err(Failure::new(format!(
                "{name:?} is no name for a controller: use {NAME:?} or \"{NAME}-…\""
            )));
        }
        let mut own = self.controller_environment();
        if way == Way::Apichaos {
            own.insert("KUBECONFIG".to_owned(), self.way_through_apichaos()?);
        }
        own.extend(clock.iter().flat_map(WrongClock::environment));
        own.extend(environment);
        let recipe = Recipe {
            log: self.layout.log(&name),
            name,
            program: binary,
            arguments: self.controller_arguments(&arguments),
            environment: own,
            folder: self.layout.folder().to_owned(),
            ports: Vec::new(),
        };
        let (part, child) = self.register().start(&recipe)?;
        Ok(Controller { part, child })
    }

    fn way_through_apichaos(&self) -> Result<String, Failure> {
        if self.register().part("apichaos")?.is_none() {
            return Err(Failure::new(format!(
                "the world {:?} has no proxy in front of its API server: make it anew, with --executor scripted",
                self.name
            )));
        }
        let kubeconfig = self.layout.apichaos_kubeconfig();
        Ok(kubeconfig.to_string_lossy().into_owned())
    }

    /// Answers the arguments of a controller in this world, with these of one's own.
    #[must_use]
    pub fn controller_arguments(&self, own: &[String]) -> Vec<String> {
        let file = |path: PathBuf| path.to_string_lossy().into_owned();
        // The local runner executes jobs on this machine and pulls no image for them; the references have to be
        // well-formed and to exist, no more.
        let job_image = self.node_image.clone();
        let options = [
            ("--gitlab-url", self.gitlab_url()),
            ("--gitlab-token-file", file(self.layout.gitlab_token())),
            (
                "--installation-key-file",
                file(self.layout.installation_key()),
            ),
            ("--gitlab-applications-group", APPLICATIONS_GROUP.to_owned()),
            ("--gitlab-providers-group", PROVIDERS_GROUP.to_owned()),
            ("--gitlab-oidc-issuer", ISSUER.to_owned()),
            ("--gitlab-oidc-audience", ISSUER.to_owned()),
            ("--controller-principal", CONTROLLER_PRINCIPAL.to_owned()),
            ("--node-image", self.node_image.clone()),
            ("--terraform-image", job_image.clone()),
            ("--build-image", job_image),
            ("--runner-tags", RUNNER_TAG.to_owned()),
            ("--poll-interval", format!("{}s", POLL_INTERVAL.as_secs())),
            // Any port: there may be several controllers in a world. The log says which.
            ("--listen", "127.0.0.1:0".to_owned()),
            ("--log-format", "text".to_owned()),
        ];
        let given = |option: &str| {
            own.iter()
                .any(|argument| argument.split('=').next() == Some(option))
        };
        std::iter::once("run".to_owned())
            .chain(
                options
                    .into_iter()
                    .filter(|(name, _)| !given(name))
                    .flat_map(|(name, value)| [name.to_owned(), value]),
            )
            .chain(own.iter().cloned())
            .collect()
    }

    /// Answers the whole environment of a controller in this world.
    #[must_use]
    pub fn controller_environment(&self) -> BTreeMap<String, String> {
        let key = &self.identities.controller.key;
        let own = [
            (
                "KUBECONFIG",
                self.layout
                    .controller_kubeconfig()
                    .to_string_lossy()
                    .into_owned(),
            ),
            // The world's API server stamps who asks.
            ("HARMONIX_REQUESTED_BY_STAMPED", "true".to_owned()),
            ("AWS_ENDPOINT_URL", self.aws_url()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", key.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", key.secret.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        let mut variables = environment::base(self.layout.folder());
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        variables
    }
}

impl Controller {
    /// Answers its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.part.process.pid
    }

    /// Answers its log.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.part.recipe.log
    }

    /// Answers how much memory it has; nothing where it has ended.
    #[must_use]
    pub fn memory(&self) -> Option<Memory> {
        self.part.process.memory()
    }

    /// Answers how it ended; nothing while it runs.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        self.child
            .try_wait()
            .doing(|| format!("look at {}", self.part.recipe.name))
    }

    /// Says that it has ended by itself, with the last lines of its log; nothing while it runs.
    pub fn check(&mut self) -> Result<(), Failure> {
        match self.ended()? {
            None => Ok(()),
            Some(_) => Err(self.part.recipe.died()),
        }
    }

    /// Asks it to end (SIGTERM) and waits; one that has not ended in time is killed, and that is a failure.
    pub async fn stop(&mut self, limit: Duration) -> Result<ExitStatus, Failure> {
        self.part.process.signal(Signal::SIGTERM);
        if let Some(status) = self.wait(limit).await? {
            return Ok(status);
        }
        self.kill().await?;
        let Recipe { name, log, .. } = &self.part.recipe;
        let sentence = format!(
            "{name} did not end within {limit:?} after SIGTERM and was killed; its log is {}",
            log.display()
        );
        Err(Failure::new(sentence).with_log(log))
    }

    /// Kills it (SIGKILL): nothing of it runs any more when this is done.
    pub async fn kill(&mut self) -> Result<ExitStatus, Failure> {
        self.part.process.signal_group(Signal::SIGKILL);
        self.wait(Duration::from_secs(5)).await?.ok_or_else(|| {
            Failure::new(format!(
                "{} (process {}) does not end even when it is killed",
                self.part.recipe.name,
                self.pid()
            ))
        })
    }

    async fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>, Failure> {
        let until = Instant::now() + limit;
        loop {
            let ended = self.ended()?;
            if ended.is_some() || Instant::now() >= until {
                return Ok(ended);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

#[cfg(test)]
mod tests;
