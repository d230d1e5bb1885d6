//! Jobs of a scripted world: what they claim is what the real ones do, without Terraform and images
//! that run. Each works with the role that its pipeline names, through the same gate.
//!
//! They are played inside the GitLab stand-in: a process, a working copy and a connection for each would be most of
//! what a run costs.

mod build;
mod deploy;
mod job;
mod provision;
mod registry;
mod session;

pub use job::{Files, Job};

use crate::failure::Failure;
use session::Session;

/// Says whether there is a script for the job of this name.
#[must_use]
pub fn plays(name: &str) -> bool {
    matches!(name, "provision" | "verify" | "harmonix-build")
        || name.starts_with("harmonix-deploy-")
}

/// Does a job, with the environment that its runner gives it.
pub async fn run(job: &Job) -> Result<(), Failure> {
    let (role, region) = (
        job.variable("HARMONIX_ROLE_ARN")?,
        job.variable("AWS_REGION")?,
    );
    let session = Session::assume(job, role, region).await?;
    match job.name.as_str() {
        "provision" => provision::run(job, &session).await,
        // That the role could be assumed is all that was to be verified.
        "verify" => Ok(()),
        "harmonix-build" => build::run(job, &session).await,
        name if name.starts_with("harmonix-deploy-") => deploy::run(job, &session).await,
        other => Err(Failure::new(format!(
            "there is no script for the job {other}"
        ))),
    }
}
