//! GitLab: the stand-in with its groups and users.

use jiff::{ToSpan, Zoned};
use serde_json::json;

use super::Executor;
use super::job;
use super::part::Recipe;
use super::rise::Rise;
use crate::failure::{Doing, Failure};

/// The issuer, and the audience, of id tokens; IAM wants https.
pub const ISSUER: &str = "https://gitlab.example.com";
/// The group of the applications' repositories.
pub const APPLICATIONS_GROUP: &str = "aws-apps";
/// The group of the environment providers' repositories.
pub const PROVIDERS_GROUP: &str = "aws-environment-providers";

/// The tag of the runner, which takes no job without it.
pub const RUNNER_TAG: &str = "harmonix";

/// Brings GitLab up; when this is done it answers.
pub async fn rise(rise: &Rise<'_>) -> Result<(), Failure> {
    let world = rise.world;
    let task = rise.progress.task("gitlab");
    write_setup(rise)?;
    world.layout.write(
        &world.layout.gitlab_token(),
        &world.tokens.gitlab_controller,
    )?;
    world.layout.write(
        &world.layout.installation_key(),
        &world.tokens.installation_key,
    )?;
    job::write_environment(rise)?;
    let gitlab = rise.start(gitlab(rise))?;
    rise.listens(&gitlab, world.ports.gitlab).await?;
    task.done();
    Ok(())
}

fn write_setup(rise: &Rise<'_>) -> Result<(), Failure> {
    let tokens = &rise.world.tokens;
    // As a real token has it; far enough that no warning about it disturbs a run.
    let expires_at = Zoned::now()
        .date()
        .checked_add(300.days())
        .doing(|| "say when the controller's GitLab token expires".into())?;
    let setup = json!({
        "groups": [
            { "path": APPLICATIONS_GROUP, "name": "Applications" },
            { "path": PROVIDERS_GROUP, "name": "Environment providers" },
        ],
        "runner": { "tags": [RUNNER_TAG], "run_untagged": false },
        "users": [
            {
                "username": "harmonix", "name": "Harmonix", "bot": true,
                "token": tokens.gitlab_controller, "scopes": ["api"], "expires_at": expires_at,
                "groups": { APPLICATIONS_GROUP: "maintainer", PROVIDERS_GROUP: "maintainer" },
            },
            {
                "username": "developer", "name": "A developer",
                "token": tokens.gitlab_developer, "scopes": ["api"],
                "groups": { APPLICATIONS_GROUP: "developer" },
            },
            {
                "username": "administrator", "name": "The administrator", "administrator": true,
                "token": tokens.gitlab_administrator, "scopes": ["api"],
            },
        ],
    });
    let layout = &rise.world.layout;
    let text = serde_json::to_vec_pretty(&setup).doing(|| "write GitLab's start-up file".into())?;
    layout.write(&layout.path("gitlab/setup.json"), text)
}

fn gitlab(rise: &Rise<'_>) -> Recipe {
    let layout = &rise.world.layout;
    let port = rise.world.ports.gitlab;
    let executor = match rise.world.options.executor {
        Executor::Real => "real",
        Executor::Scripted => "scripted",
    };
    let options = [
        ("--listen", format!("127.0.0.1:{port}")),
        (
            "--state",
            layout.path("gitlab/state").to_string_lossy().into_owned(),
        ),
        (
            "--journal",
            layout.journal("gitlab").to_string_lossy().into_owned(),
        ),
        (
            "--setup",
            layout
                .path("gitlab/setup.json")
                .to_string_lossy()
                .into_owned(),
        ),
        ("--issuer", ISSUER.to_owned()),
        ("--executor", executor.to_owned()),
        (
            "--node",
            rise.tools.node.node().to_string_lossy().into_owned(),
        ),
        (
            "--gitlab-ci-local",
            rise.tools
                .node
                .gitlab_ci_local()
                .to_string_lossy()
                .into_owned(),
        ),
        (
            "--job-environment",
            job::file(layout).to_string_lossy().into_owned(),
        ),
    ];
    let plays = match rise.world.options.executor {
        Executor::Real => None,
        Executor::Scripted => Some("--play-jobs".to_owned()),
    };
    let arguments = options
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .chain(plays);
    rise.recipe(
        "gitlab",
        rise.program.clone(),
        std::iter::once("serve-gitlab".to_owned()).chain(arguments),
        &[port],
    )
}
