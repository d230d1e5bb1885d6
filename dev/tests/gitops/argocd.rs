//! Argo CD: `docs/gitops.md` followed from an empty world to an application that is Healthy exactly when it runs, with Argo
//! CD's own controller and repository server. What it prints is recorded in `docs/proof/argocd.md`.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use harmonix_dev::world::part::Recipe;
use nix::sched::{CloneFlags, unshare};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::cluster::{Cluster, is_settled};
use super::forge::Forge;
use super::lua::config_map;
use super::page::{Reader, projects};
use super::part::{define, free_port, kubectl, object, recipe, start};
use super::shared::Shared;
use super::tool;

const PATIENCE: Duration = Duration::from_secs(240);
const SUSPEND: &str = "harmonix.io/suspend";

/// Argo CD in a world, without its web server.
fn install(shared: &Shared) {
    let world = &shared.world;
    define(world, "HARMONIX_ARGOCD_CRDS");
    let objects = world.layout.path("argocd/objects.json");
    world.layout.write(&objects, configuration()).unwrap();
    kubectl(world, &["apply", "--filename", &objects.to_string_lossy()]);

    let [redis, repositories, metrics] = [(); 3].map(|()| free_port());
    let found = std::env::var_os("PATH").unwrap_or_default();
    let redis_server = std::env::split_paths(&found)
        .map(|folder| folder.join("redis-server"))
        .find(|program| program.is_file())
        .expect("redis-server is not in PATH");
    let arguments = format!("--bind 127.0.0.1 --port {redis} --appendonly no --save");
    let mut arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    // Nothing is kept.
    arguments.push(String::new());
    start(world, "redis", redis_server, &arguments, &[]);

    let cache = format!("--redis=127.0.0.1:{redis}");
    // One program, which is told by a variable what to be; it starts itself when Git asks for a password.
    let program = tool::program("HARMONIX_ARGOCD", "argocd");
    let path = tool::folder("HARMONIX_ARGOCD");
    let arguments = [
        cache.clone(),
        "--address=127.0.0.1".to_owned(),
        format!("--port={repositories}"),
        "--metrics-address=127.0.0.1".to_owned(),
        format!("--metrics-port={metrics}"),
        "--disable-tls".to_owned(),
    ];
    let folder = |name: &str| {
        let folder = world.layout.path(&format!("argocd/{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        folder.to_string_lossy().into_owned()
    };
    let search = format!("{}:{}", path.display(), found.to_string_lossy());
    let (tls, ssh, gpg) = (folder("tls"), folder("ssh"), folder("gpg"));
    let socket = format!("{}/askpass.sock", folder("run"));
    let variables = [
        ("ARGOCD_BINARY_NAME", "argocd-repo-server"),
        ("ARGOCD_ASK_PASS_SOCK", &socket),
        ("PATH", search.as_str()),
        ("ARGOCD_GPG_ENABLED", "false"),
        ("ARGOCD_TLS_DATA_PATH", &tls),
        ("ARGOCD_SSH_DATA_PATH", &ssh),
        ("ARGOCD_GNUPGHOME", &gpg),
        ("GNUPGHOME", &gpg),
    ];
    start(
        world,
        "argocd-repo-server",
        program.clone(),
        &arguments,
        &variables,
    );

    let arguments = [
        cache,
        format!("--repo-server=127.0.0.1:{repositories}"),
        "--repo-server-plaintext".to_owned(),
        format!("--metrics-port={metrics}"),
        "--namespace=argocd".to_owned(),
        "--app-resync=30".to_owned(),
    ];
    let name = "argocd-application-controller";
    let variables = [
        ("ARGOCD_BINARY_NAME", name),
        // `https://kubernetes.default.svc` is where the kubeconfig leads.
        ("ARGOCD_FAKE_IN_CLUSTER", "true"),
    ];
    let controller = recipe(world, name, program, &arguments, &variables);
    isolated(
        shared,
        controller,
        [world.ports.kubernetes, redis, repositories],
    );
}

/// Starts the application controller where nobody reaches it: it serves its metrics on every address, whatever it is told. In
/// a network of its own it has what it needs on the same ports as here, and no more.
fn isolated(shared: &Shared, recipe: Recipe, ports: [u16; 3]) {
    let register = shared.world.register();
    let inside = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let up = Command::new("ip")
            .args(["link", "set", "lo", "up"])
            .status();
        assert!(up.unwrap().success());
        let listeners = ports.map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
        register.start(&recipe).unwrap();
        listeners
    });
    for listener in inside.join().unwrap() {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let address = listener.local_addr().unwrap();
                tokio::spawn(async move {
                    // The same port, out here.
                    if let Ok(mut to) = TcpStream::connect(address).await {
                        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                    }
                });
            }
        });
    }
}

