//! The programs of a Kubernetes node, built from the Go modules that `dev/kubelet` pins.

use std::path::PathBuf;

use super::cache::Cache;
use super::go::GoTool;
use crate::failure::Failure;
use crate::progress::Progress;

const GO_MOD: &str = include_str!("../../kubelet/go.mod");
const GO_SUM: &str = include_str!("../../kubelet/go.sum");
/// Without the version a program calls itself v0.0.0.
const LINKER_FLAGS: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
     -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";
/// The variable that names their folder to tests.
pub const VARIABLE: &str = "HARMONIX_KUBELET";

/// kubelet, kube-scheduler and kube-proxy.
#[derive(Debug, Clone)]
pub struct NodePrograms {
    folder: PathBuf,
}

impl NodePrograms {
    /// Answers the programs, building them where they are absent.
    pub async fn ensure(cache: &Cache, progress: &Progress) -> Result<Self, Failure> {
        Ok(Self::at(tool().ensure(cache, progress).await?))
    }

    /// The programs in this folder.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Answers the path of one of them.
    #[must_use]
    pub fn binary(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// How they are built.
pub(super) fn tool() -> GoTool {
    GoTool {
        name: "kubelet",
        go_mod: GO_MOD,
        go_sum: GO_SUM,
        sources: &[],
        packages: &[
            "k8s.io/kubernetes/cmd/kubelet",
            "k8s.io/kubernetes/cmd/kube-scheduler",
            "k8s.io/kubernetes/cmd/kube-proxy",
        ],
        linker_flags: LINKER_FLAGS.to_owned(),
        tags: "",
        renamed: &[],
    }
}

#[cfg(test)]
mod tests {
    use super::super::controlplane;
    use super::*;

    #[test]
    fn the_node_has_the_version_of_the_control_plane() {
        assert_eq!(LINKER_FLAGS, controlplane::linker_flags().unwrap());
        let version = |text: &str| {
            let line = text
                .lines()
                .find(|line| line.contains("k8s.io/kubernetes v"));
            line.and_then(|line| line.split_whitespace().find(|word| word.starts_with("v1.")))
                .map(str::to_owned)
        };
        assert_eq!(version(GO_MOD).as_deref(), Some("v1.36.3"));
    }
}
