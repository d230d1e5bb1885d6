//! `harmonix-build`: an image for each commit, pushed once.

use serde_json::json;

use super::registry::Repository;
use super::session::Session;
use super::variable;
use crate::failure::{Doing, Failure};

/// Pushes the commit's image and leaves `release.json`.
pub async fn run(session: &Session) -> Result<(), Failure> {
    let (name, commit) = (variable("HARMONIX_REPOSITORY")?, variable("CI_COMMIT_SHA")?);
    let repository = Repository::ensure(session, &name).await?;
    let digest = repository.push(&commit, &commit).await?;
    let release = json!({
        "commit": commit, "image": format!("{}@{digest}", repository.uri), "digest": digest,
    });
    std::fs::write("release.json", release.to_string()).doing(|| "write release.json".into())?;
    println!("Release {commit} is {}@{digest}", repository.uri);
    Ok(())
}
