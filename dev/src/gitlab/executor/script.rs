//! Ends jobs as tests say, without running their scripts.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use super::super::instance::Instance;
use super::super::repository::Repository;
use super::process::{Group, runner_environment};
use super::{Assignment, Outcome, Trace, artifact, checkout};
use crate::scripted::{self, Files};

/// Which jobs a script meets; all given fields must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// A part of the project's full path.
    pub project_contains: Option<String>,
    /// A part of the job's name.
    pub job_contains: Option<String>,
    /// The value of the job's variable HARMONIX_ENVIRONMENT, or the name of its environment.
    pub environment: Option<String>,
}

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Well.
    Succeed,
    /// Badly.
    Fail,
    /// Never.
    Hang,
    /// As it would without a script, only later.
    Play,
}

/// A request that a job makes before it ends well.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Method.
    pub method: String,
    /// Address.
    pub url: String,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: Option<Value>,
}

/// How jobs that match end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Which jobs.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// How.
    pub outcome: End,
    /// After how long.
    #[serde(default)]
    pub seconds: f64,
    /// What the log says.
    #[serde(default)]
    pub trace: String,
    /// What is left behind, by path.
    #[serde(default)]
    pub artifacts: BTreeMap<String, String>,
    /// What is done to others.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// How many jobs; one where not given.
    #[serde(default = "once")]
    pub count: u32,
}

fn once() -> u32 {
    1
}

/// The scripts that tests registered.
#[derive(Debug, Default)]
pub struct Scripts(Mutex<Vec<Script>>);

impl Scripts {
    /// Adds one.
    pub fn add(&self, script: Script) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(script);
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn take(&self, assignment: &Assignment) -> Option<Script> {
        let mut scripts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let script = scripts
            .iter_mut()
            .find(|script| script.count > 0 && script.matches.meets(assignment))?;
        script.count -= 1;
        Some(script.clone())
    }
}

impl Match {
    fn meets(&self, assignment: &Assignment) -> bool {
        let part = |wanted: &Option<String>, text: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| text.contains(wanted.as_str()))
        };
        let environment = assignment
            .variables
            .get("HARMONIX_ENVIRONMENT")
            .or_else(|| {
                assignment
                    .job
                    .spec
                    .environment
                    .as_ref()
                    .map(|spec| &spec.name)
            });
        part(&self.project_contains, &assignment.project.full_path)
            && part(&self.job_contains, &assignment.job.spec.name)
            && self
                .environment
                .as_ref()
                .is_none_or(|wanted| environment == Some(wanted))
    }
}

/// Ends a job: as a script says, by playing it, by the hook, or well at once.
pub async fn execute(instance: &Arc<Instance>, assignment: &Assignment) -> io::Result<Outcome> {
    match instance.scripts.take(assignment) {
        Some(script) => follow(instance, assignment, &script).await,
        None => perform(instance, assignment).await,
    }
}

async fn perform(instance: &Arc<Instance>, assignment: &Assignment) -> io::Result<Outcome> {
    if instance.executor.plays && scripted::plays(&assignment.job.spec.name) {
        return play(instance, assignment).await;
    }
    match &instance.executor.hook {
        Some(hook) => hand_over(instance, assignment, hook).await,
        None => Ok(Outcome::Success),
    }
}

/// A commit, for a job that needs no working copy.
#[derive(Debug)]
struct Commit {
    repository: Repository,
    sha: String,
}

impl Files for Commit {
    fn read<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<Option<Vec<u8>>>> {
        Box::pin(async move {
            let blob = self.repository.blob(&self.sha, path).await?;
            Ok(blob.map(|blob| blob.content))
        })
    }
}

async fn play(instance: &Instance, assignment: &Assignment) -> io::Result<Outcome> {
    let mut variables = instance.executor.environment.clone();
    variables.extend(assignment.variables.clone());
    let commit = Commit {
        repository: instance.repository(assignment.project.id),
        sha: assignment.pipeline.sha.clone(),
    };
    let http = instance.executor.http.clone();
    let job = scripted::Job::new(&assignment.job.spec.name, variables, commit, http);
    let done = scripted::run(&job).await;
    let (said, left) = job.end();
    said.iter().for_each(|line| assignment.trace.line(line));
    match done {
        Ok(()) => {
            artifact::invent(instance, assignment.job.id, &left)?;
            Ok(Outcome::Success)
        }
        Err(failure) => {
            assignment.trace.line(&failure.to_string());
            Ok(Outcome::of_exit(1))
        }
    }
}

async fn hand_over(
    instance: &Instance,
    assignment: &Assignment,
    hook: &Path,
) -> io::Result<Outcome> {
    checkout::prepare(instance, assignment).await?;
    let build = instance.build_folder(assignment.job.id);
    let mut command = Command::new(hook);
    command
        .arg(&assignment.job.spec.name)
        .current_dir(&assignment.folder)
        .env_clear()
        .envs(runner_environment(&instance.executor, &build).await?)
        .envs(&assignment.variables);
    let mut group = Group::start(&mut command)?;
    let (out, err) = (group.child.stdout.take(), group.child.stderr.take());
    let (_, _, code) = tokio::join!(
        copy(out, &assignment.trace),
        copy(err, &assignment.trace),
        group.wait()
    );
    Ok(Outcome::of_exit(code?))
}

async fn copy(pipe: Option<impl AsyncRead + Unpin>, trace: &Trace) {
    let Some(pipe) = pipe else { return };
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        trace.line(&line);
    }
}

async fn follow(
    instance: &Arc<Instance>,
    assignment: &Assignment,
    script: &Script,
) -> io::Result<Outcome> {
    tokio::time::sleep(Duration::from_secs_f64(script.seconds.max(0.0))).await;
    if !script.trace.is_empty() {
        assignment.trace.line(&script.trace);
    }
    match script.outcome {
        End::Hang => std::future::pending().await,
        End::Fail => Ok(Outcome::of_exit(1)),
        End::Play => perform(instance, assignment).await,
        End::Succeed => {
            artifact::invent(instance, assignment.job.id, &script.artifacts)?;
            for effect in &script.effects {
                effect.perform(&instance.executor.http).await?;
            }
            Ok(Outcome::Success)
        }
    }
}

impl Effect {
    async fn perform(&self, http: &reqwest::Client) -> io::Result<()> {
        let failed = |why: String| io::Error::other(format!("{} {}: {why}", self.method, self.url));
        let method = self
            .method
            .parse()
            .map_err(|_| failed("is no HTTP method".into()))?;
        let mut request = http.request(method, &self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| failed(error.to_string()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(failed(format!("was answered {status}"))),
        }
    }
}
