//! Flux: `docs/gitops.md` followed from an empty world to an application that runs, fails, heals and is taken out of Git,
//! with Flux' own kustomize-controller.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cluster::{Cluster, condition_of};
use super::forge::Forge;
use super::page::{Reader, projects};
use super::part::{define, free_port, kubectl, object, start};
use super::shared::Shared;
use super::tool;

/// Flux looks at the health of what it has applied every five seconds.
const PROMPTLY: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(180);

/// Flux in a world: its definitions, its controller, and the stand-in for its source-controller.
fn install(shared: &Shared) {
    let world = &shared.world;
    define(world, "HARMONIX_FLUX_CRDS");
    kubectl(world, &["create", "namespace", "flux-system"]);

    let own = PathBuf::from(env!("CARGO_BIN_EXE_harmonix-dev"));
    let source = [
        "serve-flux-source".to_owned(),
        format!("--listen=127.0.0.1:{}", free_port()),
        format!(
            "--kubeconfig={}",
            world.layout.administrator_kubeconfig().display()
        ),
        format!("--folder={}", world.layout.path("flux").display()),
    ];
    start(world, "flux-source", own, &source, &[]);
    let arguments = [
        "--watch-all-namespaces".to_owned(),
        "--enable-leader-election=false".to_owned(),
        format!("--metrics-addr=127.0.0.1:{}", free_port()),
        format!("--health-addr=127.0.0.1:{}", free_port()),
        "--log-encoding=console".to_owned(),
    ];
    let program = tool::program("HARMONIX_FLUX", "kustomize-controller");
    let variables = [("RUNTIME_NAMESPACE", "flux-system")];
    start(
        world,
        "kustomize-controller",
        program,
        &arguments,
        &variables,
    );
}

fn applications(shared: &Shared) -> Option<Value> {
    object(&shared.world, "kustomization", "shop", "applications")
}

fn status_of(object: Option<&Value>) -> String {
    object
        .and_then(|object| condition_of(object, "Ready"))
        .and_then(|ready| ready["status"].as_str())
        .unwrap_or("none")
        .to_owned()
}

/// How the Kustomization came to be Ready.
struct Turn {
    /// How often it was looked at while the application did not run.
    looks: u32,
    /// How long the application ran before it was Ready.
    late: Duration,
}

/// Waits until the Kustomization is Ready. It is looked at before the application each time, so that what it says is what was so.
async fn turns_ready(shared: &Shared, cluster: &Cluster) -> Turn {
    let until = Instant::now() + PATIENCE;
    let mut looks = 0;
    let mut runs_since = None;
    loop {
        let kustomization = applications(shared);
        let cart = cluster.find("Application", "shop/cart").await;
        let runs = cart.as_ref().is_some_and(super::cluster::is_settled);
        if status_of(kustomization.as_ref()) == "True" {
            assert!(
                runs,
                "Flux says Ready, and the application does not run: {cart:#?}"
            );
            let late = runs_since.map_or(Duration::ZERO, |since: Instant| since.elapsed());
            return Turn { looks, late };
        }
        if runs {
            runs_since.get_or_insert_with(Instant::now);
        } else {
            looks += 1;
        }
        assert!(
            Instant::now() < until,
            "not ready after {PATIENCE:?}: {kustomization:#?} {cart:#?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_kustomization_is_ready_exactly_when_the_application_runs_and_names_it_when_it_fails() {
    let shared = Shared::bare("gitops-flux").await;
    let cluster = Cluster::of(&shared.world).await;
    let forge = Forge::of(&shared.world);
    projects(&forge).await;
    install(&shared);
    let reader = Reader::new(&shared.world);
    reader.follow("Filling the repositories");

    // The last deployment takes longer than Flux needs to look: were it Ready too early, it would be seen.
    let slow = json!({
        "match": { "project_contains": "aws-apps/shop/cart", "job_contains": "harmonix-deploy-prod" },
        "outcome": "play", "seconds": PROMPTLY.as_secs(),
    });
    forge.script(slow).await;
    reader.follow("Telling Flux");
    let turn = turns_ready(&shared, &cluster).await;
    assert!(turn.looks > 30, "looked at {} times only", turn.looks);
    assert!(turn.late < PROMPTLY, "Ready {:?} after it ran", turn.late);
    println!("Ready {:?} after the application ran", turn.late);
    for said in reader.follow("Waiting with Flux") {
        assert!(said.contains("dev:Running prod:Running"), "{said}");
    }

    let cart = cluster.get("Application", "shop/cart").await;
    let who = &cart["metadata"]["annotations"]["harmonix.io/requested-by"];
    assert_eq!(who, "system:serviceaccount:shop:deployer");

    let said = reader.follow("An edit that fails");
    let why = "exposure";
    let (failing, healing) = (&said[0], &said[1]);
    assert!(
        failing.contains("Application/shop/cart") && failing.contains(why),
        "{failing}"
    );
    assert!(healing.contains("condition met"), "{healing}");
    turns_ready(&shared, &cluster).await;

    reader.follow("Taking an Application out of Git");
    cluster.gone("Application", "shop/cart").await;
    let is_ready = || status_of(applications(&shared).as_ref()) == "True";
    let until = Instant::now() + PATIENCE;
    while !is_ready() {
        assert!(Instant::now() < until, "{:#?}", applications(&shared));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(forge.project("aws-apps/shop/cart").await.is_some());
}
