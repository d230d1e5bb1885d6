//! A task: one container of a service, from its image to its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::Gate;
use super::config::TaskMode;
use super::ecs::Key;
use super::identity::letters;

mod health;
mod image;
mod outcome;
mod plan;
mod process;
mod secret;

pub use image::Images;
pub use outcome::{Outcome, Outcomes, Rule as OutcomeRule};

use health::Probe;
use plan::Plan;
use process::Container;

/// A task.
#[derive(Debug)]
pub struct Task {
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The id of the deployment it belongs to.
    pub deployment: String,
    /// The task definition's ARN.
    pub definition: String,
    /// The container's name.
    pub container: String,
    /// The image, as the task definition names it.
    pub image: String,
    /// The digest of the image, once it is known.
    pub image_digest: Option<String>,
    /// The loopback port the container listens on.
    pub port: Option<u16>,
    /// How far it is.
    pub state: TaskState,
    /// Why it is being stopped, where it is.
    stopping: Option<String>,
    /// The exit code of its process.
    pub exit_code: Option<i32>,
    /// Where its output goes.
    pub log: PathBuf,
    /// When it was made.
    pub created: Timestamp,
    /// When it became healthy.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// Whether its end was taken note of by its service.
    pub counted: bool,
    stop: Arc<Notify>,
}

/// How far a task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// Its image is fetched, or its process is not healthy yet.
    Pending,
    /// It is healthy.
    Running,
    /// It ended.
    Stopped {
        /// Why.
        reason: String,
        /// Whether the service or a person wanted it.
        expected: bool,
        /// Whether it ended because it was not healthy in time.
        unhealthy: bool,
    },
}

/// How a task came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    reason: String,
    exit_code: Option<i32>,
    unhealthy: bool,
}

impl End {
    fn before_start(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            exit_code: None,
            unhealthy: false,
        }
    }
}

impl Task {
    /// Makes a task that is to be started.
    #[must_use]
    pub fn new(key: &Key, deployment: &str, definition: &str, logs: &Path) -> Self {
        let id = letters(32, b"0123456789abcdef");
        let place = &key.place;
        Self {
            arn: format!(
                "arn:aws:ecs:{}:{}:task/{}/{id}",
                place.region, place.account, key.cluster
            ),
            log: logs.join(format!("task-{id}.log")),
            id,
            deployment: deployment.to_owned(),
            definition: definition.to_owned(),
            container: String::new(),
            image: String::new(),
            image_digest: None,
            port: None,
            state: TaskState::Pending,
            stopping: None,
            exit_code: None,
            created: Timestamp::now(),
            started: None,
            stopped: None,
            counted: false,
            stop: Arc::new(Notify::new()),
        }
    }

    /// Says whether it has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, TaskState::Stopped { .. })
    }

    /// Says whether it runs and is healthy.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.state == TaskState::Running
    }

    /// Says whether it was told to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// Answers the family of its task definition.
    #[must_use]
    pub fn family(&self) -> &str {
        let name = super::resource::last(&self.definition);
        name.rsplit_once(':').map_or(name, |(family, _)| family)
    }

    /// Tells it to stop, for a reason that its end will name.
    pub fn stop(&mut self, reason: &str) {
        self.stopping.get_or_insert_with(|| reason.to_owned());
        self.ask_to_stop();
    }

    /// Wakes whoever keeps it running, to end it.
    pub fn ask_to_stop(&self) {
        self.stop.notify_one();
    }

    /// Answers the signal that ends it.
    #[must_use]
    pub fn stop_signal(&self) -> Arc<Notify> {
        Arc::clone(&self.stop)
    }

    fn end(&mut self, end: End) {
        self.exit_code = end.exit_code;
        self.stopped = Some(Timestamp::now());
        self.state = match self.stopping.clone() {
            Some(reason) => TaskState::Stopped {
                reason,
                expected: true,
                unhealthy: false,
            },
            None => TaskState::Stopped {
                reason: end.reason,
                expected: false,
                unhealthy: end.unhealthy,
            },
        };
    }
}

