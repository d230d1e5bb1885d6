//! Replicas of the controller that take turns by one lease.

use std::time::{Duration, Instant};

use harmonix_dev::world::Controller;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::stage::Stage;

pub(super) const PATIENCE: Duration = Duration::from_secs(40);
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The longest that a controller may take to end.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

/// Controllers that take turns by one lease. They end with this.
pub(super) struct Turns<'a> {
    pub(super) stage: &'a Stage,
    pub(super) lease: String,
    pub(super) duration: Duration,
    pub(super) all: Vec<Replica>,
}

pub(super) struct Replica {
    pub(super) controller: Controller,
    /// What the lease calls it.
    pub(super) pod: String,
}

impl Drop for Turns<'_> {
    fn drop(&mut self) {
        for replica in &mut self.all {
            if matches!(replica.controller.ended(), Ok(None)) {
                replica.signal(Signal::SIGKILL);
            }
        }
    }
}

impl Replica {
    pub(super) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.controller.pid()), signal).unwrap();
    }

    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.controller.log()).unwrap()
    }

    pub(super) async fn says(&self, words: &str) {
        let since = Instant::now();
        while !self.log().contains(words) {
            assert!(since.elapsed() < PATIENCE, "{words:?}: {}", self.log());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

impl<'a> Turns<'a> {
    /// The first of two leads, and the second one waits with its caches filled.
    pub(super) async fn begin(stage: &'a Stage, lease: &str, duration: Duration) -> Self {
        let mut shared = stage.shared.running().await;
        shared.as_mut().unwrap().stop(LIMIT).await.unwrap();
        drop(shared);
        let mut turns = Self {
            stage,
            lease: lease.to_owned(),
            duration,
            all: Vec::new(),
        };
        for pod in ["first", "second"] {
            turns.start(pod);
            let holder = turns.held().await;
            assert!(holder.starts_with("first_"), "{holder}");
            turns
                .all
                .last()
                .unwrap()
                .says("the caches are filled")
                .await;
        }
        turns
    }

    pub(super) fn start(&mut self, pod: &str) {
        let kubeconfig = self.stage.world.layout.apichaos_kubeconfig();
        let seconds = format!("{}s", self.duration.as_secs());
        let arguments = [
            "--leader-election",
            "--lease-name",
            &self.lease,
            "--lease-duration",
            &seconds,
            "--gitlab-timeout",
            "4s",
        ];
        let variables = [
            ("HOSTNAME", pod),
            ("KUBECONFIG", kubeconfig.to_str().unwrap()),
        ];
        self.all.push(Replica {
            controller: self.stage.shared.start_with(&arguments, &variables),
            pod: pod.to_owned(),
        });
    }

    pub(super) fn replica(&mut self, pod: &str) -> &mut Replica {
        let mut all = self.all.iter_mut();
        all.find(|replica| replica.pod == pod).unwrap()
    }

    pub(super) async fn lease(&self) -> Option<Value> {
        let name = format!("harmonix-system/{}", self.lease);
        let lease = self.stage.cluster.find("Lease", &name).await?;
        Some(lease["spec"].clone())
    }

    /// Waits until anybody holds the lease, and answers who.
    pub(super) async fn held(&self) -> String {
        self.until(|_| true).await
    }

    /// Waits until a pod holds the lease.
    pub(super) async fn held_by(&self, pod: &str) {
        self.until(|holder| holder.starts_with(&format!("{pod}_")))
            .await;
    }

    pub(super) async fn until(&self, is_so: impl Fn(&str) -> bool) -> String {
        let since = Instant::now();
        loop {
            let lease = self.lease().await.unwrap_or_default();
            let holder = lease["holderIdentity"].as_str().unwrap_or_default();
            if !holder.is_empty() && is_so(holder) {
                return holder.to_owned();
            }
            assert!(since.elapsed() < PATIENCE, "{lease}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    pub(super) async fn epoch(&self) -> i64 {
        self.lease().await.unwrap()["leaseTransitions"]
            .as_i64()
            .unwrap()
    }
}

/// The epochs in the records of an application, in the order of their chain.
pub(super) async fn epochs(stage: &Stage, name: &str) -> Vec<i64> {
    let records = stage.ledger.records("dev-eu", &stage.object(name)).await;
    let epochs = records
        .iter()
        .map(|record| record["epoch"].parse().unwrap());
    epochs.collect()
}
