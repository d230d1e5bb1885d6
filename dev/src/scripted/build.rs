//! `harmonix-build`: an image for each commit, pushed once.

use serde_json::json;

use super::job::Job;
use super::registry::Repository;
use super::session::Session;
use crate::failure::Failure;

/// Pushes the commit's image and leaves `release.json`.
pub async fn run(job: &Job, session: &Session) -> Result<(), Failure> {
    let (name, commit) = (
        job.variable("HARMONIX_REPOSITORY")?,
        job.variable("CI_COMMIT_SHA")?,
    );
    let repository = Repository::ensure(session, name).await?;
    let digest = repository.push(commit, commit).await?;
    let release = json!({
        "commit": commit, "image": format!("{}@{digest}", repository.uri), "digest": digest,
    });
    job.leave("release.json", release.to_string());
    job.say(format!("Release {commit} is {}@{digest}", repository.uri));
    Ok(())
}
