//! What the story asks of the node's cluster.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use harmonix_dev::node::Node;
use harmonix_dev::world::kubernetes;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::process::Command;

use super::tools;

/// The release's name, and the namespace it is installed into, as the pages have them.
pub const RELEASE: &str = "harmonix";
pub const NAMESPACE: &str = "harmonix-system";
/// The label of the controller's pods.
pub const CONTROLLER: &str = "app.kubernetes.io/component=controller";
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The cluster, as its administrator.
pub struct Cluster<'a> {
    pub node: &'a Node,
    pub client: Client,
}

impl<'a> Cluster<'a> {
    pub async fn of(node: &'a Node) -> Self {
        let kubeconfig = node.world.layout.administrator_kubeconfig();
        let client = kubernetes::client(&kubeconfig).await.unwrap();
        Self { node, client }
    }

    pub fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    /// The controller's pods, as they are now.
    pub async fn controllers(&self) -> Vec<Pod> {
        let chosen = ListParams::default().labels(CONTROLLER);
        self.pods().list(&chosen).await.unwrap().items
    }

    pub async fn write_secret(&self, name: &str, key: &str, value: &str) {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), NAMESPACE);
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "stringData": { key: value },
        });
        let how = PatchParams::apply("administrator").force();
        secrets
            .patch(name, &how, &Patch::Apply(&secret))
            .await
            .unwrap();
    }

    pub async fn secret(&self, name: &str, key: &str) -> Option<Vec<u8>> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), NAMESPACE);
        let secret = secrets.get_opt(name).await.unwrap()?;
        Some(secret.data?.remove(key)?.0)
    }

    /// The pod that the Lease names.
    pub async fn leader(&self) -> Pod {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), NAMESPACE);
        let lease = leases.get(RELEASE).await.unwrap();
        let holder = lease.spec.and_then(|spec| spec.holder_identity).unwrap();
        let mut pods = self.controllers().await.into_iter();
        let is_holder = |pod: &Pod| holder.starts_with(pod.metadata.name.as_deref().unwrap());
        pods.find(is_holder)
            .unwrap_or_else(|| panic!("{holder} is no pod"))
    }

    /// Runs kubectl as the administrator.
    pub async fn kubectl(&self, arguments: &[&str]) -> String {
        self.attempt(arguments)
            .await
            .unwrap_or_else(|told| panic!("{told}"))
    }

    /// Likewise, where it may be refused for a while.
    pub async fn attempt(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(self.node.world.kubectl());
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .args(arguments);
        output(command).await
    }

    /// Runs Helm as the administrator, with folders of its own.
    pub async fn helm(&self, arguments: &[&str]) -> String {
        let home = self.node.world.layout.path("helm");
        let mut command = Command::new(tools("HARMONIX_HELM").join("helm"));
        command.args(arguments).env("KUBECONFIG", self.kubeconfig());
        for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(name, &home);
        }
        output(command)
            .await
            .unwrap_or_else(|told| panic!("{told}"))
    }

    fn kubeconfig(&self) -> std::path::PathBuf {
        self.node.world.layout.administrator_kubeconfig()
    }

    /// What the API server's audit log has of the controller, in order.
    pub fn audited(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.node.world.layout.journal("kubernetes")).unwrap();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

async fn output(mut command: Command) -> Result<String, String> {
    let output = command.output().await.unwrap();
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(told(&output.stdout));
    }
    let (printed, complained) = (told(&output.stdout), told(&output.stderr));
    Err(format!("{command:?}: {printed}{complained}"))
}

/// A process of the controller in a pod, as it is seen from outside.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    pub pid: u32,
}

impl Process {
    /// That of this pod; the process that holds the pod's namespaces is another one.
    pub fn of(pod: &Pod) -> Option<Self> {
        let uid = pod.metadata.uid.clone().unwrap();
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let mut found = entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid: &u32| {
                let groups = fs::read_to_string(format!("/proc/{pid}/cgroup"));
                let name = fs::read_to_string(format!("/proc/{pid}/comm"));
                groups.is_ok_and(|groups| groups.contains(&uid))
                    && name.is_ok_and(|name| name.trim() == "harmonix")
            });
        found.next().map(|pid| Self { pid })
    }

    /// What of it is in memory now, in bytes, as the kernel counts it page by page.
    pub fn resident(self) -> u64 {
        self.rolled_up("Rss:")
    }

    /// The part of that which is no file's, and cannot be read again from the image.
    pub fn anonymous(self) -> u64 {
        self.rolled_up("Anonymous:")
    }

    fn rolled_up(self, name: &str) -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).unwrap();
        let line = rollup.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes: u64 = line
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        kibibytes * 1024
    }

    /// A file as the process sees it.
    pub fn read(self, path: &str) -> Option<String> {
        fs::read_to_string(self.path(path)).ok()
    }

    /// When the link that kubelet exchanges for a new version of a volume was made.
    pub fn exchanged(self, folder: &str) -> SystemTime {
        let link = Path::new(&self.path(folder)).join("..data");
        fs::symlink_metadata(link).unwrap().modified().unwrap()
    }

    fn path(self, path: &str) -> String {
        format!("/proc/{}/root{path}", self.pid)
    }
}

/// Waits until something is there.
pub async fn until<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
