//! A service with its deployments, as ECS keeps them.

use std::collections::VecDeque;

use jiff::Timestamp;
use rand::RngExt;
use serde_json::{Map, Value};

use crate::aws::moto::Place;
use crate::aws::task::Task;

/// What a service is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Account and region.
    pub place: Place,
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub name: String,
}

impl Key {
    /// Answers the service's ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        let Place { account, region } = &self.place;
        format!(
            "arn:aws:ecs:{region}:{account}:service/{}/{}",
            self.cluster, self.name
        )
    }

    /// Answers the cluster's ARN.
    #[must_use]
    pub fn cluster_arn(&self) -> String {
        let Place { account, region } = &self.place;
        format!("arn:aws:ecs:{region}:{account}:cluster/{}", self.cluster)
    }
}

/// Whether a service is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is.
    Active,
    /// It was deleted and still has tasks.
    Draining,
    /// It was deleted.
    Inactive,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollout {
    /// Its tasks are not all healthy yet.
    InProgress,
    /// It is done.
    Completed,
    /// The circuit breaker ended it.
    Failed,
}

/// One deployment; the first of a service is its primary one.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// `ecs-svc/<19 digits>`.
    pub id: String,
    /// The task definition's ARN.
    pub definition: String,
    /// How far it is.
    pub rollout: Rollout,
    /// Why it is so.
    pub reason: String,
    /// How many of its tasks ended before they were healthy.
    pub failed_tasks: u32,
    /// Whether one of its tasks did not become healthy in time.
    pub expired: bool,
    /// When the next task may be started.
    pub next_start: Timestamp,
    /// When it began.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

impl Deployment {
    /// Begins a deployment.
    #[must_use]
    pub fn new(definition: &str, now: Timestamp) -> Self {
        let id = format!(
            "ecs-svc/{:019}",
            rand::rng().random_range(10u64.pow(18)..9 * 10u64.pow(18))
        );
        Self {
            reason: format!("ECS deployment {id} in progress."),
            id,
            definition: definition.to_owned(),
            rollout: Rollout::InProgress,
            failed_tasks: 0,
            expired: false,
            next_start: now,
            created: now,
            updated: now,
        }
    }
}

/// Something a service tells of itself.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub message: String,
}

/// A service.
#[derive(Debug)]
pub struct Service {
    /// What it is known by.
    pub key: Key,
    /// Whether it is there.
    pub status: Status,
    /// What it was made with, and what changed since, by the names of `CreateService`.
    pub settings: Map<String, Value>,
    /// How many tasks it shall have.
    pub desired: usize,
    /// Its deployments, the primary one first.
    pub deployments: Vec<Deployment>,
    /// The last deployment that was completed.
    pub completed: Option<Deployment>,
    /// Its tasks, those that ended not long ago included.
    pub tasks: Vec<Task>,
    /// What it told, newest first.
    pub events: VecDeque<Event>,
    /// When it was made.
    pub created: Timestamp,
}

/// ECS keeps the last hundred events.
const EVENTS: usize = 100;

impl Service {
    /// Makes a service whose first deployment begins.
    #[must_use]
    pub fn new(
        key: Key,
        definition: &str,
        desired: usize,
        settings: Map<String, Value>,
        now: Timestamp,
    ) -> Self {
        Self {
            key,
            status: Status::Active,
            settings,
            desired,
            deployments: vec![Deployment::new(definition, now)],
            completed: None,
            tasks: Vec::new(),
            events: VecDeque::new(),
            created: now,
        }
    }

    /// Begins another deployment; the primary one so far gives way to it.
    pub fn deploy(&mut self, definition: &str, now: Timestamp) {
        self.deployments.insert(0, Deployment::new(definition, now));
        self.settings
            .insert("taskDefinition".into(), definition.into());
    }

    /// Tells something.
    pub fn tell(&mut self, message: impl Into<String>, now: Timestamp) {
        let id = uuid::Uuid::from_u128(rand::random()).to_string();
        let message = format!("(service {}) {}", self.key.name, message.into());
        self.events.push_front(Event {
            id,
            at: now,
            message,
        });
        self.events.truncate(EVENTS);
    }

    /// Answers the circuit breaker's switches: enabled, and rolling back.
    #[must_use]
    pub fn breaker(&self) -> (bool, bool) {
        let breaker =
            self.settings
                .get("deploymentConfiguration")
                .map_or(
                    &Value::Null,
                    |configuration| &configuration["deploymentCircuitBreaker"],
                );
        let on = |name: &str| breaker[name].as_bool().unwrap_or_default();
        (on("enable"), on("rollback"))
    }
}
