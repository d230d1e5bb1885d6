//! A model of the world behind the ports: GitLab, AWS, our own objects and time, with faults at
//! every write. The real controller runs against it, pass by pass; nothing here waits.
//!
//! A package of its own, for the domain's properties and the proofs share it and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a model that meets what it did not expect has found a mistake"
)]

mod cloud;
mod fault;
mod gitlab;
mod object;
mod pipeline;
mod repository;
mod runner;
mod store;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use harmonix::api::{Application, Environment, EnvironmentProvider};
use harmonix::domain::audit::AuditRecord;
use harmonix::domain::forge::{Commit, Job, Pipeline, Project, ProjectSettings};
use harmonix::domain::identity::InstallationKey;
use harmonix::domain::runtime::Service;
use harmonix::domain::settings::{Settings, Stamp};
use harmonix::domain::version::NamespaceFacts;
use jiff::Timestamp;

pub use fault::{Fault, FaultKind};
pub use object::{application, environment, provider};
pub use runner::{Ended, Runner, platform};
pub use store::status_problems;
pub use verify::{Shape, shape, violations};

/// The whole world; clones share it.
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    /// Told when a fault kills the process.
    crash: Arc<tokio::sync::Notify>,
}

/// What there is.
#[derive(Clone, Default)]
pub struct State {
    /// Seconds since 1970.
    pub second: i64,
    /// Milliseconds of this second.
    pub millisecond: i64,
    /// The last number that was given to anything.
    pub counter: u64,
    /// The last resource version.
    pub version: u64,
    /// Providers by name.
    pub providers: BTreeMap<String, EnvironmentProvider>,
    /// Environments by name.
    pub environments: BTreeMap<String, Environment>,
    /// Applications by [`key`].
    pub applications: BTreeMap<String, Application>,
    /// Releases that people ever pinned: application, environment, commit.
    pub pins: BTreeSet<(String, String, String)>,
    /// Namespaces by name.
    pub namespaces: BTreeMap<String, NamespaceFacts>,
    /// GitLab's groups by full path.
    pub groups: BTreeSet<String>,
    /// Their descriptions, of those that have one.
    pub descriptions: BTreeMap<String, String>,
    /// GitLab's projects.
    pub projects: Vec<Repository>,
    /// Tables by name, records in the order they were written.
    pub tables: BTreeMap<String, Vec<AuditRecord>>,
    /// Clusters that stand, by name.
    pub clusters: BTreeSet<String>,
    /// Services by cluster and name.
    pub services: BTreeMap<(String, String), Service>,
    /// Releases that ran healthy, by environment.
    pub healthy: BTreeSet<(String, String)>,
    /// What makes a pipeline fail: the beginning of its name, or of its commit.
    pub failing: BTreeSet<String>,
    /// Writes outside that are refused by rights, by the beginning of their name.
    pub refused: BTreeSet<String>,
    /// The pipeline up to whose number builds left nothing of what they made.
    pub lost_artifacts: i64,
    /// Seconds that each read outside takes.
    pub read_takes: i64,
    /// Seconds until nobody waits any longer for a write that is not answered.
    pub unanswered_takes: i64,
    /// Reads that fail, by the beginning of their name.
    pub unreadable: BTreeSet<String>,
    /// Effects outside that were applied, in order.
    pub effects: Vec<String>,
    /// Effects outside that were tried, whether or not they were applied, in order.
    pub attempts: Vec<String>,
    /// Writes to our own objects that were applied, in order.
    pub writes: Vec<String>,
    /// Reads outside, in order.
    pub reads: Vec<String>,
    /// Reads and effects outside, in order.
    pub outside: Vec<String>,
    /// Things that must never be.
    pub violations: Vec<String>,
    /// The commit that was tried last.
    pub tried: Option<Commit>,
    /// The read after which a commit that was tried arrives although its answer was lost.
    pub lands_after: Option<String>,
    /// What somebody does right after the effect of this name.
    pub meddle: Option<Meddle>,
    /// What goes wrong next.
    pub fault: Option<Fault>,
    /// What goes wrong after that.
    pub then: Option<Fault>,
    /// Writes that were tried.
    pub calls: usize,
}

