//! One object of each kind at each stage of its life, as the controller left it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::cluster::{condition_of, is_current};
use super::manifest::{application, environment, provider, with};
use super::stage::Stage;

pub const KINDS: [&str; 3] = ["EnvironmentProvider", "Environment", "Application"];
const SUSPEND: &str = "harmonix.io/suspend";
/// Somebody else's, so that an object that is being deleted can be looked at.
const HOLD: &str = "example.com/hold";

/// A moment in the life of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The controller has not seen it.
    Created,
    Progressing,
    Ready,
    /// Only a person helps.
    Failed,
    /// Something outside does not do its part, and may yet.
    Stuck,
    /// Its spec is newer than what the controller has seen; what ran before still runs.
    Edited,
    /// Suspended while it was ready.
    Suspended,
    /// Suspended before anything was made for it.
    Held,
    Deleting,
}

/// An object at a moment of its life.
pub struct Seen {
    pub moment: Moment,
    pub object: Value,
}

static LIFE: OnceCell<Vec<Seen>> = OnceCell::const_new();

/// All of them, lived through once for every test.
pub async fn all() -> &'static [Seen] {
    LIFE.get_or_init(live).await
}

async fn live() -> Vec<Seen> {
    let stage = Stage::alone("life").await;
    let life = Life { stage: &stage };
    let mut seen = life.created().await;
    seen.extend(life.progressing().await);
    seen.extend(life.failed().await);
    seen.extend(life.stuck().await);
    seen.extend(life.ready_and_after().await);
    seen.extend(life.held().await);
    seen
}

struct Life<'a> {
    stage: &'a Stage,
}

