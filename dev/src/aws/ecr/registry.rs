//! The image registry behind the gate.

use std::path::Path;

use bytes::Bytes;
use futures::StreamExt;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::Repository;
use crate::aws::answer::Refusal;
use crate::aws::config::RegistryConfig;

/// A manifest as the registry holds it.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The digest of its bytes.
    pub digest: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

impl Manifest {
    /// Reads the manifest as JSON.
    #[must_use]
    pub fn document(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }
}

/// A client of the registry.
#[derive(Debug, Clone)]
pub struct Registry {
    upstream: String,
    public_host: String,
    pub(super) client: reqwest::Client,
}

const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

impl Registry {
    /// Makes a client.
    #[must_use]
    pub fn new(config: &RegistryConfig) -> Self {
        Self {
            upstream: config.upstream.clone(),
            public_host: config.public_host(),
            client: reqwest::Client::new(),
        }
    }

    /// Answers the `host:port` that image names begin with.
    #[must_use]
    pub fn public_host(&self) -> &str {
        &self.public_host
    }

    /// Answers the address of a path of the registry itself.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.upstream)
    }

    /// Answers the manifest of a tag or digest, or nothing where there is none.
    pub async fn manifest(&self, path: &str, reference: &str) -> Result<Option<Manifest>, Refusal> {
        let address = self.address(&format!("/v2/{path}/manifests/{reference}"));
        let request = self.client.get(address).header(ACCEPT, MANIFESTS);
        let response = request.send().await.map_err(|error| self.silent(&error))?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let response = response
            .error_for_status()
            .map_err(|error| self.silent(&error))?;
        let media_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.silent(&error))?;
        Ok(Some(Manifest {
            digest: digest(&bytes),
            media_type,
            bytes,
        }))
    }

    /// Answers the tags of a repository; one that was never pushed to has none.
    pub async fn tags(&self, repository: &Repository) -> Result<Vec<String>, Refusal> {
        let address = self.address(&format!("/v2/{}/tags/list", repository.path()));
        let response = self
            .client
            .get(address)
            .send()
            .await
            .map_err(|error| self.silent(&error))?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        let listed: Value = response.json().await.map_err(|error| self.silent(&error))?;
        let tags = listed["tags"].as_array().into_iter().flatten();
        Ok(tags
            .filter_map(|tag| tag.as_str().map(str::to_owned))
            .collect())
    }

    /// Deletes a manifest by its digest.
    pub async fn delete(&self, repository: &Repository, digest: &str) -> Result<(), Refusal> {
        let address = self.address(&format!("/v2/{}/manifests/{digest}", repository.path()));
        let response = self
            .client
            .delete(address)
            .send()
            .await
            .map_err(|error| self.silent(&error))?;
        match response.status() {
            StatusCode::ACCEPTED | StatusCode::NOT_FOUND => Ok(()),
            status => Err(Refusal::internal(format!(
                "the registry at {} answered {status} to a deletion; start it with storage.delete.enabled",
                self.upstream
            ))),
        }
    }

    /// Deletes every manifest that has a tag.
    pub async fn empty(&self, repository: &Repository) -> Result<(), Refusal> {
        for tag in self.tags(repository).await? {
            if let Some(manifest) = self.manifest(&repository.path(), &tag).await? {
                self.delete(repository, &manifest.digest).await?;
            }
        }
        Ok(())
    }

    /// Reads a small blob, such as an image's configuration.
    pub async fn blob(&self, path: &str, digest: &str) -> Result<Bytes, Refusal> {
        let response = self.open_blob(path, digest).await?;
        response.bytes().await.map_err(|error| self.silent(&error))
    }

    /// Writes a blob to a file and makes sure that it is the one asked for.
    pub async fn save_blob(&self, path: &str, digest: &str, file: &Path) -> Result<(), Refusal> {
        let broken = |error: std::io::Error| {
            Refusal::internal(format!("{} cannot be written: {error}", file.display()))
        };
        let mut stream = self.open_blob(path, digest).await?.bytes_stream();
        let mut target = tokio::fs::File::create(file).await.map_err(broken)?;
        let mut hash = Sha256::new();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| self.silent(&error))?;
            hash.update(&piece);
            target.write_all(&piece).await.map_err(broken)?;
        }
        target.flush().await.map_err(broken)?;
        let found = format!("sha256:{}", hex(&hash.finalize()));
        if found == digest {
            return Ok(());
        }
        Err(Refusal::internal(format!(
            "the registry gave {found} when asked for {digest}"
        )))
    }

    async fn open_blob(&self, path: &str, digest: &str) -> Result<reqwest::Response, Refusal> {
        let address = self.address(&format!("/v2/{path}/blobs/{digest}"));
        let response = self
            .client
            .get(address)
            .send()
            .await
            .map_err(|error| self.silent(&error))?;
        response
            .error_for_status()
            .map_err(|error| self.silent(&error))
    }

    /// Answers the size of a manifest's image: the layers as they are stored.
    #[must_use]
    pub fn size(manifest: &Manifest) -> u64 {
        let document = manifest.document();
        let layers = document["layers"].as_array().cloned().unwrap_or_default();
        layers
            .iter()
            .filter_map(|layer| layer["size"].as_u64())
            .sum()
    }

    pub(super) fn silent(&self, error: &reqwest::Error) -> Refusal {
        Refusal::with_status(
            "ServerException",
            500,
            format!(
                "the registry at {} did not answer as it must: {error}; see its log",
                self.upstream
            ),
        )
    }
}

/// Answers the digest of some bytes.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Headers of a request that the registry must see.
pub(super) const PASSED_ON: [http::HeaderName; 4] = [
    ACCEPT,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    http::header::CONTENT_RANGE,
];
