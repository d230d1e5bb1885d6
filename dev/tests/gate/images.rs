//! ECR over a real registry, and a small image to put there.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harmonix_dev::aws::config::TaskMode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::{Key, World, administrator, other_administrator};

const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Answers `OK` on every path; fails in the way `BEHAVIOUR` names.
const SERVER: &str = r#"
use std::io::{Read, Write};
fn main() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    if variable("BEHAVIOUR") == "exit" { std::process::exit(3); }
    let status = if variable("BEHAVIOUR") == "sick" { "500 No" } else { "200 OK" };
    let listener = std::net::TcpListener::bind(format!("127.0.0.1:{}", variable("PORT"))).unwrap();
    let body = format!("{} {}", variable("GREETING"), variable("PASSWORD"));
    println!("listening");
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        let _ = stream.read(&mut [0; 4096]);
        let length = body.len();
        let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    }
}
"#;

/// Answers a layer with the server in it, compiled once.
fn layer() -> &'static [u8] {
    static LAYER: OnceLock<Vec<u8>> = OnceLock::new();
    LAYER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("server.rs");
        std::fs::write(&source, SERVER).unwrap();
        let rustc = std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
        let compiled = Command::new(rustc)
            .args([
                "-C",
                "target-feature=+crt-static",
                "-C",
                "strip=symbols",
                "-o",
            ])
            .arg(folder.path().join("server"))
            .arg(&source)
            .status();
        assert!(compiled.unwrap().success());
        let packed = Command::new("tar")
            .arg("-C")
            .arg(folder.path())
            .args(["-cf", "-", "server"])
            .output();
        packed.unwrap().stdout
    })
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}

/// A pusher with a password from ECR.
pub struct Pusher<'a> {
    world: &'a World,
    password: String,
    path: String,
}

impl<'a> Pusher<'a> {
    pub async fn new(world: &'a World, key: &Key, account: &str, repository: &str) -> Self {
        let target = format!("{ECR}.GetAuthorizationToken");
        let (status, answer) = world.json(key, "ecr", &target, json!({})).await;
        assert_eq!(status, 200, "{answer}");
        let data = &answer["authorizationData"][0];
        assert_eq!(
            data["proxyEndpoint"],
            json!(format!("http://{}", world.registry))
        );
        let token = STANDARD
            .decode(data["authorizationToken"].as_str().unwrap())
            .unwrap();
        let token = String::from_utf8(token).unwrap();
        let password = token.strip_prefix("AWS:").unwrap().to_owned();
        Self {
            world,
            password,
            path: format!("{account}/eu-west-1/{repository}"),
        }
    }

    pub fn address(&self, rest: &str) -> String {
        format!("http://{}/v2/{}{rest}", self.world.registry, self.path)
    }

    pub fn ask(&self, method: reqwest::Method, address: String) -> reqwest::RequestBuilder {
        let basic = STANDARD.encode(format!("AWS:{}", self.password));
        self.world
            .client
            .request(method, address)
            .header("authorization", format!("Basic {basic}"))
    }

    async fn blob(&self, bytes: &[u8]) -> u16 {
        let begun = self
            .ask(reqwest::Method::POST, self.address("/blobs/uploads/"))
            .send()
            .await
            .unwrap();
        if !begun.status().is_success() {
            return begun.status().as_u16();
        }
        let location = begun.headers()["location"].to_str().unwrap();
        let address = if location.starts_with('/') {
            format!("http://{}{location}", self.world.registry)
        } else {
            location.to_owned()
        };
        let sign = if address.contains('?') { '&' } else { '?' };
        let request = self.ask(
            reqwest::Method::PUT,
            format!("{address}{sign}digest={}", digest(bytes)),
        );
        request
            .body(bytes.to_vec())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    /// Pushes the server under a tag and answers status and digest.
    pub async fn push(&self, tag: &str) -> (u16, String) {
        let config = json!({ "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": [digest(layer())] },
            "config": { "Cmd": ["/server"], "User": "1000" }, "created_by": tag }).to_string();
        for blob in [layer(), config.as_bytes()] {
            let status = self.blob(blob).await;
            if status != 201 {
                return (status, String::new());
            }
        }
        let described = |kind: &str, bytes: &[u8]| json!({ "mediaType": kind, "size": bytes.len(), "digest": digest(bytes) });
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST,
            "config": described("application/vnd.oci.image.config.v1+json", config.as_bytes()),
            "layers": [described("application/vnd.oci.image.layer.v1.tar", layer())] })
        .to_string();
        let request = self.ask(
            reqwest::Method::PUT,
            self.address(&format!("/manifests/{tag}")),
        );
        let request = request
            .header("content-type", MANIFEST)
            .body(manifest.clone());
        (
            request.send().await.unwrap().status().as_u16(),
            digest(manifest.as_bytes()),
        )
    }
}

