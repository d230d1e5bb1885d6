//! SIGTERM ends the controller in time, whatever it waits for.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::manifest::{application, with};
use super::stage::Stage;

const LIMIT: Duration = Duration::from_secs(20);

/// The controller's kubeconfig, leading to this port.
fn kubeconfig_to(stage: &Stage, port: u16) -> PathBuf {
    let text = std::fs::read_to_string(stage.world.layout.controller_kubeconfig()).unwrap();
    let text = text.replace(
        &format!(":{}", stage.world.ports.kubernetes),
        &format!(":{port}"),
    );
    let path = stage
        .world
        .layout
        .path(&format!("controller/kubeconfig-{port}"));
    stage.world.layout.write(&path, text).unwrap();
    path
}

async fn stop_the_shared_one(stage: &Stage) {
    let mut held = stage.shared.running().await;
    held.as_mut().unwrap().stop(LIMIT).await.unwrap();
}

#[tokio::test]
async fn sigterm_ends_it_when_the_api_server_never_answered() {
    let stage = Stage::alone("never").await;
    stop_the_shared_one(&stage).await;
    // It takes every connection, since the kernel does, and says nothing: a refusal would be an answer.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let kubeconfig = kubeconfig_to(&stage, silent.local_addr().unwrap().port());
    let mut controller = stage
        .shared
        .start_with(&[], &[("KUBECONFIG", kubeconfig.to_str().unwrap())]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    controller.check().unwrap();
    let status = controller.stop(LIMIT).await.unwrap();
    assert!(status.success(), "{status}");
    silent.set_nonblocking(true).unwrap();
    assert!(silent.accept().is_ok(), "it never asked");
}

#[tokio::test]
async fn sigterm_ends_it_when_the_api_server_says_nothing_more() {
    let stage = Stage::alone("silent").await;
    stop_the_shared_one(&stage).await;
    // Between the two stands a forwarder, so that one can fall silent for the other.
    let forwarder = Forwarder::to(stage.world.ports.kubernetes).await;
    let kubeconfig = kubeconfig_to(&stage, forwarder.port);
    let mut controller = stage
        .shared
        .start_with(&[], &[("KUBECONFIG", kubeconfig.to_str().unwrap())]);
    let cart = application("silent", "cart", &["dev"]);
    stage.settle(&cart).await;
    forwarder.fall_silent();
    // Something that a pass would have to write.
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    controller.check().unwrap();
    let since = Instant::now();
    let status = controller.stop(LIMIT).await.unwrap();
    assert!(status.success(), "{status} after {:?}", since.elapsed());
}

#[tokio::test]
async fn sigterm_ends_it_while_gitlab_keeps_it_waiting_and_the_next_start_goes_on() {
    let stage = Stage::alone("waiting").await;
    let cart = application("waiting", "cart", &["dev"]);
    stage.settle(&cart).await;
    let matches = json!({ "action": "commits.create", "path_contains": stage.project("cart") });
    stage
        .forge
        .fault(matches, json!({ "kind": "late", "millis": 25_000 }), 1)
        .await;
    stage
        .cluster
        .apply(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop_the_shared_one(&stage).await;
    drop(stage.shared.running().await);
    stage.cluster.ready("Application", "waiting/cart").await;
    assert_eq!(
        stage
            .ledger
            .of_action(&stage.object("cart"), "CommitFiles")
            .await
            .len(),
        2
    );
}

/// Passes bytes on between a port of its own and another, until it falls silent: then it still takes
/// connections and keeps those it has, and nothing goes through them any more.
struct Forwarder {
    port: u16,
    silent: watch::Sender<bool>,
}

impl Forwarder {
    async fn to(port: u16) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (silent, is_silent) = watch::channel(false);
        tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                open.spawn(pass_on(near, port, is_silent.clone()));
            }
        });
        Self { port: own, silent }
    }

    /// Passes nothing on any more.
    fn fall_silent(&self) {
        self.silent.send_replace(true);
    }
}

/// One connection, which stays open until the test ends.
async fn pass_on(mut near: TcpStream, port: u16, mut is_silent: watch::Receiver<bool>) {
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    let fell_silent = async {
        let _ = is_silent.wait_for(|silent| *silent).await;
    };
    tokio::select! {
        biased;
        () = fell_silent => std::future::pending().await,
        _ = copy_bidirectional(&mut near, &mut far) => {}
    }
}
