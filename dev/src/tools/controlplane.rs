//! The Kubernetes control plane, built from the Go modules that `dev/controlplane` pins.

use std::path::PathBuf;

use super::cache::Cache;
use super::go::GoTool;
use crate::failure::Failure;
use crate::progress::Progress;

const GO_MOD: &str = include_str!("../../controlplane/go.mod");
const GO_SUM: &str = include_str!("../../controlplane/go.sum");

/// The binaries of the control plane.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    folder: PathBuf,
}

impl ControlPlane {
    /// Answers the binaries, building them where absent.
    pub async fn ensure(cache: &Cache, progress: &Progress) -> Result<Self, Failure> {
        let tool = GoTool {
            name: "controlplane",
            go_mod: GO_MOD,
            go_sum: GO_SUM,
            sources: &[],
            packages: &[
                "k8s.io/kubernetes/cmd/kube-apiserver",
                "k8s.io/kubernetes/cmd/kube-controller-manager",
                "k8s.io/kubernetes/cmd/kubectl",
                "go.etcd.io/etcd/server/v3",
            ],
            linker_flags: linker_flags()?,
            tags: "",
            // The package of etcd's binary is called `server`, and so is what Go makes of it.
            renamed: &[("server", "etcd")],
        };
        let folder = tool.ensure(cache, progress).await?;
        Ok(Self { folder })
    }

    /// Answers the path of one binary: `etcd`, `kube-apiserver`, `kube-controller-manager` or `kubectl`.
    #[must_use]
    pub fn binary(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Without the version a program calls itself v0.0.0 and clients refuse features.
pub(super) fn linker_flags() -> Result<String, Failure> {
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