/// Makes a repository, pushes the server and answers the image by digest.
pub async fn image(world: &World, repository: &str) -> String {
    let made = json!({ "repositoryName": repository, "imageTagMutability": "IMMUTABLE" });
    let target = format!("{ECR}.CreateRepository");
    let (status, answer) = world.json(&administrator(), "ecr", &target, made).await;
    assert_eq!(status, 200, "{answer}");
    let address = format!(
        "{}/{}/eu-west-1/{repository}",
        world.registry, world.account
    );
    assert_eq!(answer["repository"]["repositoryUri"], json!(address));
    let pusher = Pusher::new(world, &administrator(), &world.account, repository).await;
    let (status, digest) = pusher.push("v1").await;
    assert_eq!(status, 201);
    format!("{address}@{digest}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_needs_a_password_a_repository_and_a_new_tag() {
    let world = World::start(TaskMode::None).await;
    let image = image(&world, "demo/shop").await;
    let (_, digest) = image.split_once('@').unwrap();
    let anonymous = world
        .client
        .get(format!("http://{}/v2/", world.registry))
        .send()
        .await
        .unwrap();
    assert_eq!(anonymous.status().as_u16(), 401);
    let pusher = Pusher::new(&world, &administrator(), &world.account, "demo/shop").await;
    assert_eq!(pusher.push("v1").await.0, 400, "the tag is immutable");
    assert_eq!(pusher.push("v2").await.0, 201);
    let elsewhere = Pusher::new(&world, &administrator(), &world.account, "demo/none").await;
    assert_eq!(
        elsewhere.push("v1").await.0,
        404,
        "the repository was never made"
    );
    let target = format!("{ECR}.DescribeImages");
    let ask =
        |tag: &str| json!({ "repositoryName": "demo/shop", "imageIds": [{ "imageTag": tag }] });
    let (status, answer) = world
        .json(&administrator(), "ecr", &target, ask("v1"))
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["imageDetails"][0]["imageDigest"], json!(digest));
    let (_, answer) = world
        .json(&administrator(), "ecr", &target, ask("v3"))
        .await;
    assert_eq!(answer["__type"], json!("ImageNotFoundException"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_account_pulls_only_where_the_repository_policy_lets_it() {
    let world = World::start(TaskMode::None).await;
    let image = image(&world, "demo/shop").await;
    let (_, digest) = image.split_once('@').unwrap();
    let foreign = Pusher::new(&world, &other_administrator(), &world.account, "demo/shop").await;
    let pull = || {
        let address = foreign.address(&format!("/manifests/{digest}"));
        foreign
            .ask(reqwest::Method::GET, address)
            .header("accept", MANIFEST)
    };
    assert_eq!(pull().send().await.unwrap().status().as_u16(), 403);
    let policy: Value = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "pull", "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{}:user/administrator", world.other) },
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }] });
    let set = json!({ "repositoryName": "demo/shop", "policyText": policy.to_string() });
    let target = format!("{ECR}.SetRepositoryPolicy");
    let (status, answer) = world.json(&administrator(), "ecr", &target, set).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(pull().send().await.unwrap().status().as_u16(), 200);
    assert_eq!(foreign.push("v9").await.0, 403, "pulling is not pushing");
}
