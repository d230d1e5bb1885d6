//! Starts parts and waits until they answer.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::World;
use super::environment;
use super::part::{Part, Recipe, Register};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::tools::Tools;

/// How long a part may take until it answers; a slow machine under load is not a broken one.
const LIMIT: Duration = Duration::from_secs(90);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// A world that is being brought up.
#[derive(Debug)]
pub struct Rise<'a> {
    /// The world.
    pub world: &'a World,
    /// The tools it is made with.
    pub tools: &'a Tools,
    /// Where progress is told.
    pub progress: &'a Progress,
    /// The program that serves the stand-ins: this one.
    pub program: PathBuf,
    register: Mutex<Register>,
    client: reqwest::Client,
}

impl<'a> Rise<'a> {
    /// Begins.
    #[must_use]
    pub fn new(
        world: &'a World,
        tools: &'a Tools,
        progress: &'a Progress,
        program: PathBuf,
    ) -> Self {
        let register = Mutex::new(Register::of(world.layout.folder()));
        Self {
            world,
            tools,
            progress,
            program,
            register,
            client: reqwest::Client::new(),
        }
    }

    /// Answers how a part is started: in the world's folder, with its log and its environment.
    pub fn recipe<S: Into<String>>(
        &self,
        name: &str,
        program: PathBuf,
        arguments: impl IntoIterator<Item = S>,
        ports: &[u16],
    ) -> Recipe {
        let layout = &self.world.layout;
        Recipe {
            name: name.to_owned(),
            program,
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: environment::base(layout.folder()),
            folder: layout.folder().to_owned(),
            log: layout.log(name),
            ports: ports.to_owned(),
        }
    }

    /// Starts a part.
    pub fn start(&self, recipe: Recipe) -> Result<Part, Failure> {
        // The lock keeps two parts that start at the same time from forgetting each other.
        let register = self.register.lock().unwrap_or_else(PoisonError::into_inner);
        register.start(&recipe).map(|(part, _child)| part)
    }

    /// Waits until the part serves HTTP with success at this address.
    pub async fn answers(&self, part: &Part, url: &str) -> Result<(), Failure> {
        let asked = async || {
            let answer = self.client.get(url).timeout(PROBE_LIMIT).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        };
        self.until(part, &format!("answers at {url}"), asked).await
    }

    /// Waits until the part takes connections on this port.
    pub async fn listens(&self, part: &Part, port: u16) -> Result<(), Failure> {
        self.until(part, &format!("listens on 127.0.0.1:{port}"), async || {
            listens(port).await
        })
        .await
    }

    /// Waits until the part has come so far; one that stops meanwhile is told with its last words.
    pub async fn until(
        &self,
        part: &Part,
        what: &str,
        mut reached: impl AsyncFnMut() -> bool,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + LIMIT;
        loop {
            if reached().await {
                return Ok(());
            }
            if !part.process.is_alive() {
                return Err(part.recipe.died());
            }
            if Instant::now() >= deadline {
                let Recipe { name, log, .. } = &part.recipe;
                let seconds = LIMIT.as_secs();
                let log_path = log.display();
                let sentence = format!(
                    "{name} runs, but after {seconds} s it is not so far that it {what}; its log is {log_path}"
                );
                return Err(Failure::new(sentence).with_log(log));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Answers whether something takes connections on this port of 127.0.0.1.
pub async fn listens(port: u16) -> bool {
    let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    matches!(
        tokio::time::timeout(PROBE_LIMIT, connected).await,
        Ok(Ok(_))
    )
}
