//! The GitLab stand-in over real Git repositories.
//!
//! It answers as GitLab 19.5's own API document says, for the endpoints that the controller, its pipelines and
//! Terraform use ([`endpoint::ENDPOINTS`] is the whole list), keeps every project as a bare repository that `git`
//! clones from and pushes to, and runs pipelines through an executor. It is a black box to the controller: nothing
//! here knows what Harmonix is, save the job names that a scripted run hands to its hook.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

mod access;
mod answer;
mod api;
mod control;
pub mod endpoint;
mod engine;
mod executor;
mod instance;
mod model;
mod moment;
mod page;
mod params;
mod pipeline;
mod repository;
mod server;
mod setup;
mod smart;
mod store;
mod token;

pub use instance::Instance;
pub use server::Running;

/// The version that the stand-in claims.
pub const VERSION: &str = "19.5.0";

/// How jobs are executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExecutorKind {
    /// Each job's script really runs, by gitlab-ci-local.
    Real,
    /// Each job's result comes from a registered script, from being played, from the hook, or is success at once.
    Scripted,
}

/// The options of `serve-gitlab`.
#[derive(Debug, Clone, Args)]
pub struct GitlabArgs {
    /// Loopback address and port to serve on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Folder for repositories, job logs and artifacts, and the instance's state
    #[arg(long)]
    pub state: PathBuf,
    /// Journal file, one JSON object per request
    #[arg(long)]
    pub journal: PathBuf,
    /// Start-up file (JSON) with groups and users
    #[arg(long)]
    pub setup: PathBuf,
    /// Issuer that id tokens name and the OIDC configuration answers
    #[arg(long, default_value = "https://gitlab.example.com")]
    pub issuer: String,
    /// How jobs are executed
    #[arg(long, value_enum, default_value_t = ExecutorKind::Real)]
    pub executor: ExecutorKind,
    /// Node 22 binary that runs gitlab-ci-local (real executor)
    #[arg(long)]
    pub node: Option<PathBuf>,
    /// gitlab-ci-local's script (real executor)
    #[arg(long)]
    pub gitlab_ci_local: Option<PathBuf>,
    /// JSON file of environment variables that every job gets from its runner
    #[arg(long)]
    pub job_environment: Option<PathBuf>,
    /// Play the jobs of the catalogue, against the AWS that the runner's environment names (scripted executor)
    #[arg(long)]
    pub play_jobs: bool,
    /// Command that every other job is handed to; well at once where not given (scripted executor)
    #[arg(long)]
    pub script_hook: Option<PathBuf>,
    /// Jobs that may run at once; 2 for the real executor, 32 for the scripted one
    #[arg(long)]
    pub concurrency: Option<usize>,
}

/// Serves until the process is asked to stop (SIGTERM or SIGINT).
pub async fn serve(args: GitlabArgs) -> io::Result<()> {
    let running = start(args).await?;
    // Whoever starts us with port 0 reads the address here.
    tracing::info!(url = %running.url(), "GitLab stand-in is serving");
    server::stop_signal().await?;
    running.stop().await
}

/// Starts serving in the background; tests use it as it is.
pub async fn start(args: GitlabArgs) -> io::Result<Running> {
    let listener = tokio::net::TcpListener::bind(args.listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let instance = Arc::new(Instance::open(args, url).await?);
    server::run(instance, listener).await
}
