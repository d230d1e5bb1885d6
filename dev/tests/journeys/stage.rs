//! What one journey has: its turn, its namespace, and the ways to look at everything.

use harmonix_dev::world::World;
use serde_json::Value;
use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};

use super::cloud::Cloud;
use super::cluster::Cluster;
use super::forge::Forge;
use super::ledger::Ledger;
use super::manifest;
use super::shared::Shared;
use super::trail::Trail;

pub struct Stage {
    pub shared: &'static Shared,
    pub world: &'static World,
    pub namespace: String,
    pub cluster: Cluster,
    pub forge: Forge,
    pub cloud: Cloud,
    pub trail: Trail,
    pub ledger: Ledger,
    turn: Option<Turn>,
}

#[expect(dead_code, reason = "held, not looked at")]
enum Turn {
    Together(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Stage {
    /// A journey that disturbs nobody.
    pub async fn enter(namespace: &str) -> Self {
        let shared = Shared::get().await;
        Self::set(shared, namespace, Turn::Together(shared.turn.read().await)).await
    }

    /// A journey that nobody else may be on the way with.
    pub async fn alone(namespace: &str) -> Self {
        let shared = Shared::get().await;
        Self::set(shared, namespace, Turn::Alone(shared.turn.write().await)).await
    }

    async fn set(shared: &'static Shared, namespace: &str, turn: Turn) -> Self {
        drop(shared.running().await);
        let world = &shared.world;
        let stage = Self {
            shared,
            world,
            namespace: namespace.to_owned(),
            cluster: Cluster::of(world).await,
            forge: Forge::of(world),
            cloud: Cloud::of(world),
            trail: Trail::of(world),
            ledger: Ledger::of(world),
            turn: Some(turn),
        };
        stage.cluster.apply(&manifest::namespace(namespace)).await;
        stage
    }

    /// Applies an application and waits until it is ready.
    pub async fn settle(&self, application: &Value) -> Value {
        self.cluster.apply(application).await;
        self.cluster
            .ready("Application", &self.name_of(application))
            .await
    }

    /// `namespace/name` of an application of this journey.
    pub fn name_of(&self, application: &Value) -> String {
        format!(
            "{}/{}",
            self.namespace,
            application["metadata"]["name"].as_str().unwrap()
        )
    }

    /// The source identity of the controller's sessions for an application.
    pub fn session(&self, application: &str) -> String {
        format!("{}@{application}", self.namespace)
    }

    /// The full path of an application's project.
    pub fn project(&self, application: &str) -> String {
        format!("aws-apps/{}/{application}", self.namespace)
    }

    /// How audit records name an application.
    pub fn object(&self, application: &str) -> String {
        format!("Application/{}/{application}", self.namespace)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.guardian.keep();
        }
        if let Some(Turn::Alone(held)) = self.turn.take() {
            // Whoever was alone may have left switches set that meet everybody.
            // Connections of this thread do not move while it waits, hence others.
            let world = self.world;
            let tidy = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    Forge::of(world).forget_faults().await;
                    Cloud::of(world).forget_faults().await;
                });
            });
            let _ = tidy.join();
            drop(held);
        }
    }
}