impl Life<'_> {
    async fn stop_controller(&self) {
        let mut held = self.stage.shared.running().await;
        let controller = held.as_mut().unwrap();
        controller.stop(Duration::from_secs(20)).await.unwrap();
    }

    async fn start_controller(&self) {
        drop(self.stage.shared.running().await);
    }

    /// An object of each kind: a provider, an environment on it, and an application in that.
    async fn apply(&self, name: &str) {
        for object in trio(name) {
            self.stage.cluster.apply(&object).await;
        }
    }

    async fn see(&self, moment: Moment, name: &str) -> Vec<Seen> {
        let mut seen = Vec::new();
        for (kind, name) in addresses(name) {
            let object = self.stage.cluster.get(kind, &name).await;
            seen.push(Seen { moment, object });
        }
        seen
    }

    async fn wait(&self, kind: &str, name: &str, wanted: &str, is_so: impl Fn(&Value) -> bool) {
        let is_so = |object: &Value| is_current(object) && is_so(object);
        self.stage
            .cluster
            .wait_until(kind, name, wanted, is_so)
            .await;
    }

    async fn reason(&self, kind: &str, name: &str, condition: &str, reason: &str) {
        self.stage
            .cluster
            .reason(kind, name, condition, reason)
            .await;
    }

    async fn script(&self, project: &str, job: &str, outcome: &str) {
        self.stage
            .forge
            .script(json!({
                "match": { "project_contains": project, "job_contains": job },
                "outcome": outcome,
            }))
            .await;
    }

    async fn created(&self) -> Vec<Seen> {
        self.stop_controller().await;
        self.apply("born").await;
        let seen = self.see(Moment::Created, "born").await;
        self.start_controller().await;
        seen
    }

    async fn progressing(&self) -> Vec<Seen> {
        self.script("aws-environment-providers/moving", "provision", "hang")
            .await;
        self.script("aws-apps/life/moving", "harmonix-build", "hang")
            .await;
        let [place, group, _] = trio("moving");
        // The application has a place that is ready: it is its own pipeline that runs.
        let app = application("life", "moving", &["dev"]);
        for object in [&place, &group, &app] {
            self.stage.cluster.apply(object).await;
        }
        let runs = |object: &Value| object["status"]["pipeline"]["status"] == "running";
        for (kind, name) in addresses("moving") {
            match kind {
                "Environment" => {
                    self.reason(kind, &name, "Reconciling", "DependencyNotReady")
                        .await;
                }
                _ => self.wait(kind, &name, "running its pipeline", runs).await,
            }
        }
        self.see(Moment::Progressing, "moving").await
    }

    async fn failed(&self) -> Vec<Seen> {
        self.script("aws-environment-providers/failing", "provision", "fail")
            .await;
        let [place, group, _] = trio("failing");
        let app = application("life", "failing", &["dev"]);
        self.stage.settle(&app).await;
        self.script("aws-apps/life/failing", "harmonix-deploy", "fail")
            .await;
        let edited = with(app, "/spec/environments/0/replicas", 2);
        for object in [&place, &group, &edited] {
            self.stage.cluster.apply(object).await;
        }
        for (kind, name) in addresses("failing") {
            match kind {
                // It has nothing of its own that could fail.
                "Environment" => {
                    self.reason(kind, &name, "Reconciling", "DependencyNotReady")
                        .await;
                }
                _ => self.reason(kind, &name, "Stalled", "PipelineFailed").await,
            }
        }
        self.see(Moment::Failed, "failing").await
    }

    async fn stuck(&self) -> Vec<Seen> {
        let role = "acme-stuck-operations-role";
        let matches = json!({ "action": "sts:AssumeRole", "role_contains": role });
        let deny = json!({ "kind": "deny" });
        let fault = self.stage.cloud.fault(matches, deny, 1000).await;
        let [place, _, _] = trio("stuck");
        let group = environment("stuck", 1, &["nowhere"]);
        let app = application("life", "stuck", &["dev"]);
        self.stage.settle(&app).await;
        self.stage.forge.runner("aws-apps/life/stuck", false).await;
        let edited = with(app, "/spec/environments/0/replicas", 2);
        for object in [&place, &group, &edited] {
            self.stage.cluster.apply(object).await;
        }
        for ((kind, name), reason) in addresses("stuck").into_iter().zip([
            "RoleDenied",
            "ReferenceNotFound",
            "PipelinePending",
        ]) {
            self.reason(kind, &name, "Reconciling", reason).await;
        }
        let seen = self.see(Moment::Stuck, "stuck").await;
        self.stage.cloud.forget_fault(&fault).await;
        seen
    }

    /// The life of objects that have once been ready.
    async fn ready_and_after(&self) -> Vec<Seen> {
        self.apply("settled").await;
        for (kind, name) in addresses("settled") {
            self.stage.cluster.ready(kind, &name).await;
        }
        let mut seen = self.see(Moment::Ready, "settled").await;
        seen.extend(self.suspended().await);
        seen.extend(self.edited().await);
        seen.extend(self.deleting().await);
        seen
    }

    async fn suspended(&self) -> Vec<Seen> {
        for (kind, name) in addresses("settled") {
            let annotate = self
                .stage
                .cluster
                .annotate(kind, &name, SUSPEND, Some("true"));
            annotate.await;
            if kind != "Environment" {
                self.reason(kind, &name, "Ready", "Suspended").await;
            }
        }
        let seen = self.see(Moment::Suspended, "settled").await;
        for (kind, name) in addresses("settled") {
            self.stage
                .cluster
                .annotate(kind, &name, SUSPEND, None)
                .await;
            self.stage.cluster.ready(kind, &name).await;
        }
        seen
    }

    async fn edited(&self) -> Vec<Seen> {
        self.stop_controller().await;
        for (kind, name) in addresses("settled") {
            let change = json!({ "spec": { "title": "Another title" } });
            self.stage.cluster.merge(kind, &name, change).await;
        }
        let seen = self.see(Moment::Edited, "settled").await;
        self.start_controller().await;
        for (kind, name) in addresses("settled") {
            self.stage.cluster.ready(kind, &name).await;
        }
        seen
    }

    async fn deleting(&self) -> Vec<Seen> {
        let cluster = &self.stage.cluster;
        let mut seen = Vec::new();
        for (kind, name) in addresses("settled").into_iter().rev() {
            let before = cluster.get(kind, &name).await;
            let mut finalizers = before["metadata"]["finalizers"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            finalizers.push(HOLD.into());
            let held = json!({ "metadata": { "finalizers": finalizers } });
            cluster.merge(kind, &name, held).await;
            cluster.delete(kind, &name).await;
            let is_let_go = |object: &Value| object["metadata"]["finalizers"] == json!([HOLD]);
            let wanted = "let go by the controller";
            let object = cluster.wait_until(kind, &name, wanted, is_let_go).await;
            seen.push(Seen {
                moment: Moment::Deleting,
                object,
            });
            let free = json!({ "metadata": { "finalizers": null } });
            cluster.merge(kind, &name, free).await;
            cluster.gone(kind, &name).await;
        }
        seen
    }

    async fn held(&self) -> Vec<Seen> {
        let [place, group, app] = trio("held");
        for object in [place, app] {
            let object = with(object, "/spec/suspend", true);
            self.stage.cluster.apply(&object).await;
        }
        self.stage.cluster.apply(&group).await;
        let told = |object: &Value| {
            condition_of(object, "Ready").is_some_and(|ready| ready["reason"] != "Pending")
        };
        for (kind, name) in addresses("held") {
            self.wait(kind, &name, "told of", told).await;
        }
        self.see(Moment::Held, "held").await
    }
}

fn trio(name: &str) -> [Value; 3] {
    [
        provider(name, "222222222222"),
        environment(name, 1, &[name]),
        application("life", name, &[name]),
    ]
}

fn addresses(name: &str) -> [(&'static str, String); 3] {
    let [place, group, app] = KINDS;
    [
        (place, name.to_owned()),
        (group, name.to_owned()),
        (app, format!("life/{name}")),
    ]
}
