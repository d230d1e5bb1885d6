//! Executors: what runs a job.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::instance::Instance;
use super::{ExecutorKind, GitlabArgs};

mod artifact;
mod assignment;
mod checkout;
mod claims;
mod process;
mod real;
mod script;
mod trace;

pub use artifact::{archive, file as artifact_file};
pub use assignment::Assignment;
pub use script::{Script, Scripts};
pub use trace::Trace;

/// How jobs are executed.
#[derive(Debug)]
pub struct Settings {
    kind: ExecutorKind,
    node: PathBuf,
    gitlab_ci_local: PathBuf,
    plays: bool,
    hook: Option<PathBuf>,
    http: reqwest::Client,
    environment: BTreeMap<String, String>,
    /// Jobs that may run at once.
    pub concurrency: usize,
}

impl Settings {
    /// Reads the options; a tool that is needed and not given is an error here and not in the first job.
    pub fn of(args: &GitlabArgs) -> io::Result<Self> {
        let needed = |path: &Option<PathBuf>, option: &str| match (path, args.executor) {
            (Some(path), _) if path.is_file() => path.canonicalize(),
            (Some(path), ExecutorKind::Real) => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("{option} {}: there is no such file", path.display()),
            )),
            (None, ExecutorKind::Real) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the real executor needs {option}"),
            )),
            (Some(_) | None, ExecutorKind::Scripted) => Ok(PathBuf::new()),
        };
        let environment = match &args.job_environment {
            None => BTreeMap::new(),
            Some(path) => serde_json::from_slice(&std::fs::read(path)?).map_err(|error| {
                let text = format!("{} is no JSON object of texts: {error}", path.display());
                io::Error::new(io::ErrorKind::InvalidData, text)
            })?,
        };
        let concurrency = args.concurrency.unwrap_or(match args.executor {
            ExecutorKind::Real => 2,
            ExecutorKind::Scripted => 32,
        });
        Ok(Self {
            kind: args.executor,
            node: needed(&args.node, "--node")?,
            gitlab_ci_local: needed(&args.gitlab_ci_local, "--gitlab-ci-local")?,
            plays: args.play_jobs,
            hook: args.script_hook.clone(),
            http: reqwest::Client::new(),
            environment,
            concurrency: concurrency.max(1),
        })
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Success,
    /// Badly.
    Failed {
        /// GitLab's word for why.
        reason: &'static str,
        /// The script's exit code.
        exit_code: Option<i32>,
    },
    /// Stopped by request.
    Canceled,
}

impl Outcome {
    fn of_exit(code: i32) -> Self {
        match code {
            0 => Self::Success,
            code => Self::Failed {
                reason: "script_failure",
                exit_code: Some(code),
            },
        }
    }
}

/// Runs a job to its end: its own, its time's, or a stop.
pub async fn run(instance: &Arc<Instance>, job: u64, stop: &Notify) -> Outcome {
    let assignment = match Assignment::of(instance, job).await {
        Ok(assignment) => assignment,
        Err(error) => {
            tracing::error!(job, %error, "a job could not be prepared");
            return Outcome::Failed {
                reason: "runner_system_failure",
                exit_code: None,
            };
        }
    };
    let limit = Duration::from_secs(assignment.timeout);
    let outcome = tokio::select! {
        () = stop.notified() => Outcome::Canceled,
        result = tokio::time::timeout(limit, execute(instance, &assignment)) => match result {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => {
                assignment.trace.line(&format!("ERROR: Job failed (system failure): {error}"));
                Outcome::Failed { reason: "runner_system_failure", exit_code: None }
            }
            Err(_) => {
                assignment.trace.line(&format!(
                    "ERROR: Job failed: execution took longer than {}s seconds", assignment.timeout
                ));
                Outcome::Failed { reason: "job_execution_timeout", exit_code: None }
            }
        },
    };
    match &outcome {
        Outcome::Success => assignment.trace.line("Job succeeded"),
        Outcome::Failed {
            exit_code: Some(code),
            ..
        } => {
            assignment
                .trace
                .line(&format!("ERROR: Job failed: exit code {code}"));
        }
        Outcome::Failed {
            exit_code: None, ..
        } => {}
        Outcome::Canceled => assignment.trace.line("ERROR: Job failed: canceled"),
    }
    artifact::collect(instance, &assignment, &outcome).await;
    if let Err(error) = tokio::fs::remove_dir_all(instance.build_folder(job)).await
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(job, %error, "the work folder of an ended job is still on disk");
    }
    outcome
}

async fn execute(instance: &Arc<Instance>, assignment: &Assignment) -> io::Result<Outcome> {
    match instance.executor.kind {
        ExecutorKind::Real => real::execute(instance, assignment).await,
        ExecutorKind::Scripted => script::execute(instance, assignment).await,
    }
}
