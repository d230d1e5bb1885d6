//! What runs in Node: gitlab-ci-local, and the Node that it and the applications use.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

use super::cache::{Cache, Making};
use super::command::{find, output, run};
use crate::failure::{Doing, Failure};
use crate::progress::Progress;

const PACKAGE: &str = include_str!("../../node/package.json");
const LOCK: &str = include_str!("../../node/package-lock.json");
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// The folder with Node's modules.
#[derive(Debug, Clone)]
pub struct Node {
    folder: PathBuf,
}

impl Node {
    /// Answers the modules, installing them where absent.
    pub async fn ensure(cache: &Cache, progress: &Progress) -> Result<Self, Failure> {
        let pins = [PACKAGE.as_bytes(), LOCK.as_bytes()];
        let folder = cache
            .tool(progress, "node", &pins, async |making| make(&making).await)
            .await?;
        Ok(Self { folder })
    }

    /// Answers the path of Node itself.
    #[must_use]
    pub fn node(&self) -> PathBuf {
        self.folder.join("node_modules/.bin/node")
    }

    /// Answers the script of gitlab-ci-local, to be run by [`Node::node`].
    #[must_use]
    pub fn gitlab_ci_local(&self) -> PathBuf {
        self.folder
            .join("node_modules/gitlab-ci-local/dist/index.js")
    }
}

async fn make(making: &Making<'_>) -> Result<(), Failure> {
    let npm = find("npm").ok_or_else(|| {
        Failure::new("npm is not in PATH: install Node with npm (https://nodejs.org), it fetches what runs the pipelines")
    })?;
    for (name, text) in [("package.json", PACKAGE), ("package-lock.json", LOCK)] {
        fs::write(making.folder.join(name), text).doing(|| format!("write {name}"))?;
    }
    making.task.note("installing Node 22 and gitlab-ci-local");
    let mut install = Command::new(npm);
    // No package's own script runs: what is installed is what the lock file's checksums cover.
    install
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
        ])
        .current_dir(making.folder);
    run(install, making.log, LIMIT, |_| {}).await?;

    let made = Node {
        folder: making.folder.to_owned(),
    };
    let mut version = Command::new(made.node());
    version.arg(made.gitlab_ci_local()).arg("--version");
    output(version, Duration::from_secs(60)).await.map(drop).map_err(|failure| {
        Failure::new(format!("gitlab-ci-local does not run on this machine (Linux on x64 or arm64 is needed): {failure}"))
    })
}
