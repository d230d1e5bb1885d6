//! The parts of the world that are this program itself.

use std::process::ExitCode;

use harmonix_dev::apichaos::{self, ApiChaosArgs};
use harmonix_dev::aws::{self, GateArgs};
use harmonix_dev::failure::{Doing, Failure};
use harmonix_dev::flux::{self, FluxSourceArgs};
use harmonix_dev::gitlab::{self, GitlabArgs};
use tracing_subscriber::EnvFilter;

/// Stands between the controller and the API server until it is ended; nothing that it knows is kept.
pub async fn apichaos(arguments: &ApiChaosArgs) -> Result<ExitCode, Failure> {
    log();
    apichaos::serve(arguments).await?;
    Ok(ExitCode::SUCCESS)
}

/// Serves AWS until asked to end.
pub async fn aws(arguments: &GateArgs) -> Result<ExitCode, Failure> {
    log();
    let configuration = arguments.config().doing(|| "start the gate".into())?;
    aws::serve(configuration)
        .await
        .doing(|| "serve AWS".into())?;
    Ok(ExitCode::SUCCESS)
}

/// Packs Git repositories until it is ended.
pub async fn flux_source(arguments: &FluxSourceArgs) -> Result<ExitCode, Failure> {
    log();
    flux::serve(arguments).await?;
    Ok(ExitCode::SUCCESS)
}

/// Serves GitLab until asked to end.
pub async fn gitlab(arguments: GitlabArgs) -> Result<ExitCode, Failure> {
    log();
    gitlab::serve(arguments)
        .await
        .doing(|| "serve GitLab".into())?;
    Ok(ExitCode::SUCCESS)
}

/// Logs are read in files.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
}
