//! The archives, one for each commit, on disk and by their addresses.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::remote::Remote;
use crate::failure::{Doing, Failure};

/// Where archives lie.
#[derive(Debug, Clone)]
pub struct Archives {
    folder: PathBuf,
    listen: SocketAddr,
}

impl Archives {
    pub fn new(folder: &Path, listen: SocketAddr) -> Self {
        Self {
            folder: folder.to_owned(),
            listen,
        }
    }

    fn folder_of(&self, namespace: &str, name: &str) -> PathBuf {
        self.folder.join(namespace).join(name)
    }

    /// Packs a commit; answers what `status.artifact` says of it.
    pub async fn pack(
        &self,
        namespace: &str,
        name: &str,
        remote: &Remote,
        commit: &str,
    ) -> Result<Value, Failure> {
        let folder = self.folder_of(namespace, name);
        let what = || format!("write to {}", folder.display());
        tokio::fs::create_dir_all(&folder).await.doing(what)?;
        let bare = folder.join("repository.git");
        remote.fetch(&bare).await?;
        let file = format!("{commit}.tar.gz");
        let archive = folder.join(&file);
        remote.pack(&bare, commit, &archive).await?;
        let bytes = tokio::fs::read(&archive).await.doing(what)?;
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let path = format!("{namespace}/{name}/{file}");
        Ok(json!({
            "revision": revision(&remote.branch, commit),
            "digest": format!("sha256:{digest}"),
            "size": bytes.len(),
            "lastUpdateTime": whole_second(Timestamp::now()),
            "url": format!("http://{}/{path}", self.listen),
            "path": path,
        }))
    }

    /// Reads one by its address.
    pub async fn read(&self, namespace: &str, name: &str, file: &str) -> Option<Vec<u8>> {
        let plain = |part: &str| !part.is_empty() && !part.contains(['/', '\\']) && part != "..";
        if ![namespace, name, file].into_iter().all(plain) || !file.ends_with(".tar.gz") {
            return None;
        }
        let path = self.folder_of(namespace, name).join(file);
        tokio::fs::read(path).await.ok()
    }
}

/// A commit as Flux spells it.
pub fn revision(branch: &str, commit: &str) -> String {
    format!("{branch}@sha1:{commit}")
}

/// A time as Kubernetes keeps it.
pub fn whole_second(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second())
        .unwrap_or(time)
        .to_string()
}
