//! What runs containers: containerd, with runc, and a plugin that gives pods their network.

use std::path::Path;

use serde_json::json;
use tokio::process::Command;

use super::preflight::PLUGINS;
use super::{Node, PODS};
use crate::failure::{Doing, Failure};
use crate::tools::command;
use crate::world::rise::Rise;

/// Where containerd answers, in the node.
pub const SOCKET: &str = "/run/containerd/containerd.sock";
/// The image of the process that holds a pod's namespaces.
pub const PAUSE: &str = "localhost/harmonix-dev/pause:1";
const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

impl Node {
    /// Starts containerd, and waits until it answers.
    pub(super) async fn start_runtime(&self, rise: &Rise<'_>) -> Result<(), Failure> {
        let layout = &self.world.layout;
        let plugins = self.folder.join("network");
        layout.write(&plugins.join("10-pods.conflist"), network()?)?;
        let file = self.folder.join("containerd.toml");
        layout.write(&file, configuration(&self.folder, &plugins))?;
        let containerd = self.start(
            rise,
            "containerd",
            "containerd".as_ref(),
            &["--config".to_owned(), file.to_string_lossy().into_owned()],
        )?;
        rise.until(&containerd, "answers", async || {
            self.ctr(&["version"]).await.is_ok()
        })
        .await
    }

    /// Brings an image into the node.
    pub async fn import(&self, archive: &Path) -> Result<(), Failure> {
        let archive = archive.to_string_lossy();
        self.ctr(&["images", "import", &archive]).await.map(drop)
    }

    async fn ctr(&self, arguments: &[&str]) -> Result<String, Failure> {
        let mut ctr = Command::new(&self.program);
        ctr.args(self.way_in())
            .args(["ctr", "--address", SOCKET, "--namespace", "k8s.io"])
            .args(arguments);
        command::output(ctr, LIMIT).await
    }
}

/// Every pod has an address of its own, and its way leads over the node's.
fn network() -> Result<Vec<u8>, Failure> {
    let configuration = json!({
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [{
            "type": "ptp",
            "ipMasq": false,
            "ipam": {
                "type": "host-local",
                "ranges": [[{ "subnet": PODS }]],
                "routes": [{ "dst": "0.0.0.0/0" }],
                "dataDir": "/run/addresses",
            },
        }],
    });
    serde_json::to_vec_pretty(&configuration).doing(|| "write the pods' network".into())
}

/// Nobody here may protect a process from the kernel's end of memory, so nothing asks for that.
fn configuration(folder: &Path, plugins: &Path) -> String {
    let root = folder.join("containerd");
    let optional = folder.join("optional");
    format!(
        r#"version = 2
root = {root:?}
state = "/run/containerd"
oom_score = 0

[grpc]
address = "{SOCKET}"

[plugins."io.containerd.internal.v1.opt"]
path = {optional:?}

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
disable_apparmor = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{PLUGINS}"
conf_dir = {plugins:?}

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
"#
    )
}
