//! Repositories of images, as ECR has them over the world's registry.

use reqwest::{Client, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::session::Session;
use crate::failure::{Doing, Failure};

const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// One repository, with access to it.
pub struct Repository {
    http: Client,
    access: String,
    /// `registry/…/name`.
    pub uri: String,
}

/// `sha256:…` of these bytes.
fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |text, byte| {
        format!("{text}{byte:02x}")
    })
}

impl Repository {
    /// The repository of this name in the session's account; made where it is absent.
    pub async fn ensure(session: &Session, name: &str) -> Result<Self, Failure> {
        match Self::find(session, name).await {
            Err(failure) if failure.sentence().contains("RepositoryNotFoundException") => {
                let wanted = json!({ "repositoryName": name, "imageTagMutability": "IMMUTABLE" });
                session
                    .json("ecr", &format!("{ECR}.CreateRepository"), wanted)
                    .await?;
                Self::find(session, name).await
            }
            found => found,
        }
    }

    /// The repository of this name in the session's account.
    pub async fn find(session: &Session, name: &str) -> Result<Self, Failure> {
        let target = |operation: &str| format!("{ECR}.{operation}");
        let known = json!({ "repositoryNames": [name] });
        let answer = session
            .json("ecr", &target("DescribeRepositories"), known)
            .await?;
        let uri = &answer["repositories"][0]["repositoryUri"];
        let token = session
            .json("ecr", &target("GetAuthorizationToken"), json!({}))
            .await?;
        let access = token["authorizationData"][0]["authorizationToken"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Ok(Self {
            http: session.http.clone(),
            access,
            uri: uri.as_str().unwrap_or_default().to_owned(),
        })
    }

    /// Pushes an image that holds nothing but `content`, and answers its digest. As the template's script does it, a tag
    /// that is there already is left as it is.
    pub async fn push(&self, tag: &str, content: &str) -> Result<String, Failure> {
        if let Ok(manifest) = self.get(&format!("manifests/{tag}")).await {
            return Ok(digest(&manifest));
        }
        let config = json!({ "architecture": "amd64", "os": "linux", "config": { "Labels": { "content": content } },
            "rootfs": { "type": "layers", "diff_ids": [] } })
        .to_string();
        self.blob(config.as_bytes()).await?;
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "layers": [], "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config.as_bytes()), "size": config.len() } })
        .to_string();
        self.manifest(tag, manifest.as_bytes()).await?;
        Ok(digest(manifest.as_bytes()))
    }

    /// Copies the image of this digest from another repository, under `tag`. As the template's script does it, one that
    /// is there already is left as it is: its tag is immutable.
    pub async fn copy(&self, from: &Self, wanted: &str, tag: &str) -> Result<String, Failure> {
        if self.get(&format!("manifests/{wanted}")).await.is_ok() {
            return Ok(wanted.to_owned());
        }
        let manifest = from.get(&format!("manifests/{wanted}")).await?;
        let parsed: Value = serde_json::from_slice(&manifest)
            .doing(|| format!("read the manifest {wanted} of {}", from.uri))?;
        let config = parsed["config"]["digest"].as_str().unwrap_or_default();
        let blob = from.get(&format!("blobs/{config}")).await?;
        self.blob(&blob).await?;
        self.manifest(tag, &manifest).await?;
        Ok(digest(&manifest))
    }

    fn url(uri: &str, rest: &str) -> String {
        let (host, name) = uri.split_once('/').unwrap_or((uri, ""));
        format!("http://{host}/v2/{name}/{rest}")
    }

    async fn get(&self, rest: &str) -> Result<Vec<u8>, Failure> {
        let what = || format!("fetch {rest} of {}", self.uri);
        let request = self
            .http
            .get(Self::url(&self.uri, rest))
            .header("accept", MANIFEST);
        let answer = good(self.allowed(request).send().await.doing(what)?, &what()).await?;
        Ok(answer.bytes().await.doing(what)?.to_vec())
    }

    async fn blob(&self, content: &[u8]) -> Result<(), Failure> {
        let what = || format!("push a blob to {}", self.uri);
        let start = self.http.post(Self::url(&self.uri, "blobs/uploads/"));
        let started = good(self.allowed(start).send().await.doing(what)?, &what()).await?;
        let place = started
            .headers()
            .get("location")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let host = self.uri.split('/').next().unwrap_or_default();
        let place = if place.starts_with('/') {
            format!("http://{host}{place}")
        } else {
            place.to_owned()
        };
        let joint = if place.contains('?') { '&' } else { '?' };
        let put = self
            .http
            .put(format!("{place}{joint}digest={}", digest(content)));
        let put = put
            .header("content-type", "application/octet-stream")
            .body(content.to_vec());
        good(self.allowed(put).send().await.doing(what)?, &what())
            .await
            .map(|_| ())
    }

    async fn manifest(&self, tag: &str, content: &[u8]) -> Result<(), Failure> {
        let what = || format!("push {}:{tag}", self.uri);
        let put = self
            .http
            .put(Self::url(&self.uri, &format!("manifests/{tag}")));
        let put = put.header("content-type", MANIFEST).body(content.to_vec());
        good(self.allowed(put).send().await.doing(what)?, &what())
            .await
            .map(|_| ())
    }

    fn allowed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header("authorization", format!("Basic {}", self.access))
    }
}

async fn good(answer: Response, what: &str) -> Result<Response, Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer.text().await.unwrap_or_default();
    Err(Failure::new(format!("cannot {what}: {status} {text}")))
}
