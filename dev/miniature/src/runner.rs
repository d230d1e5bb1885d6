//! The runner: passes of the real controller over every object, restarts, and time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use harmonix::adapters::silence::Silence;
use harmonix::api::Application;
use harmonix::controllers::{Context, Leadership, Ports, Term, pass};
use harmonix::ports::{Cache as _, Clock, StoreError, Telemetry};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tokio::runtime::{Builder, Runtime};

use super::{World, settings};

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.state().now()
    }

    fn entropy(&self) -> [u8; 10] {
        let number = self.state().next_number();
        let mut entropy = [0; 10];
        entropy[..8].copy_from_slice(&number.to_be_bytes());
        entropy
    }

    fn jitter(&self) -> f64 {
        0.0
    }
}

/// How a pass ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// It asked to look again after this long.
    Told(Option<Duration>),
    /// Our own object could not be written.
    Unwritten(StoreError),
    /// The process died.
    Crashed,
}

/// One controller process after the other, against one world.
pub struct Runner {
    /// The world.
    pub world: World,
    context: Context,
    telemetry: Arc<dyn Telemetry>,
    runtime: Runtime,
}

fn context(world: &World, telemetry: &Arc<dyn Telemetry>) -> Context {
    let ports = Ports {
        store: Arc::new(world.clone()),
        projects: Arc::new(world.clone()),
        files: Arc::new(world.clone()),
        pipelines: Arc::new(world.clone()),
        access: Arc::new(world.clone()),
        clouds: Arc::new(world.clone()),
        clock: Arc::new(world.clone()),
        telemetry: Arc::clone(telemetry),
    };
    Context::new(ports, settings())
}

fn ready(conditions: Option<&[Condition]>) -> (String, String) {
    conditions
        .unwrap_or_default()
        .iter()
        .find(|c| c.type_ == "Ready")
        .map(|c| (c.status.clone(), c.reason.clone()))
        .unwrap_or_default()
}

/// A place at rest, an environment on it, and no application.
pub fn platform() -> World {
    let world = World::with_stages(&[("dev", 1)]);
    world.state().applications.clear();
    let mut runner = Runner::new(world);
    runner.settle();
    runner.world
}

impl Runner {
    /// A first process.
    pub fn new(world: World) -> Self {
        Self::watched(world, Arc::new(Silence))
    }

    /// A first process, whose work is told to somebody.
    pub fn watched(world: World, telemetry: Arc<dyn Telemetry>) -> Self {
        Self {
            context: context(&world, &telemetry),
            telemetry,
            runtime: Builder::new_current_thread().enable_time().build().unwrap(),
            world,
        }
    }

    /// A process in a turn of its own.
    pub fn in_term(world: World, leadership: Leadership, term: &Term) -> Self {
        let runner = Self::new(world);
        Self {
            context: runner.context.led_by(leadership).in_term(term),
            ..runner
        }
    }

    /// A new process: whatever the old one remembered is gone.
    pub fn restart(&mut self) {
        // It begins later than the one before, however little.
        self.world.state().millisecond += 1;
        self.context = context(&self.world, &self.telemetry);
    }

    fn end(&self, pass: impl Future<Output = Result<Option<Duration>, StoreError>>) -> Ended {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                result = pass => match result {
                    Ok(after) => Ended::Told(after),
                    Err(error) => Ended::Unwritten(error),
                },
                () = self.world.crash.notified() => Ended::Crashed,
            }
        })
    }

    /// A pass over one application in the namespace `shop`, if it exists.
    pub fn application(&self, name: &str) -> Option<Ended> {
        self.application_in("shop", name)
    }

    fn application_in(&self, namespace: &str, name: &str) -> Option<Ended> {
        let object = self.world.application(namespace, name)?;
        Some(self.end(pass::application(&self.context, &object)))
    }

    /// A pass over an application as an old view shows it.
    pub fn application_as(&self, seen: &Application) -> Ended {
        self.end(pass::application(&self.context, seen))
    }

    /// A pass over one provider, if it exists.
    pub fn provider(&self, name: &str) -> Option<Ended> {
        let object = self.world.provider(name)?;
        Some(self.end(pass::provider(&self.context, &object)))
    }

    /// A pass over one environment, if it exists.
    pub fn environment(&self, name: &str) -> Option<Ended> {
        let object = self.world.environment(name)?;
        Some(self.end(pass::environment(&self.context, &object)))
    }

    /// A pass over everything. After a crash a new process goes on with the next object.
    pub fn round(&mut self) -> Vec<Ended> {
        let (providers, environments, applications) = {
            let state = self.world.state();
            let keys = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>();
            (
                keys(state.providers.keys().collect()),
                keys(state.environments.keys().collect()),
                keys(state.applications.keys().collect()),
            )
        };
        let mut ended = Vec::new();
        for name in providers {
            let result = self.provider(&name);
            self.note(result, &mut ended);
        }
        for name in environments {
            let result = self.environment(&name);
            self.note(result, &mut ended);
        }
        for key in applications {
            let (namespace, name) = key.split_once('/').unwrap_or_default();
            let result = self.application_in(namespace, name);
            self.note(result, &mut ended);
        }
        ended
    }

    fn note(&mut self, result: Option<Ended>, ended: &mut Vec<Ended>) {
        if result == Some(Ended::Crashed) {
            self.restart();
        }
        ended.extend(result);
    }

    /// Rounds, with pipelines ending in between, until a whole round changes nothing. Answers how many
    /// rounds it took.
    ///
    /// # Panics
    /// When the world does not come to rest.
    pub fn settle(&mut self) -> usize {
        for round in 1..=40 {
            let before = self.moves();
            self.round();
            let finished = self.world.state().finish_pipelines();
            self.world.state().second += 30;
            if self.moves() == before && finished == 0 {
                return round;
            }
        }
        panic!(
            "the world does not come to rest:\n{}",
            self.world.state().effects.join("\n")
        );
    }

    /// Some rounds with time in between, where what is refused is tried again and again.
    pub fn go_on(&mut self) {
        for _ in 0..8 {
            self.round();
            self.world.state().finish_pipelines();
            self.world.state().second += 30;
        }
    }

    fn moves(&self) -> (usize, usize, usize) {
        let state = self.world.state();
        (state.effects.len(), state.writes.len(), state.calls)
    }

    /// The `Ready` condition of an application: status and reason.
    pub fn ready(&self, name: &str) -> (String, String) {
        let object = self.world.application("shop", name).unwrap();
        ready(object.status.as_ref().map(|s| s.conditions.as_slice()))
    }

    /// The `Ready` condition of a provider: status and reason.
    pub fn place_ready(&self, name: &str) -> (String, String) {
        let object = self.world.provider(name).unwrap();
        ready(object.status.as_ref().map(|s| s.conditions.as_slice()))
    }

    /// What nobody may ever see.
    pub fn assert_sound(&self) {
        let found = super::verify::violations(&self.world);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
