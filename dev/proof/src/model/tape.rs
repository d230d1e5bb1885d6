//! The ports of a pass that is gone through again: what was answered before is answered again, looks
//! after that are answered by the world as it is, and the first write after that is where it stops.

mod cloud;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use harmonix::adapters::silence::Silence;
use harmonix::api::{Application, Environment, EnvironmentProvider};
use harmonix::controllers::Ports;
use harmonix::domain::failure::Failure;
use harmonix::domain::file::{LastCommit, TreeEntry};
use harmonix::domain::forge::{
    Commit, Job, NewProject, Pipeline, PipelineStart, Project, ProjectSettings, TokenFacts,
};
use harmonix::domain::intent::IntentId;
use harmonix::domain::notice::Notice;
use harmonix::domain::version::{NamespaceFacts, Version};
use harmonix::ports::{Access, Cache, Clock, Files, Pipelines, Projects, Store, StoreError};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;

use super::call::{Answer, Look, Said, Write};
use super::look::look;
use super::scene::Scene;
use super::state::State;

/// The ports of one pass; clones share them.
#[derive(Clone)]
pub(super) struct Tape {
    inner: Arc<Inner>,
}

struct Inner {
    scene: Arc<Scene>,
    lane: usize,
    reel: Mutex<Reel>,
    stop: Notify,
}

/// What was answered, and what comes after.
struct Reel {
    script: Vec<Arc<Answer>>,
    at: usize,
    world: State,
    looks: Vec<(Look, Arc<Answer>)>,
    write: Option<Write>,
    astray: bool,
}

/// Where a pass got to.
pub(super) struct Recorded {
    /// Looks after the script, with their answers.
    pub(super) looks: Vec<(Look, Arc<Answer>)>,
    /// The write that it stopped at, if it did not end.
    pub(super) write: Option<Write>,
    /// Whether it asked for something else than the first time.
    pub(super) astray: bool,
}

impl Tape {
    /// The ports of a pass over the application of this lane.
    pub(super) fn new(
        scene: &Arc<Scene>,
        lane: usize,
        script: Vec<Arc<Answer>>,
        world: State,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                scene: Arc::clone(scene),
                lane,
                reel: Mutex::new(Reel {
                    script,
                    at: 0,
                    world,
                    looks: Vec::new(),
                    write: None,
                    astray: false,
                }),
                stop: Notify::new(),
            }),
        }
    }

    /// All ports.
    pub(super) fn ports(&self) -> Ports {
        let each = Arc::new(self.clone());
        Ports {
            store: Arc::clone(&each) as _,
            projects: Arc::clone(&each) as _,
            files: Arc::clone(&each) as _,
            pipelines: Arc::clone(&each) as _,
            access: Arc::clone(&each) as _,
            clouds: Arc::clone(&each) as _,
            clock: each,
            telemetry: Arc::new(Silence),
        }
    }

    /// Resolves when the pass stops at a write.
    pub(super) async fn stopped(&self) {
        self.inner.stop.notified().await;
    }

    /// What was recorded.
    pub(super) fn recorded(&self) -> Recorded {
        let mut reel = self.reel();
        Recorded {
            looks: std::mem::take(&mut reel.looks),
            write: reel.write.take(),
            astray: reel.astray,
        }
    }

    fn reel(&self) -> MutexGuard<'_, Reel> {
        self.inner
            .reel
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn look<T: Said>(&self, question: Look) -> T {
        let mut reel = self.reel();
        let said = if let Some(answer) = reel.script.get(reel.at) {
            T::of(answer)
        } else {
            let answer = look(
                &self.inner.scene,
                &mut reel.world,
                self.inner.lane,
                &question,
            );
            let said = T::of(&answer);
            let answer = Arc::new(answer);
            reel.script.push(Arc::clone(&answer));
            reel.looks.push((question, answer));
            said
        };
        reel.at += 1;
        said.unwrap_or_else(|| {
            reel.astray = true;
            T::astray()
        })
    }

    async fn write<T: Said>(&self, write: Write) -> T {
        let said = {
            let mut reel = self.reel();
            let answer = reel.script.get(reel.at).map(Arc::clone);
            if let Some(answer) = answer {
                reel.at += 1;
                let said = T::of(&answer);
                reel.astray |= said.is_none();
                Some(said.unwrap_or_else(T::astray))
            } else {
                reel.write = Some(write);
                None
            }
        };
        if let Some(said) = said {
            return said;
        }
        self.inner.stop.notify_one();
        std::future::pending().await
    }
}

impl Clock for Tape {
    fn now(&self) -> Timestamp {
        // Who asks first is the context that is made for this pass: it wants to know since when its
        // process has been there.
        if self.reel().at == 0 {
            return self.look(Look::Started);
        }
        self.look(Look::Time)
    }

    fn entropy(&self) -> [u8; 10] {
        self.look(Look::Entropy)
    }

    fn jitter(&self) -> f64 {
        0.0
    }
}

impl Cache for Tape {
    fn provider(&self, name: &str) -> Option<Arc<EnvironmentProvider>> {
        self.inner.scene.provider(name)
    }

    fn environment(&self, name: &str) -> Option<Arc<Environment>> {
        self.inner.scene.environment(name)
    }

    fn namespace(&self, _name: &str) -> Option<NamespaceFacts> {
        Some(NamespaceFacts::default())
    }

