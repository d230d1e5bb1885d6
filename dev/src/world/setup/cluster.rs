//! The cluster: the custom resource definitions, the admission policy that stamps who asked, and the controller's own
//! account with exactly its rights.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::failure::{Doing, Failure};
use crate::tools::command;
use crate::world::kubernetes;
use crate::world::name::checkout;
use crate::world::rise::Rise;

/// What `harmonix rbac` prints; a test compares it.
const RBAC: &str = include_str!("../rbac.yaml");
const ACCOUNT: &str = include_str!("../account.yaml");
/// Something that the policy stamps; it is never stored.
const PROBE: &str = "
apiVersion: harmonix.io/v1alpha1
kind: Environment
metadata: { name: probe }
spec: { type: ecs, category: development, level: 1, providers: [{ name: probe }] }
";
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(60);
/// The controller's token outlives any world.
const TOKEN_DURATION: &str = "87600h";

/// Sets the cluster up.
pub async fn set_up(rise: &Rise<'_>) -> Result<(), Failure> {
    let layout = &rise.world.layout;
    let task = rise.progress.task("cluster");
    let rbac = layout.path("kubernetes/rbac.yaml");
    layout.write(&rbac, RBAC)?;
    let account = layout.path("kubernetes/account.yaml");
    layout.write(&account, ACCOUNT)?;
    let definitions = checkout().join("crds");
    let has_definitions = has_yaml(&definitions);

    task.note("applying the controller's rights and the resource definitions");
    let mut apply = kubectl(rise, &["apply", "--server-side", "--filename"]);
    apply.arg(&account).arg("--filename").arg(&rbac);
    if has_definitions {
        apply.arg("--filename").arg(&definitions);
        let admission = checkout().join("examples/admission");
        apply.arg("--filename").arg(&admission);
    }
    run(rise, apply).await?;

    task.note("making the controller's token");
    let arguments = [
        "create",
        "token",
        "harmonix",
        "--namespace",
        "harmonix-system",
        "--duration",
        TOKEN_DURATION,
    ];
    let token = command::output(kubectl(rise, &arguments), LIMIT).await?;
    let certificate = layout.path("kubernetes/certificates/apiserver.crt");
    let authority =
        std::fs::read(&certificate).doing(|| format!("read {}", certificate.display()))?;
    let controller =
        kubernetes::kubeconfig(&rise.world.kubernetes_url(), &authority, token.trim())?;
    layout.write(&layout.controller_kubeconfig(), controller)?;
    let through_proxy = kubernetes::plain_kubeconfig(&rise.world.apichaos_url(), token.trim())?;
    layout.write(&layout.apichaos_kubeconfig(), through_proxy)?;

    if has_definitions {
        task.note("waiting for the resource definitions");
        run(
            rise,
            kubectl(
                rise,
                &[
                    "wait",
                    "--for=condition=Established",
                    "customresourcedefinitions",
                    "--all",
                    "--timeout=50s",
                ],
            ),
        )
        .await?;
        task.note("waiting until who asks is stamped");
        stamped(rise).await?;
    }
    // The controller manager makes it; whoever sees it sees that the controller manager works.
    task.note("waiting for the default service account");
    let account = [
        "wait",
        "--for=create",
        "serviceaccount/default",
        "--namespace=default",
        "--timeout=50s",
    ];
    run(rise, kubectl(rise, &account)).await?;
    task.done();
    Ok(())
}

/// A policy works a moment after it was accepted, and what is written before is not stamped.
async fn stamped(rise: &Rise<'_>) -> Result<(), Failure> {
    let layout = &rise.world.layout;
    let probe = layout.path("kubernetes/probe.yaml");
    layout.write(&probe, PROBE)?;
    let arguments = [
        "create",
        "--dry-run=server",
        "--output",
        r"jsonpath={.metadata.annotations.harmonix\.io/requested-by}",
        "--filename",
    ];
    let until = Instant::now() + LIMIT;
    loop {
        let mut ask = kubectl(rise, &arguments);
        ask.arg(&probe);
        // Definitions, too, are served a moment after they were accepted.
        let said = command::output(ask, LIMIT).await;
        if said.as_ref().is_ok_and(|name| !name.is_empty()) {
            return Ok(());
        }
        if Instant::now() >= until {
            let sentence = "the admission policy of examples/admission does not stamp who asks";
            return Err(said.err().unwrap_or_else(|| Failure::new(sentence)));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn run(rise: &Rise<'_>, command: Command) -> Result<(), Failure> {
    command::run(command, &rise.world.layout.log("setup"), LIMIT, |_| {}).await
}

fn kubectl(rise: &Rise<'_>, arguments: &[&str]) -> Command {
    let mut command = Command::new(rise.tools.control_plane.binary("kubectl"));
    command
        .arg("--kubeconfig")
        .arg(rise.world.layout.administrator_kubeconfig())
        .args(arguments);
    command
}

fn has_yaml(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| entry.path().extension().is_some_and(|kind| kind == "yaml"))
        })
    })
}
