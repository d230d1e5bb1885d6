//! Kubernetes: etcd, the API server and the controller manager.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use super::part::Recipe;
use super::rise::Rise;
use super::secret;
use crate::failure::{Doing, Failure};
use crate::rights::run;

const AUDIT_POLICY: &str = include_str!("audit-policy.yaml");
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// The private address range of services, none of which anybody reaches here.
const SERVICES: &str = "10.0.0.0/24";

/// Brings the control plane up; when this is done the API server answers, as it does to any client.
pub async fn rise(rise: &Rise<'_>) -> Result<(), Failure> {
    let layout = &rise.world.layout;
    let ports = rise.world.ports;
    let task = rise.progress.task("kubernetes");
    write_files(rise)?;

    task.note("starting etcd");
    let etcd = rise.start(etcd(rise))?;
    rise.answers(&etcd, &format!("http://127.0.0.1:{}/health", ports.etcd))
        .await?;

    task.note("starting the API server");
    let server = rise.start(api_server(rise))?;
    // The server makes its certificate at its first start.
    let certificates = layout.path("kubernetes/certificates");
    let mut authority = Vec::new();
    rise.until(&server, "writes its certificate", async || {
        authority = certificate(&certificates).unwrap_or_default();
        !authority.is_empty()
    })
    .await?;
    let administrator = kubeconfig(
        &rise.world.kubernetes_url(),
        &authority,
        &rise.world.tokens.kubernetes,
    )?;
    layout.write(&layout.administrator_kubeconfig(), administrator)?;
    let client = client(&layout.administrator_kubeconfig()).await?;
    rise.until(&server, "says that it is ready", async || {
        ready(&client).await
    })
    .await?;

    rise.start(controller_manager(rise))?;
    task.done();
    Ok(())
}

/// Answers the certificate that the API server makes for itself, once it is whole: its key is written after it. Whoever
/// trusts half of one trusts nobody, and is never told that the server is ready.
fn certificate(folder: &Path) -> Option<Vec<u8>> {
    if !folder.join("apiserver.key").exists() {
        return None;
    }
    std::fs::read(folder.join("apiserver.crt")).ok()
}

/// Answers whether the API server says that it is ready.
pub async fn ready(client: &Client) -> bool {
    let Ok(request) = http::Request::get("/readyz").body(Vec::new()) else {
        return false;
    };
    let answer = tokio::time::timeout(PROBE_LIMIT, client.request_text(request)).await;
    matches!(answer, Ok(Ok(text)) if text == "ok")
}

/// Answers a client of the API server for whom the kubeconfig speaks.
pub async fn client(kubeconfig: &Path) -> Result<Client, Failure> {
    let what = || format!("use the kubeconfig {}", kubeconfig.display());
    let file = Kubeconfig::read_from(kubeconfig).doing(what)?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .doing(what)?;
    Client::try_from(config).doing(what)
}

/// Writes a kubeconfig of one cluster and one user.
pub fn kubeconfig(server: &str, authority: &[u8], token: &str) -> Result<Vec<u8>, Failure> {
    let authority = STANDARD.encode(authority);
    let cluster = json!({ "server": server, "certificate-authority-data": authority });
    config(&cluster, token)
}

/// Writes a kubeconfig of one cluster without TLS and one user.
pub fn plain_kubeconfig(server: &str, token: &str) -> Result<Vec<u8>, Failure> {
    config(&json!({ "server": server }), token)
}

fn config(cluster: &Value, token: &str) -> Result<Vec<u8>, Failure> {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "world", "cluster": cluster }],
        "users": [{ "name": "user", "user": { "token": token } }],
        "contexts": [{ "name": "world", "context": { "cluster": "world", "user": "user" } }],
        "current-context": "world",
    });
    serde_json::to_vec_pretty(&config).doing(|| "write a kubeconfig".into())
}