    fn environments(&self) -> Vec<Arc<Environment>> {
        self.inner.scene.environments()
    }

    // No pass over an application asks for another one, or for every provider.

    fn providers(&self) -> Vec<Arc<EnvironmentProvider>> {
        Vec::new()
    }

    fn applications(&self) -> Vec<Arc<Application>> {
        Vec::new()
    }

    fn application(&self, _namespace: &str, _name: &str) -> Option<Arc<Application>> {
        None
    }
}

#[async_trait]
impl Store for Tape {
    async fn hold(
        &self,
        object: &Version,
        finalizers: &[String],
        intents: &str,
    ) -> Result<Version, StoreError> {
        self.write(Write::Hold {
            version: object.clone(),
            finalizers: finalizers.to_vec(),
            intents: intents.to_owned(),
        })
        .await
    }

    async fn apply_status(&self, object: &Version, status: Value) -> Result<Version, StoreError> {
        let version = object.clone();
        self.write(Write::Status { version, status }).await
    }

    async fn release(&self, object: &Version, finalizers: &[String]) -> Result<(), StoreError> {
        self.write(Write::Release {
            version: object.clone(),
            finalizers: finalizers.to_vec(),
        })
        .await
    }

    async fn notify(&self, _object: &Version, _notice: &Notice) {}
}

#[async_trait]
impl Projects for Tape {
    async fn group_exists(&self, path: &str) -> Result<bool, Failure> {
        self.look(Look::Group(path.to_owned()))
    }

    async fn group_description(&self, path: &str) -> Result<Option<String>, Failure> {
        self.look(Look::Described(path.to_owned()))
    }

    async fn create_group(&self, path: &str, description: &str) -> Result<(), Failure> {
        let (path, description) = (path.to_owned(), description.to_owned());
        self.write(Write::Group { path, description }).await
    }

    async fn create_project(&self, project: &NewProject) -> Result<Project, Failure> {
        self.write(Write::Project(project.clone())).await
    }

    async fn project_at(&self, path: &str) -> Result<Option<Project>, Failure> {
        self.look(Look::ProjectAt(path.to_owned()))
    }

    async fn project(&self, id: i64) -> Result<Option<Project>, Failure> {
        self.look(Look::Project(id))
    }

    async fn apply_settings(
        &self,
        project: &str,
        settings: &ProjectSettings,
    ) -> Result<(), Failure> {
        self.write(Write::Settings(project.to_owned(), settings.clone()))
            .await
    }
}

#[async_trait]
impl Files for Tape {
    async fn commit(&self, commit: &Commit) -> Result<String, Failure> {
        self.write(Write::Commit(commit.clone())).await
    }

    async fn find_commit(
        &self,
        project: &str,
        _branch: &str,
        intent: &IntentId,
        _since: Timestamp,
    ) -> Result<Option<String>, Failure> {
        self.look(Look::Commit {
            project: project.to_owned(),
            intent: intent.as_str().to_owned(),
        })
    }

    async fn tree(
        &self,
        project: &str,
        _branch: &str,
        folders: &[String],
    ) -> Result<Vec<TreeEntry>, Failure> {
        self.look(Look::Tree {
            project: project.to_owned(),
            folders: folders.to_vec(),
        })
    }

    async fn last_commit_of(
        &self,
        project: &str,
        _branch: &str,
        path: &str,
    ) -> Result<Option<LastCommit>, Failure> {
        self.look(Look::LastCommit {
            project: project.to_owned(),
            path: path.to_owned(),
        })
    }
}

#[async_trait]
impl Pipelines for Tape {
    async fn recent(&self, project: &str, _branch: &str) -> Result<Vec<Pipeline>, Failure> {
        self.look(Look::Pipelines(project.to_owned()))
    }

    async fn of_commit(&self, project: &str, sha: &str) -> Result<Vec<Pipeline>, Failure> {
        let mut all = self.recent(project, "").await?;
        all.retain(|pipeline| pipeline.sha == sha);
        Ok(all)
    }

    async fn named(&self, project: &str, name: &str) -> Result<Option<Pipeline>, Failure> {
        self.look(Look::Named {
            project: project.to_owned(),
            name: name.to_owned(),
        })
    }

    async fn pipeline(&self, project: &str, id: i64) -> Result<Option<Pipeline>, Failure> {
        let all = self.recent(project, "").await?;
        Ok(all.into_iter().find(|pipeline| pipeline.id == id))
    }

    async fn start(&self, start: &PipelineStart) -> Result<Pipeline, Failure> {
        self.write(Write::Start(start.clone())).await
    }

    async fn jobs(&self, project: &str, pipeline: i64) -> Result<Vec<Job>, Failure> {
        self.look(Look::Jobs {
            project: project.to_owned(),
            pipeline,
        })
    }

    async fn trace_tail(&self, _: &str, _: i64, _: usize) -> Result<String, Failure> {
        Ok("Error: something broke".into())
    }

    async fn artifact(&self, project: &str, job: i64, _: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.look(Look::Artifact {
            project: project.to_owned(),
            job,
        })
    }
}

#[async_trait]
impl Access for Tape {
    async fn token(&self) -> Result<TokenFacts, Failure> {
        Ok(TokenFacts::default())
    }
}
