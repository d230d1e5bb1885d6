//! The instance: its memory, its repositories, its keys, and what is running.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::engine::Engine;
use super::executor::{Scripts, Settings};
use super::repository::{Repository, Seen};
use super::setup::Setup;
use super::store::Store;
use super::token::SigningKey;
use super::{GitlabArgs, moment};
use crate::fault::Faults;
use crate::journal::Journal;

/// A GitLab instance.
#[derive(Debug)]
pub struct Instance {
    /// Where it is reached.
    pub url: String,
    /// The issuer that id tokens name.
    pub issuer: String,
    /// Its memory.
    pub store: Store,
    /// What it was asked.
    pub journal: Journal,
    /// What it does wrong on request.
    pub faults: Faults,
    /// Its signing key.
    pub key: SigningKey,
    /// What moves pipelines on.
    pub engine: Engine,
    /// How jobs are executed.
    pub executor: Settings,
    /// Results that tests registered.
    pub scripts: Scripts,
    folder: PathBuf,
    seen: Arc<Seen>,
    writers: Mutex<BTreeMap<u64, Arc<tokio::sync::Mutex<()>>>>,
    asked: Mutex<BTreeMap<String, (i64, u32)>>,
}

/// Requests per minute and user that the rate-limit headers tell of.
pub const RATE_LIMIT: u32 = 2000;

impl Instance {
    /// Opens the state folder and applies the start-up file.
    pub async fn open(args: GitlabArgs, url: String) -> io::Result<Self> {
        for folder in ["repositories", "jobs", "builds", "hooks"] {
            std::fs::create_dir_all(args.state.join(folder))?;
        }
        let folder = args.state.canonicalize()?;
        super::smart::install_hook(&folder.join("hooks"))?;
        let store = Store::open(folder.join("state.json"))?;
        let setup = Setup::read(&args.setup)?;
        store.write(|data| setup.apply(data))?;
        let instance = Self {
            issuer: args.issuer.trim_end_matches('/').to_owned(),
            journal: Journal::open(&args.journal)?,
            faults: Faults::default(),
            key: SigningKey::open(&folder.join("signing-key.der"))?,
            engine: Engine::default(),
            executor: Settings::of(&args)?,
            scripts: Scripts::default(),
            seen: Arc::default(),
            writers: Mutex::default(),
            asked: Mutex::default(),
            store,
            folder,
            url,
        };
        instance.engine.settle_after_restart(&instance);
        Ok(instance)
    }

    /// Answers a project's repository.
    pub fn repository(&self, project: u64) -> Repository {
        let path = self.repositories().join(format!("{project}.git"));
        Repository::at(path, &self.seen)
    }

    /// Answers the folder of repositories.
    pub fn repositories(&self) -> PathBuf {
        self.folder.join("repositories")
    }

    /// Answers the folder of server-side hooks.
    pub fn hooks(&self) -> PathBuf {
        self.folder.join("hooks")
    }

    /// Answers the folder of a job's log and artifacts.
    pub fn job_folder(&self, job: u64) -> PathBuf {
        self.folder.join("jobs").join(job.to_string())
    }

    /// Answers the folder a job works in.
    pub fn build_folder(&self, job: u64) -> PathBuf {
        self.folder.join("builds").join(job.to_string())
    }

    /// Answers the lock that writers of one repository share.
    pub fn writer(&self, project: u64) -> Arc<tokio::sync::Mutex<()>> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(writers.entry(project).or_default())
    }

    /// Counts a request and answers how many the user made this minute.
    pub fn count_request(&self, who: &str, now: Timestamp) -> u32 {
        let minute = now.as_second() / 60;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = asked.entry(who.to_owned()).or_insert((minute, 0));
        *entry = if entry.0 == minute {
            (minute, entry.1 + 1)
        } else {
            (minute, 1)
        };
        entry.1
    }

    /// Removes projects for good, some time after that was asked for.
    pub fn remove_later(self: &Arc<Self>, project: u64) {
        let instance = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            instance.remove_project(project).await;
        });
    }

    async fn remove_project(&self, project: u64) {
        let open = self.store.read(|data| {
            let of_project = data.jobs.values().filter(|job| job.project_id == project);
            of_project
                .filter(|job| !job.status.is_complete())
                .map(|job| job.id)
                .collect::<Vec<_>>()
        });
        for job in open {
            self.engine.cancel_job(self, job);
        }
        self.store.write(|data| {
            data.projects.remove(&project);
            data.redirects.retain(|_, target| *target != project);
            data.pipelines
                .retain(|_, pipeline| pipeline.project_id != project);
            data.jobs.retain(|_, job| job.project_id != project);
            data.states.retain(|_, state| state.project_id != project);
            data.environments
                .retain(|_, environment| environment.project_id != project);
            data.deployments
                .retain(|_, deployment| deployment.project_id != project);
        });
        if let Err(error) = self.repository(project).remove().await {
            tracing::warn!(project, %error, "the repository of a removed project is still on disk");
        }
        tracing::info!(project, at = %moment::now(), "project removed");
    }
}