fn write_files(rise: &Rise<'_>) -> Result<(), Failure> {
    let layout = &rise.world.layout;
    layout.write(&layout.path("kubernetes/audit-policy.yaml"), AUDIT_POLICY)?;
    let kept = std::env::var_os(run::VARIABLE).map(PathBuf::from);
    run::keep(&layout.journal("kubernetes"), kept.as_deref())?;
    let keys = secret::KeyPair::random()?;
    layout.write(
        &layout.path("kubernetes/service-accounts.key"),
        keys.private,
    )?;
    layout.write(&layout.path("kubernetes/service-accounts.pub"), keys.public)?;
    let administrator = format!(
        "{},administrator,administrator,system:masters\n",
        rise.world.tokens.kubernetes
    );
    layout.write(&layout.path("kubernetes/tokens.csv"), administrator)
}

fn etcd(rise: &Rise<'_>) -> Recipe {
    let ports = rise.world.ports;
    let client = format!("http://127.0.0.1:{}", ports.etcd);
    let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
    let data = text(rise.world.layout.path("etcd"));
    let arguments = [
        ["--data-dir", &data],
        ["--listen-client-urls", &client],
        ["--advertise-client-urls", &client],
        ["--listen-peer-urls", &peer],
        ["--initial-advertise-peer-urls", &peer],
        ["--initial-cluster", &format!("default={peer}")],
        ["--log-level", "warn"],
    ];
    let arguments = arguments.concat().into_iter().chain(["--unsafe-no-fsync"]);
    rise.recipe(
        "etcd",
        rise.tools.control_plane.binary("etcd"),
        arguments,
        &[ports.etcd, ports.etcd_peer],
    )
}

fn api_server(rise: &Rise<'_>) -> Recipe {
    let layout = &rise.world.layout;
    let ports = rise.world.ports;
    let key = text(layout.path("kubernetes/service-accounts.key"));
    let arguments = [
        [
            "--etcd-servers",
            &format!("http://127.0.0.1:{}", ports.etcd),
        ],
        ["--bind-address", "127.0.0.1"],
        // No pod asks for it by its service, and loopback may not be an endpoint.
        ["--endpoint-reconciler-type", "none"],
        ["--advertise-address", "127.0.0.1"],
        ["--secure-port", &ports.kubernetes.to_string()],
        ["--cert-dir", &text(layout.path("kubernetes/certificates"))],
        ["--service-account-issuer", &rise.world.kubernetes_url()],
        [
            "--service-account-key-file",
            &text(layout.path("kubernetes/service-accounts.pub")),
        ],
        ["--service-account-signing-key-file", &key],
        ["--service-cluster-ip-range", SERVICES],
        // Where there is a node, nobody knows it by its name.
        ["--kubelet-preferred-address-types", "InternalIP"],
        [
            "--token-auth-file",
            &text(layout.path("kubernetes/tokens.csv")),
        ],
        ["--authorization-mode", "RBAC"],
        [
            "--audit-policy-file",
            &text(layout.path("kubernetes/audit-policy.yaml")),
        ],
        ["--audit-log-path", &text(layout.journal("kubernetes"))],
        ["--audit-log-format", "json"],
    ];
    let program = rise.tools.control_plane.binary("kube-apiserver");
    rise.recipe(
        "kube-apiserver",
        program,
        arguments.concat(),
        &[ports.kubernetes],
    )
}

fn controller_manager(rise: &Rise<'_>) -> Recipe {
    let layout = &rise.world.layout;
    let arguments = [
        ["--kubeconfig", &text(layout.administrator_kubeconfig())],
        [
            "--service-account-private-key-file",
            &text(layout.path("kubernetes/service-accounts.key")),
        ],
        ["--leader-elect", "false"],
        ["--controllers", "*"],
        // Nobody asks it anything, and by default it would serve on every address of this machine.
        ["--secure-port", "0"],
    ];
    // Its boolean flag takes its value only after an equals sign.
    let arguments = arguments.map(|[flag, value]| format!("{flag}={value}"));
    let program = rise.tools.control_plane.binary("kube-controller-manager");
    rise.recipe("kube-controller-manager", program, arguments, &[])
}

fn text(path: PathBuf) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_being_written_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(certificate(folder.path()), None);
        write("apiserver.crt", "");
        assert_eq!(certificate(folder.path()), None);
        write("apiserver.crt", "whole");
        write("apiserver.key", "");
        assert_eq!(certificate(folder.path()), Some(b"whole".to_vec()));
    }
}