/// Something that somebody does right after an effect.
#[derive(Clone)]
pub struct Meddle {
    /// The beginning of the effect's name.
    pub after: String,
    /// What is done.
    pub act: Arc<dyn Fn(&mut State) + Send + Sync>,
}

/// The key of an application.
pub fn key(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

/// Files by path: their text, with the commit that last touched them.
pub type Files = BTreeMap<String, (String, String)>;

/// One project with its history.
#[derive(Clone)]
pub struct Repository {
    /// As GitLab answers it.
    pub project: Project,
    /// What it is called for people; no other project of its group may be called so.
    pub name: String,
    /// What was applied after it was made.
    pub settings: Option<ProjectSettings>,
    /// Commits in order: identity and message.
    pub commits: Vec<(String, String)>,
    /// The head of the default branch; never changed, only replaced.
    pub files: Arc<Files>,
    /// Pipelines, oldest first.
    pub pipelines: Vec<Run>,
}

/// One pipeline with what it works on.
#[derive(Clone)]
pub struct Run {
    /// As GitLab answers it.
    pub pipeline: Pipeline,
    /// The files of its commit, which its jobs check out whatever is pushed meanwhile.
    pub files: Arc<Files>,
    /// What it was started with.
    pub variables: BTreeMap<String, String>,
    /// The job that failed.
    pub failed_job: Option<String>,
    /// Its jobs, where a test says how they stand.
    pub jobs: Option<Vec<Job>>,
}

impl World {
    /// An empty world with the two top groups.
    #[expect(clippy::new_without_default, reason = "a world is made on purpose")]
    pub fn new() -> Self {
        let state = State {
            second: 1_800_000_000,
            groups: ["apps", "places"].map(String::from).into(),
            namespaces: [("shop".to_owned(), NamespaceFacts::default())].into(),
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            crash: Arc::default(),
        }
    }

    /// Another world that is the same until now.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            state: Arc::new(Mutex::new(self.state().clone())),
            crash: Arc::default(),
        }
    }

    /// What there is, to look at and to change.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A place that is provisioned, an environment on it, for each `(name, level)`; and the application.
    pub fn with_stages(stages: &[(&str, i32)]) -> Self {
        let world = Self::new();
        let mut state = world.state();
        for (name, level) in stages {
            let place = format!("{name}-place");
            state.put_provider(provider(&place));
            state.put_environment(environment(name, *level, &[&place]));
        }
        let names: Vec<&str> = stages.iter().map(|(name, _)| *name).collect();
        state.put_application(application("cart", &names));
        drop(state);
        world
    }
}

impl State {
    /// Now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.second * 1000 + self.millisecond).unwrap()
    }

    /// The next number of anything.
    pub fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// A new commit identity.
    pub fn next_sha(&mut self) -> String {
        let number = self.next_number();
        harmonix::domain::blob::blob_id(number.to_string().as_bytes())
    }

    /// The project at a path.
    pub fn repository(&mut self, path: &str) -> Option<&mut Repository> {
        self.projects.iter_mut().find(|r| r.project.path == path)
    }

    /// Applied effects that begin like this.
    pub fn count(&self, effect: &str) -> usize {
        self.effects
            .iter()
            .filter(|e| e.starts_with(effect))
            .count()
    }
}

/// What the installation was started with.
pub fn settings() -> Settings {
    Settings {
        key: InstallationKey::new(vec![7; 32]).unwrap(),
        applications_group: "apps".into(),
        providers_group: "places".into(),
        oidc_issuer: "https://gitlab.example.com".into(),
        oidc_audience: "https://gitlab.example.com".into(),
        controller_principal: "arn:aws:iam::111111111111:role/harmonix-controller".into(),
        terraform_image: format!("registry.example.com/terraform@sha256:{}", "1".repeat(64)),
        build_image: format!("registry.example.com/build@sha256:{}", "2".repeat(64)),
        node_image: format!("registry.example.com/node@sha256:{}", "3".repeat(64)),
        runner_tags: vec!["harmonix".into()],
        job_variables: Vec::new(),
        requested_by: Stamp::Enforced,
        poll_interval: Duration::from_secs(5),
        resync_interval: Duration::from_mins(10),
        pipeline_appears_within: Duration::from_mins(2),
        pipeline_starts_within: Duration::from_mins(10),
        lost_answer_grace: Duration::from_secs(20),
    }
}