/// Keeps a task alive until it ends or is told to.
pub async fn live(gate: Arc<Gate>, key: Key, id: String, definition: String, stop: Arc<Notify>) {
    let end = run(&gate, &key, &id, &definition, &stop)
        .await
        .unwrap_or_else(|end| end);
    tracing::info!(task = %id, service = %key.name, reason = %end.reason, "task ended");
    gate.services.with_task(&key, &id, |task| task.end(end));
    gate.services.images.forget(&id).await;
}

async fn run(
    gate: &Gate,
    key: &Key,
    id: &str,
    definition: &str,
    stop: &Notify,
) -> Result<End, End> {
    let told = || End::before_start("Task stopped before it was started");
    let plan = tokio::select! {
        plan = Plan::make(gate, key, id, definition) => plan?,
        () = stop.notified() => return Err(told()),
    };
    gate.services.with_task(key, id, |task| {
        task.container.clone_from(&plan.container);
        task.image.clone_from(&plan.image);
        task.image_digest = Some(plan.manifest.digest.clone());
    });
    let outcome = gate
        .services
        .outcomes
        .of(&plan.manifest.digest, &plan.environment);
    match outcome {
        Some(Outcome::Fail) => {
            return Ok(End {
                reason: "Essential container in task exited".into(),
                exit_code: Some(1),
                unhealthy: false,
            });
        }
        Some(Outcome::Hang) => return Ok(hang(gate, stop).await),
        None => {}
    }
    match gate.services.config.mode {
        TaskMode::None => {
            healthy(gate, key, id);
            stop.notified().await;
            Ok(End::before_start("Task stopped"))
        }
        TaskMode::Run => {
            let root = tokio::select! {
                root = gate.services.images.root_for(&gate.registry, &plan, id) => root?,
                () = stop.notified() => return Err(told()),
            };
            keep(gate, key, id, &plan, &root, stop).await
        }
    }
}

fn healthy(gate: &Gate, key: &Key, id: &str) {
    gate.services.with_task(key, id, |task| {
        task.state = TaskState::Running;
        task.started = Some(Timestamp::now());
    });
}

async fn hang(gate: &Gate, stop: &Notify) -> End {
    let limit = Duration::from_secs(gate.services.config.deadline_seconds);
    // Whether it is told to stop or not healthy in time, it ends.
    let told = tokio::time::timeout(limit, stop.notified()).await.is_ok();
    End {
        reason: "Task failed container health checks".into(),
        exit_code: None,
        unhealthy: !told,
    }
}

async fn keep(
    gate: &Gate,
    key: &Key,
    id: &str,
    plan: &Plan,
    root: &Path,
    stop: &Notify,
) -> Result<End, End> {
    let log = gate.services.config.logs.join(format!("task-{id}.log"));
    let port = process::free_port()
        .map_err(|error| End::before_start(format!("no free port: {error}")))?;
    let mut container = Container::start(plan, root, port, &log)
        .map_err(|error| End::before_start(format!("CannotStartContainerError: {error}")))?;
    gate.services.with_task(key, id, |task| {
        task.port = plan.health.is_some().then_some(port)
    });
    let mut probe = Probe::new(
        plan.health.as_deref(),
        port,
        gate.services.config.deadline_seconds,
    );
    loop {
        tokio::select! {
            ended = container.wait() => {
                let exit_code = ended.map_err(|error| End::before_start(error.to_string()))?;
                let reason = "Essential container in task exited".to_owned();
                return Ok(End { reason, exit_code: Some(exit_code), unhealthy: false });
            }
            () = stop.notified() => {
                let exit_code = container.stop().await;
                return Ok(End { reason: "Task stopped".into(), exit_code, unhealthy: false });
            }
            found = probe.next() => match found {
                health::Finding::Nothing => {}
                health::Finding::BecameHealthy => healthy(gate, key, id),
                health::Finding::Unhealthy => {
                    container.stop().await;
                    let reason = "Task failed container health checks".to_owned();
                    return Ok(End { reason, exit_code: None, unhealthy: true });
                }
            },
        }
    }
}
