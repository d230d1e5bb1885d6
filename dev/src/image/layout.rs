//! An OCI layout: what an image is on disk, and what its registry would hold of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::process::Command;

use crate::failure::{Doing, Failure};
use crate::tools::command;

const LIMIT: Duration = Duration::from_secs(5 * 60);

/// A folder with one image.
#[derive(Debug, Clone)]
pub struct Layout {
    folder: PathBuf,
}

/// What is said of a file of the image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Blob {
    /// What it is called: the hash of its content.
    pub digest: String,
    /// Its bytes, as they lie in a registry.
    pub size: u64,
}

#[derive(Debug, Deserialize)]
struct Index {
    manifests: Vec<Blob>,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    config: Blob,
    layers: Vec<Blob>,
}

impl Layout {
    /// The layout in this folder.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Answers the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Answers the digest of the image, by which a registry and a node know it.
    pub fn digest(&self) -> Result<String, Failure> {
        Ok(self.manifest()?.digest)
    }

    /// Answers how many bytes are pulled of it: its layers, compressed, and its configuration.
    pub fn compressed(&self) -> Result<u64, Failure> {
        let manifest: Manifest = self.read(&self.blob(&self.manifest()?.digest))?;
        let layers = manifest.layers.iter().map(|layer| layer.size);
        Ok(layers.sum::<u64>() + manifest.config.size)
    }

    /// Writes the image into an archive that containerd imports under this name.
    pub async fn archive(&self, name: &str, file: &Path) -> Result<(), Failure> {
        if file.exists() {
            // skopeo adds to an archive that is there.
            fs::remove_file(file).doing(|| format!("remove {}", file.display()))?;
        }
        let mut copy = Command::new("skopeo");
        copy.args(["copy", "--quiet"])
            .arg(format!("oci:{}", self.folder.display()))
            .arg(format!("oci-archive:{}:{name}", file.display()));
        command::output(copy, LIMIT).await.map(drop)
    }

    fn manifest(&self) -> Result<Blob, Failure> {
        let index: Index = self.read(&self.folder.join("index.json"))?;
        index.manifests.into_iter().next().ok_or_else(|| {
            Failure::new(format!(
                "{} names no image: remove the folder and build it again",
                self.folder.display()
            ))
        })
    }

    fn blob(&self, digest: &str) -> PathBuf {
        self.folder.join("blobs").join(digest.replace(':', "/"))
    }

    fn read<T: DeserializeOwned>(&self, file: &Path) -> Result<T, Failure> {
        let what = || format!("read {}", file.display());
        serde_json::from_slice(&fs::read(file).doing(what)?).doing(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pulled_is_the_layers_and_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = folder.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        let index = r#"{"manifests":[{"digest":"sha256:m","size":7}]}"#;
        fs::write(folder.path().join("index.json"), index).unwrap();
        let manifest = r#"{"config":{"digest":"sha256:c","size":1},"layers":[{"digest":"sha256:a","size":20},{"digest":"sha256:b","size":300}]}"#;
        fs::write(blobs.join("m"), manifest).unwrap();

        let layout = Layout::at(folder.path().to_owned());

        assert_eq!(layout.digest().unwrap(), "sha256:m");
        assert_eq!(layout.compressed().unwrap(), 321);
    }

    #[test]
    fn an_empty_layout_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.json"), r#"{"manifests":[]}"#).unwrap();
        let told = Layout::at(folder.path().to_owned()).digest().unwrap_err();
        assert!(told.sentence().contains("build it again"), "{told}");
    }
}
