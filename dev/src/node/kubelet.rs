//! What makes a Kubernetes node of it: the kubelet, and beside it the scheduler and the proxy of services.

use std::path::Path;

use k8s_openapi::api::core::v1 as core;
use kube::Api;
use kube::api::{Patch, PatchParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use serde_json::{Value, json};

use super::runtime::SOCKET;
use super::{ADDRESS, NAME, Node, PODS};
use crate::failure::{Doing, Failure};
use crate::world::kubernetes;
use crate::world::rise::Rise;

impl Node {
    /// Starts all three, and waits until the node is Ready.
    pub(super) async fn start_kubelet(&self, rise: &Rise<'_>) -> Result<(), Failure> {
        let layout = &self.world.layout;
        let administrator = layout.administrator_kubeconfig();
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let client = kubernetes::client(&administrator).await?;
        self.show_the_server(&client).await?;

        let file = self.folder.join("kubelet.yaml");
        layout.write(&file, yaml(&kubelet())?)?;
        let kubelet = self.start(
            rise,
            "kubelet",
            &self.tools.binary("kubelet"),
            &[
                format!("--config={}", path(&file)),
                format!("--kubeconfig={}", path(&administrator)),
                format!("--root-dir={}", path(&self.folder.join("kubelet"))),
                format!("--cert-dir={}", path(&self.folder.join("certificates"))),
                format!("--hostname-override={NAME}"),
                format!("--node-ip={ADDRESS}"),
            ],
        )?;
        self.start(
            rise,
            "kube-scheduler",
            &self.tools.binary("kube-scheduler"),
            &[
                format!("--kubeconfig={}", path(&administrator)),
                "--leader-elect=false".to_owned(),
                "--bind-address=127.0.0.1".to_owned(),
                "--authentication-tolerate-lookup-failure=true".to_owned(),
            ],
        )?;
        let file = self.folder.join("kube-proxy.yaml");
        layout.write(&file, yaml(&proxy(&path(&administrator)))?)?;
        self.start(
            rise,
            "kube-proxy",
            &self.tools.binary("kube-proxy"),
            &[format!("--config={}", path(&file))],
        )?;

        let nodes: Api<core::Node> = Api::all(client);
        rise.until(&kubelet, "makes the node Ready", async || {
            nodes.get(NAME).await.is_ok_and(|node| is_ready(&node))
        })
        .await
    }

    /// Says where the API server is: it listens on loopback, which it may not say itself.
    async fn show_the_server(&self, client: &kube::Client) -> Result<(), Failure> {
        let kind = GroupVersionKind::gvk("discovery.k8s.io", "v1", "EndpointSlice");
        let slices: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), "default", &ApiResource::from_gvk(&kind));
        let slice = json!({
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kubernetes",
                "labels": { "kubernetes.io/service-name": "kubernetes" },
            },
            "addressType": "IPv4",
            "endpoints": [{ "addresses": [ADDRESS], "conditions": { "ready": true } }],
            "ports": [{ "name": "https", "protocol": "TCP", "port": self.world.ports.kubernetes }],
        });
        let how = PatchParams::apply("harmonix-dev").force();
        slices
            .patch("kubernetes", &how, &Patch::Apply(&slice))
            .await
            .map(drop)
            .doing(|| "say where the API server is".into())
    }
}

fn is_ready(node: &core::Node) -> bool {
    let conditions = node
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref());
    conditions
        .unwrap_or_default()
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn yaml(value: &Value) -> Result<Vec<u8>, Failure> {
    // JSON is YAML.
    serde_json::to_vec_pretty(value).doing(|| "write a configuration of the node".into())
}

/// Nobody from outside reaches the kubelet, so it asks nobody who he is.
fn kubelet() -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": format!("unix://{SOCKET}"),
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": false,
        "failSwapOn": false,
        // Below 0, or above the machine's limit, only more rights than a container's would do.
        "oomScoreAdj": 0,
        "maxOpenFiles": 20_000,
        "authentication": { "anonymous": { "enabled": true }, "webhook": { "enabled": false } },
        "authorization": { "mode": "AlwaysAllow" },
        "resolvConf": "",
        "clusterDomain": "cluster.local",
        "clusterDNS": [ADDRESS],
        "evictionHard": {
            "memory.available": "100Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%", "imagefs.available": "1%",
        },
        // Images come from nowhere else, so none is given up.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "nodeStatusUpdateFrequency": "5s",
        "syncFrequency": "10s",
        "readOnlyPort": 0,
    })
}

/// The limits of connections are the whole machine's, and stay as they are.
fn proxy(kubeconfig: &str) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": { "kubeconfig": kubeconfig },
        "clusterCIDR": PODS,
        "hostnameOverride": NAME,
        "oomScoreAdj": 0,
        "conntrack": { "maxPerCore": 0, "min": 0 },
    })
}
