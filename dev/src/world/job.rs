//! What a runner gives to every job: where the tools are, where AWS is, and no credentials.

use std::path::PathBuf;

use super::account::REGION;
use super::environment;
use super::layout::Layout;
use super::rise::Rise;
use crate::failure::{Doing, Failure};

/// Answers the file with the environment of jobs.
#[must_use]
pub fn file(layout: &Layout) -> PathBuf {
    layout.path("jobs/environment.json")
}

/// Writes the environment of jobs and the files that it names.
pub fn write_environment(rise: &Rise<'_>) -> Result<(), Failure> {
    let world = rise.world;
    let layout = &world.layout;
    link_programs(rise)?;
    let terraform = rise.tools.terraform.configuration(
        &layout.path("jobs/terraform.rc"),
        &rise.tools.cache.path("terraform-plugins"),
    )?;
    let registries = layout.path("jobs/registries.conf");
    layout.write(
        &registries,
        registries_configuration(&[world.ports.ecr, world.ports.registry]),
    )?;
    let storage = layout.path("jobs/storage.conf");
    layout.write(&storage, storage_configuration(layout))?;
    // A file that is named must exist, and the machine's own is not for jobs.
    let credentials = layout.path("jobs/registry-credentials.json");
    layout.write(&credentials, "{}")?;

    let mut variables = environment::base(layout.folder());
    // The runner gives each job a home and a temporary folder of its own.
    variables.retain(|name, _| name != "HOME" && name != "TMPDIR");
    let path = variables.get("PATH").cloned().unwrap_or_default();
    let own = [
        ("PATH", format!("{}:{path}", layout.programs().display())),
        ("AWS_ENDPOINT_URL", world.aws_url()),
        // Terraform's AWS provider asks the real STS for web identities unless it is told apart.
        ("AWS_ENDPOINT_URL_STS", world.aws_url()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_PAGER", String::new()),
        (
            "TF_CLI_CONFIG_FILE",
            terraform.to_string_lossy().into_owned(),
        ),
        ("TF_IN_AUTOMATION", "true".to_owned()),
        ("BUILDAH_ISOLATION", "chroot".to_owned()),
        // The registries of the world speak plain HTTP, and skopeo reads that from no file that a variable names.
        ("HARMONIX_REGISTRY_TLS_VERIFY", "false".to_owned()),
        (
            "CONTAINERS_REGISTRIES_CONF",
            registries.to_string_lossy().into_owned(),
        ),
        (
            "CONTAINERS_STORAGE_CONF",
            storage.to_string_lossy().into_owned(),
        ),
        (
            "REGISTRY_AUTH_FILE",
            credentials.to_string_lossy().into_owned(),
        ),
    ];
    variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
    let text =
        serde_json::to_vec_pretty(&variables).doing(|| "write the environment of jobs".into())?;
    layout.write(&file(layout), text)
}

/// Links the tools that are not in everybody's `PATH` into the world's folder of programs.
fn link_programs(rise: &Rise<'_>) -> Result<(), Failure> {
    let folder = rise.world.layout.programs();
    let what = || format!("link the tools into {}", folder.display());
    std::fs::create_dir_all(&folder).doing(what)?;
    let programs = [
        ("aws", rise.tools.python.binary("aws")),
        ("node", rise.tools.node.node()),
        ("kubectl", rise.tools.control_plane.binary("kubectl")),
    ];
    for (name, program) in programs {
        std::os::unix::fs::symlink(program, folder.join(name)).doing(what)?;
    }
    Ok(())
}

/// The registries of the world speak plain HTTP.
fn registries_configuration(ports: &[u16]) -> String {
    ports
        .iter()
        .map(|port| format!("[[registry]]\nlocation = \"127.0.0.1:{port}\"\ninsecure = true\n\n"))
        .collect()
}

/// Images that jobs build lie in the world's folder. They are plain files: nothing is mounted that would be left
/// behind when a job is killed.
fn storage_configuration(layout: &Layout) -> String {
    let folder = layout.path("jobs/images");
    let (graph, run) = (folder.join("graph"), folder.join("run"));
    format!(
        "[storage]\ndriver = \"vfs\"\ngraphroot = {graph:?}\nrunroot = {run:?}\nrootless_storage_path = {graph:?}\n"
    )
}