/// What an installation of Argo CD consists of, beside its programs and definitions.
fn configuration() -> String {
    let map = |name: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": name, "namespace": "argocd",
                "labels": { "app.kubernetes.io/part-of": "argocd" },
            },
        })
    };
    let mut items = vec![
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "argocd" } }),
        config_map(),
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": "argocd-secret", "namespace": "argocd",
                "labels": { "app.kubernetes.io/part-of": "argocd" },
            },
            "stringData": { "server.secretkey": "of a server that does not run" },
        }),
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": { "name": "default", "namespace": "argocd" },
            "spec": {
                "sourceRepos": ["*"],
                "destinations": [{ "server": "*", "namespace": "*" }],
                "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
            },
        }),
    ];
    items.extend(
        [
            "argocd-rbac-cm",
            "argocd-tls-certs-cm",
            "argocd-ssh-known-hosts-cm",
            "argocd-gpg-keys-cm",
        ]
        .map(map),
    );
    json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}

/// Argo CD's word for an Application of its own: sync and health.
fn shown(shared: &Shared, name: &str) -> (String, String) {
    let found = object(&shared.world, "applications.argoproj.io", "argocd", name);
    let word = |pointer: &str| {
        let found = found.as_ref().and_then(|found| found.pointer(pointer));
        found.and_then(Value::as_str).unwrap_or("none").to_owned()
    };
    (word("/status/sync/status"), word("/status/health/status"))
}

/// Waits until Argo CD says Healthy, which it must not say before the application runs; answers how much later it does.
async fn turns_healthy(shared: &Shared, cluster: &Cluster) -> Duration {
    let until = Instant::now() + PATIENCE;
    let mut runs_since = None;
    let mut last = None;
    let begun = Instant::now();
    loop {
        let told = shown(shared, "shop");
        let cart = cluster.find("Application", "shop/cart").await;
        let runs = cart.as_ref().is_some_and(is_settled);
        let now = (told.clone(), runs);
        if last.as_ref() != Some(&now) {
            let ((sync, health), seconds) = (&told, begun.elapsed().as_secs_f32());
            println!("{seconds:6.1} s  shop {sync:10} {health:12} the application runs: {runs}");
            last = Some(now);
        }
        if told.1 == "Healthy" && told.0 == "Synced" && cart.is_some() {
            assert!(runs, "Argo CD says Healthy, and it does not run: {cart:#?}");
            return runs_since.map_or(Duration::ZERO, |since: Instant| since.elapsed());
        }
        if runs {
            runs_since.get_or_insert_with(Instant::now);
        }
        assert!(Instant::now() < until, "{told:?} {cart:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn becomes(shared: &Shared, name: &str, wanted: (&str, &str)) {
    let until = Instant::now() + PATIENCE;
    loop {
        let (sync, health) = shown(shared, name);
        if (sync.as_str(), health.as_str()) == wanted {
            return println!("          {name} {sync:10} {health}");
        }
        assert!(
            Instant::now() < until,
            "{name}: {sync} {health}, not {wanted:?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn argo_cd_brings_git_to_a_running_service_and_is_healthy_exactly_then() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("not run: only root can give Argo CD's controller a network of its own");
        return;
    }
    let shared = Shared::bare("gitops-argocd").await;
    let cluster = Cluster::of(&shared.world).await;
    let forge = Forge::of(&shared.world);
    projects(&forge).await;
    install(&shared);
    let reader = Reader::new(&shared.world);
    reader.follow("Filling the repositories");
    let slow = json!({
        "match": { "project_contains": "aws-apps/shop/cart", "job_contains": "harmonix-deploy-prod" },
        "outcome": "play", "seconds": 10,
    });
    forge.script(slow).await;

    reader.follow("Telling Argo CD");
    let late = turns_healthy(&shared, &cluster).await;
    println!("          Healthy {late:?} after the application ran");
    assert!(late < Duration::from_secs(15), "{late:?}");
    for said in reader.follow("Waiting with Argo CD") {
        assert!(said.contains("dev:Running prod:Running"), "{said}");
    }
    for name in ["root", "places", "tenants"] {
        becomes(&shared, name, ("Synced", "Healthy")).await;
    }

    // What an action does stays, however often Argo CD looks and heals.
    let annotate = cluster.annotate("Application", "shop/cart", SUSPEND, Some("true"));
    annotate.await;
    becomes(&shared, "shop", ("Synced", "Suspended")).await;
    let look = "kubectl annotate applications.argoproj.io/shop --overwrite --namespace argocd argocd.argoproj.io/refresh=hard";
    for _ in 0..3 {
        reader.types(look);
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(
            shown(&shared, "shop"),
            ("Synced".into(), "Suspended".into())
        );
    }
    let cart = cluster.get("Application", "shop/cart").await;
    assert_eq!(cart["metadata"]["annotations"][SUSPEND], "true");
    let annotate = cluster.annotate("Application", "shop/cart", SUSPEND, None);
    annotate.await;
    becomes(&shared, "shop", ("Synced", "Healthy")).await;

    let said = reader.follow("A failing edit under Argo CD");
    println!("{}", said.join("\n"));
    assert!(said[0].contains("exposure"), "{}", said[0]);
    becomes(&shared, "shop", ("Synced", "Healthy")).await;
}
