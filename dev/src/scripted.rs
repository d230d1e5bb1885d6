//! Jobs of a scripted world: what they claim is what the real ones do, without Terraform and images
//! that run. Each works with the role that its pipeline names, through the same gate.

mod build;
mod deploy;
mod provision;
mod registry;
mod session;

use std::env;

use crate::failure::{Doing, Failure};
use session::Session;

/// Does the job of this name, with the environment that a runner gave it.
pub async fn run(job: &str) -> Result<(), Failure> {
    let (role, region) = (variable("HARMONIX_ROLE_ARN")?, variable("AWS_REGION")?);
    let session = Session::assume(&role, &region).await?;
    match job {
        "provision" => provision::run(&session).await,
        // That the role could be assumed is all that was to be verified.
        "verify" => Ok(()),
        "harmonix-build" => build::run(&session).await,
        name if name.starts_with("harmonix-deploy-") => deploy::run(&session).await,
        other => Err(Failure::new(format!(
            "there is no script for the job {other}"
        ))),
    }
}

/// A variable of the job.
fn variable(name: &str) -> Result<String, Failure> {
    env::var(name).doing(|| format!("read the variable {name} of this job"))
}
