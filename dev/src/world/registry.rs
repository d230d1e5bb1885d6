//! The image registry that stands for ECR's data plane, and the base images in it.

use std::time::Duration;

use tokio::process::Command;

use super::environment;
use super::part::Recipe;
use super::rise::Rise;
use crate::failure::Failure;
use crate::tools::command;

const COPY_LIMIT: Duration = Duration::from_secs(120);

/// Brings the registry up and puts the base images into it.
pub async fn rise(rise: &Rise<'_>) -> Result<(), Failure> {
    let world = rise.world;
    let port = world.ports.registry;
    let task = rise.progress.task("registry");
    world.layout.write(
        &world.layout.path("registry/config.yml"),
        configuration(rise),
    )?;
    let registry = rise.start(registry(rise))?;
    rise.answers(&registry, &format!("http://127.0.0.1:{port}/v2/"))
        .await?;

    task.note("copying the base image");
    let mut copy = Command::new("skopeo");
    copy.args([
        "copy",
        "--quiet",
        "--preserve-digests",
        "--dest-tls-verify=false",
    ])
    .arg(rise.tools.node_image.source())
    .arg(format!("docker://127.0.0.1:{port}/library/node:22"))
    .env_clear()
    .envs(environment::base(world.layout.folder()));
    command::run(copy, &world.layout.log("setup"), COPY_LIMIT, |_| {}).await?;
    task.done();
    Ok(())
}

fn configuration(rise: &Rise<'_>) -> String {
    let folder = rise.world.layout.path("registry/data");
    let port = rise.world.ports.registry;
    format!(
        "version: 0.1\n\
         log:\n  level: warn\n  accesslog:\n    disabled: true\n\
         storage:\n  filesystem:\n    rootdirectory: {folder:?}\n  delete:\n    enabled: true\n\
         http:\n  addr: 127.0.0.1:{port}\n"
    )
}

fn registry(rise: &Rise<'_>) -> Recipe {
    let configuration = rise.world.layout.path("registry/config.yml");
    let program = command::find("docker-registry").unwrap_or_else(|| "docker-registry".into());
    let arguments = ["serve", &configuration.to_string_lossy()];
    rise.recipe("registry", program, arguments, &[rise.world.ports.registry])
}
