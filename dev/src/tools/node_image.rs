//! The base image that Node applications are built on.
//!
//! No image is pulled from outside: Node's binary is the npm package's, its libraries are this machine's. The image is
//! made once and kept as an OCI layout; each world copies it into its registry, where it has the same digest.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use super::cache::{Cache, Making};
use super::command::{output, run};
use super::node::Node;
use crate::failure::{Doing, Failure};
use crate::progress::Progress;

const CONTAINERFILE: &str = include_str!("../images/node/Containerfile");
const FILES: [(&str, &str); 2] = [
    ("etc/passwd", include_str!("../images/node/passwd")),
    ("etc/group", include_str!("../images/node/group")),
];
const NODE_LOCK: &str = include_str!("../../node/package-lock.json");
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// The image as an OCI layout on disk.
#[derive(Debug, Clone)]
pub struct NodeImage {
    folder: PathBuf,
}

impl NodeImage {
    /// Answers the image, making it where absent.
    pub async fn ensure(cache: &Cache, progress: &Progress, node: &Node) -> Result<Self, Failure> {
        let pins: Vec<&[u8]> = [CONTAINERFILE, NODE_LOCK]
            .into_iter()
            .chain(FILES.into_iter().map(|(_, text)| text))
            .map(str::as_bytes)
            .collect();
        let folder = cache
            .tool(progress, "node-image", &pins, async |making| {
                make(&making, &node.node()).await
            })
            .await?;
        Ok(Self { folder })
    }

    /// Answers where skopeo reads the image from.
    #[must_use]
    pub fn source(&self) -> String {
        format!("oci:{}:node", self.folder.join("layout").display())
    }

    /// Answers the digest of the image's manifest, which it has in every registry.
    pub fn digest(&self) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Index {
            manifests: Vec<Manifest>,
        }
        #[derive(Deserialize)]
        struct Manifest {
            digest: String,
        }
        let file = self.folder.join("layout/index.json");
        let what = || format!("read {}", file.display());
        let index: Index = serde_json::from_slice(&fs::read(&file).doing(what)?).doing(what)?;
        index
            .manifests
            .into_iter()
            .next()
            .map(|manifest| manifest.digest)
            .ok_or_else(|| {
                Failure::new(format!(
                    "{} names no image: remove {} and try again",
                    file.display(),
                    self.folder.display()
                ))
            })
    }
}

async fn make(making: &Making<'_>, node: &Path) -> Result<(), Failure> {
    let context = making.folder.join("context");
    let root = context.join("root");
    making.task.note("collecting Node and its libraries");
    for (path, text) in FILES {
        let file = place(&root, path)?;
        fs::write(&file, text).doing(|| format!("write {}", file.display()))?;
    }
    copy(node, &place(&root, "usr/local/bin/node")?)?;
    for library in libraries(node).await? {
        copy(&library, &place(&root, &library.to_string_lossy())?)?;
    }
    if Path::new(AUTHORITIES).exists() {
        copy(Path::new(AUTHORITIES), &place(&root, AUTHORITIES)?)?;
    }
    let containerfile = context.join("Containerfile");
    fs::write(&containerfile, CONTAINERFILE)
        .doing(|| format!("write {}", containerfile.display()))?;

    making.task.note("building");
    let storage = making.folder.join("storage");
    let mut build = buildah(&storage);
    // A fixed time gives the same digest whenever the same files are built.
    build
        .args([
            "build",
            "--isolation",
            "chroot",
            "--timestamp",
            "0",
            "--tag",
            "node",
            "--file",
        ])
        .args([&containerfile, &context]);
    run(build, making.log, LIMIT, |line| making.task.note(line)).await?;

    making.task.note("packing");
    let mut push = buildah(&storage);
    push.args(["push", "node"]).arg(format!(
        "oci:{}:node",
        making.folder.join("layout").display()
    ));
    run(push, making.log, LIMIT, |_| {}).await?;
    for folder in [context, storage] {
        fs::remove_dir_all(&folder).doing(|| format!("remove {}", folder.display()))?;
    }
    Ok(())
}

/// Answers buildah with storage of its own: what is built here is nobody's image, and nothing of it stays.
#[must_use]
pub fn buildah(storage: &Path) -> Command {
    let mut command = Command::new("buildah");
    command
        .arg("--root")
        .arg(storage.join("root"))
        .arg("--runroot")
        .arg(storage.join("run"));
    command.args(["--storage-driver", "vfs"]);
    command
}

/// Answers the libraries that the binary is linked to, the dynamic linker among them.
async fn libraries(binary: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut ldd = Command::new("ldd");
    ldd.arg(binary);
    let told = output(ldd, Duration::from_secs(30)).await?;
    let paths: Vec<PathBuf> = told
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(PathBuf::from)
        .collect();
    if paths.is_empty() {
        return Err(Failure::new(format!(
            "ldd names no library of {}; it said: {}",
            binary.display(),
            told.trim()
        )));
    }
    Ok(paths)
}

/// Answers the place of `path` below `root`, with its folder made.
fn place(root: &Path, path: &str) -> Result<PathBuf, Failure> {
    let place = root.join(path.trim_start_matches('/'));
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).doing(|| format!("make {}", folder.display()))?;
    }
    Ok(place)
}

/// Copies what the path leads to, links followed.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::copy(from, to)
        .map(drop)
        .doing(|| format!("copy {} to {}", from.display(), to.display()))
}
