//! The Kubernetes control plane, built from the Go modules that `dev/controlplane` pins.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::cache::{Cache, Making};
use super::command::{find, output, run};
use crate::failure::{Doing, Failure};
use crate::progress::Progress;

const GO_MOD: &str = include_str!("../../controlplane/go.mod");
const GO_SUM: &str = include_str!("../../controlplane/go.sum");
const PACKAGES: [&str; 4] = [
    "k8s.io/kubernetes/cmd/kube-apiserver",
    "k8s.io/kubernetes/cmd/kube-controller-manager",
    "k8s.io/kubernetes/cmd/kubectl",
    "go.etcd.io/etcd/server/v3",
];
/// Downloading on a slow line and building on one slow core.
const LIMIT: Duration = Duration::from_secs(90 * 60);

/// The binaries of the control plane.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    folder: PathBuf,
}

impl ControlPlane {
    /// Answers the binaries, building them where absent.
    pub async fn ensure(cache: &Cache, progress: &Progress) -> Result<Self, Failure> {
        let flags = linker_flags()?;
        let pins = [GO_MOD.as_bytes(), GO_SUM.as_bytes(), flags.as_bytes()];
        let folder = cache
            .tool(progress, "controlplane", &pins, async |making| {
                build(&making, &flags).await
            })
            .await?;
        Ok(Self { folder })
    }

    /// Answers the path of one binary: `etcd`, `kube-apiserver`, `kube-controller-manager` or `kubectl`.
    #[must_use]
    pub fn binary(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Without the version the server calls itself v0.0.0 and clients refuse features.
fn linker_flags() -> Result<String, Failure> {
    let version = GO_MOD
        .lines()
        .find_map(|line| line.trim().strip_prefix("require k8s.io/kubernetes "))
        .and_then(|rest| rest.split_whitespace().next())
        .ok_or_else(|| Failure::new("dev/controlplane/go.mod names no version of k8s.io/kubernetes on a line of its own"))?;
    let mut numbers = version.trim_start_matches('v').split('.');
    let major = numbers.next().unwrap_or_default();
    let minor = numbers.next().unwrap_or_default();
    let package = "k8s.io/component-base/version";
    Ok(format!(
        "-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    ))
}

async fn build(making: &Making<'_>, flags: &str) -> Result<(), Failure> {
    let go = find("go").ok_or_else(|| {
        Failure::new("go is not in PATH: install Go 1.26 or later (https://go.dev/dl), it builds the Kubernetes control plane")
    })?;
    let source = making.folder.join("source");
    fs::create_dir_all(&source).doing(|| format!("make {}", source.display()))?;
    for (name, text) in [("go.mod", GO_MOD), ("go.sum", GO_SUM)] {
        fs::write(source.join(name), text).doing(|| format!("write {name}"))?;
    }
    making.task.note("downloading modules");
    run(
        go_command(&go, &source, &["mod", "download"]),
        making.log,
        LIMIT,
        |_| {},
    )
    .await?;

    let list = [&["list", "-mod=readonly", "-deps"], &PACKAGES[..]].concat();
    let total = output(go_command(&go, &source, &list), LIMIT)
        .await?
        .lines()
        .count();
    let folder = making.folder.to_string_lossy().into_owned();
    let options = [
        "build",
        "-mod=readonly",
        "-trimpath",
        "-v",
        "-ldflags",
        flags,
        "-o",
        &folder,
    ];
    let command = go_command(&go, &source, &[&options, &PACKAGES[..]].concat());
    // Go names each package as it compiles it; what its own cache holds is not named.
    let mut compiled = 0;
    making
        .task
        .note("building with what Go has cached".to_owned());
    run(command, making.log, LIMIT, |_| {
        compiled = (compiled + 1).min(total);
        making
            .task
            .note(format!("building, {compiled} of at most {total} packages"));
    })
    .await?;

    // The package of etcd's binary is called `server`, and so is what Go makes of it.
    fs::rename(making.folder.join("server"), making.folder.join("etcd"))
        .doing(|| "name etcd".into())?;
    fs::remove_dir_all(&source).doing(|| format!("remove {}", source.display()))
}

fn go_command(go: &Path, source: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(go);
    // A workspace around the cache folder, or flags meant for another project, would change what is built.
    command
        .args(args)
        .current_dir(source)
        .env("GOWORK", "off")
        .env("GOFLAGS", "");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_told_its_version() {
        let flags = linker_flags().unwrap();
        assert!(
            flags.contains("gitVersion=v1.36.") && flags.ends_with("gitMinor=36"),
            "{flags}"
        );
    }
}
