//! Images, unpacked: each digest once, each task on a copy of its own.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use serde_json::Value;
use tokio::fs;
use tokio::process::Command;
use tokio::sync::Mutex;

use super::End;
use super::plan::Plan;
use crate::aws::ecr::Registry;
use crate::aws::ecr::registry::Manifest;

/// The images that were unpacked.
#[derive(Debug)]
pub struct Images {
    images: PathBuf,
    tasks: PathBuf,
    // One image is unpacked at a time: the second task of a service waits for the first one's work.
    unpacking: Mutex<()>,
}

/// What an image says about how it is run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ImageConfig {
    /// What is run.
    pub entrypoint: Option<Vec<String>>,
    /// Its arguments.
    pub cmd: Option<Vec<String>>,
    /// Variables as `NAME=value`.
    pub env: Option<Vec<String>>,
    /// Where it is run.
    pub working_dir: Option<String>,
    /// As whom.
    pub user: Option<String>,
}

const ROOT: &str = "root";
const CONFIG: &str = "config.json";

impl Images {
    /// Keeps images and task files in `folder`; what tasks of an earlier gate left there is removed.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let (images, tasks) = (folder.join("images"), folder.join("running"));
        if tasks.exists() {
            std::fs::remove_dir_all(&tasks)?;
        }
        std::fs::create_dir_all(&images)?;
        std::fs::create_dir_all(&tasks)?;
        Ok(Self {
            images,
            tasks,
            unpacking: Mutex::new(()),
        })
    }

    /// Answers a folder with a copy of the image's files, for one task.
    pub(super) async fn root_for(
        &self,
        registry: &Registry,
        plan: &Plan,
        task: &str,
    ) -> Result<PathBuf, End> {
        let failed = |error: String| {
            End::before_start(format!("CannotPullContainerError: {}: {error}", plan.image))
        };
        let image = self
            .unpacked(registry, &plan.path, &plan.manifest)
            .await
            .map_err(failed)?;
        let root = self.tasks.join(task);
        let broken = |error: io::Error| failed(error.to_string());
        run(Command::new("cp")
            .arg("-a")
            .arg("--reflink=auto")
            .arg(image.join(ROOT))
            .arg(&root))
        .await
        .map_err(broken)?;
        fs::copy(image.join(CONFIG), config_of(&root))
            .await
            .map_err(broken)?;
        Ok(root)
    }

    /// Removes a task's files.
    pub async fn forget(&self, task: &str) {
        let root = self.tasks.join(task);
        for removed in [
            fs::remove_file(config_of(&root)).await,
            fs::remove_dir_all(&root).await,
        ] {
            match removed {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::warn!(%task, %error, "a task's files could not be removed"),
            }
        }
    }

    async fn unpacked(
        &self,
        registry: &Registry,
        path: &str,
        manifest: &Manifest,
    ) -> Result<PathBuf, String> {
        let _turn = self.unpacking.lock().await;
        let folder = self.images.join(manifest.digest.replace(':', "-"));
        if fs::try_exists(&folder).await.unwrap_or_default() {
            return Ok(folder);
        }
        let making = self.images.join("making");
        let _ = fs::remove_dir_all(&making).await;
        let sentence = |error: io::Error| error.to_string();
        fs::create_dir_all(making.join(ROOT))
            .await
            .map_err(sentence)?;
        let image = platform(registry, path, manifest).await?;
        let config = image["config"]["digest"].as_str().unwrap_or_default();
        let config = registry
            .blob(path, config)
            .await
            .map_err(|refusal| refusal.message)?;
        let config: Value = serde_json::from_slice(&config).map_err(|error| error.to_string())?;
        fs::write(making.join(CONFIG), config["config"].to_string())
            .await
            .map_err(sentence)?;
        for layer in image["layers"].as_array().into_iter().flatten() {
            let file = making.join("layer");
            let digest = layer["digest"].as_str().unwrap_or_default();
            registry
                .save_blob(path, digest, &file)
                .await
                .map_err(|refusal| refusal.message)?;
            apply(&file, &making.join(ROOT)).await.map_err(sentence)?;
            fs::remove_file(&file).await.map_err(sentence)?;
        }
        fs::rename(&making, &folder).await.map_err(sentence)?;
        Ok(folder)
    }
}

/// Reads how the image whose files were copied to `root` is run.
pub fn config(root: &Path) -> io::Result<ImageConfig> {
    let text = std::fs::read(config_of(root))?;
    let config: Option<ImageConfig> = serde_json::from_slice(&text)?;
    Ok(config.unwrap_or_default())
}

fn config_of(root: &Path) -> PathBuf {
    root.with_extension("json")
}

/// Answers the manifest for this machine, where the reference names images of several.
async fn platform(registry: &Registry, path: &str, manifest: &Manifest) -> Result<Value, String> {
    let document = manifest.document();
    let Some(manifests) = document["manifests"].as_array() else {
        return Ok(document);
    };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let fits = |entry: &&Value| {
        entry["platform"]["os"] == "linux" && entry["platform"]["architecture"] == architecture
    };
    let entry = manifests
        .iter()
        .find(fits)
        .ok_or_else(|| format!("no image for linux/{architecture}"))?;
    let digest = entry["digest"].as_str().unwrap_or_default();
    let found = registry
        .manifest(path, digest)
        .await
        .map_err(|refusal| refusal.message)?;
    found
        .map(|manifest| manifest.document())
        .ok_or_else(|| format!("{digest} not found"))
}

/// Puts a layer on top of what is there: first what it removes, then what it brings.
async fn apply(layer: &Path, root: &Path) -> io::Result<()> {
    let listed = Command::new("tar")
        .arg("--list")
        .arg("--file")
        .arg(layer)
        .stdin(Stdio::null())
        .output()
        .await?;
    if !listed.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&listed.stderr).into_owned(),
        ));
    }
    for entry in String::from_utf8_lossy(&listed.stdout).lines() {
        white_out(Path::new(entry), root)?;
    }
    let mut extract = Command::new("tar");
    extract.args([
        "--extract",
        "--numeric-owner",
        "--preserve-permissions",
        "--exclude",
        ".wh.*",
    ]);
    if !nix::unistd::geteuid().is_root() {
        extract.arg("--no-same-owner");
    }
    run(extract
        .arg("--file")
        .arg(layer)
        .arg("--directory")
        .arg(root))
    .await
}

/// Removes what a whiteout entry says is not there any more.
fn white_out(entry: &Path, root: &Path) -> io::Result<()> {
    let Some(name) = entry.file_name().and_then(|name| name.to_str()) else {
        return Ok(());
    };
    let Some(removed) = name.strip_prefix(".wh.") else {
        return Ok(());
    };
    let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let Some(folder) = entry
        .parent()
        .filter(|folder| folder.components().all(inside))
    else {
        return Ok(());
    };
    // A symbolic link on the way must not lead out of the image.
    let Ok(folder) = root.join(folder).canonicalize() else {
        return Ok(());
    };
    if !folder.starts_with(root.canonicalize()?) {
        return Ok(());
    }
    if removed == ".wh..opq" {
        for entry in std::fs::read_dir(&folder)? {
            remove(&entry?.path())?;
        }
        return Ok(());
    }
    remove(&folder.join(removed))
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

async fn run(command: &mut Command) -> io::Result<()> {
    let done = command.stdin(Stdio::null()).output().await?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(io::Error::other(format!(
        "{:?} ended with {}: {}",
        command.as_std(),
        done.status,
        said.trim()
    )))
}
