//! The API server as its administrator uses it, and everything that becomes of our objects.

mod seen;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::watcher;
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use super::evidence::Version;
use crate::demo::feed::KINDS;
use crate::failure::{Doing, Failure};
use crate::world::{World, kubernetes};
use seen::{Seen, key, told};

const LOOK_AGAIN: Duration = Duration::from_millis(30);
/// How often something is asked again of an API server that does not answer: plans end it and start it again.
const TRIES: u32 = 100;
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// The cluster of one world.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    seen: Arc<Mutex<Seen>>,
    _watches: Arc<Watches>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Watches(Vec<AbortHandle>);

impl Drop for Watches {
    fn drop(&mut self) {
        for watch in &self.0 {
            watch.abort();
        }
    }
}

impl Cluster {
    /// The cluster of a world, watched from now on.
    pub async fn of(world: &World) -> Result<Self, Failure> {
        let client = kubernetes::client(&world.layout.administrator_kubeconfig()).await?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let watches = KINDS.map(|kind| {
            let api = api(&client, kind, None);
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut events =
                    std::pin::pin!(watch(api, watcher::Config::default()).default_backoff());
                while let Some(event) = events.next().await {
                    if let Ok(event) = event {
                        lock(&seen).take(kind, event);
                    }
                }
            })
            .abort_handle()
        });
        Ok(Self {
            client,
            seen,
            _watches: Arc::new(Watches(watches.into())),
        })
    }

    /// What `kubectl apply --server-side` does.
    pub async fn apply(&self, object: &Value) -> Result<(), Failure> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let (kind, name) = (text("/kind"), text("/metadata/name"));
        let (Some(kind), Some(name)) = (kind, name) else {
            return Err(Failure::new(format!("{object} has no kind or no name")));
        };
        let api = api(&self.client, kind, text("/metadata/namespace"));
        let params = PatchParams::apply("kubectl").force();
        let patch = Patch::Apply(object);
        let answer = insist(|| api.patch(name, &params, &patch))
            .await
            .doing(|| format!("apply the {kind} {name}"))?;
        self.learn(kind, answer);
        Ok(())
    }

    /// What `kubectl patch --type merge` does; namespaced objects are named `namespace/name`.
    pub async fn merge(
        &self,
        kind: &str,
        name: &str,
        below: Option<&str>,
        change: &Value,
    ) -> Result<(), Failure> {
        let (api, short) = self.address(kind, name);
        let params = PatchParams::default();
        let patch = Patch::Merge(change);
        let done = match below {
            None => insist(|| api.patch(short, &params, &patch)).await,
            Some(_) => insist(|| api.patch_status(short, &params, &patch)).await,
        };
        let answer = done.doing(|| format!("change the {kind} {name}"))?;
        self.learn(kind, answer);
        Ok(())
    }

    /// What `kubectl delete --wait=false` does; what is not there is gone already.
    pub async fn delete(&self, kind: &str, name: &str) -> Result<(), Failure> {
        let (api, short) = self.address(kind, name);
        let params = DeleteParams::default();
        match insist(|| api.delete(short, &params)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(error).doing(|| format!("delete the {kind} {name}")),
        }
    }

    /// Removes an object whatever finalizers it has, as the loss of a cluster does.
    pub async fn lose(&self, kind: &str, name: &str) -> Result<(), Failure> {
        self.delete(kind, name).await?;
        let (api, short) = self.address(kind, name);
        let strip = json!({ "metadata": { "finalizers": null } });
        let params = PatchParams::default();
        let patch = Patch::Merge(&strip);
        match insist(|| api.patch(short, &params, &patch)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(error).doing(|| format!("strip the {kind} {name}")),
        }
    }

    /// What was answered is known, even if the watch tells it a moment later: whoever waits for what becomes of a change
    /// must not be shown what was before it.
    fn learn(&self, kind: &str, answer: DynamicObject) {
        if !KINDS.contains(&kind) {
            return;
        }
        let (name, object) = told(kind, answer);
        lock(&self.seen).learn(key(kind, &name), object);
    }

    /// Answers the objects of a kind whose names contain this text.
    pub async fn list(&self, kind: &str, part: &str) -> Result<Vec<Value>, Failure> {
        let api = api(&self.client, kind, None);
        let params = ListParams::default();
        let found = insist(|| api.list(&params))
            .await
            .doing(|| format!("list objects of kind {kind}"))?;
        let named = |object: &DynamicObject| {
            let namespace = object.namespace().unwrap_or_default();
            object.name_any().contains(part) || namespace.contains(part)
        };
        let api_version = resource(kind).api_version;
        found
            .items
            .into_iter()
            .filter(named)
            .map(|mut object| {
                // A list says once what its items are.
                object.types = Some(kube::core::TypeMeta {
                    api_version: api_version.clone(),
                    kind: kind.to_owned(),
                });
                serde_json::to_value(object).doing(|| format!("read a {kind}"))
            })
            .collect()
    }

    /// Answers the object as the watch has it; nothing where there is none.
    #[must_use]
    pub fn now(&self, kind: &str, name: &str) -> Option<Value> {
        lock(&self.seen).now.get(&key(kind, name)).cloned()
    }

    /// Answers the versions of objects whose names contain this text, and forgets all others.
    #[must_use]
    pub fn take_versions(&self, part: &str) -> Vec<Version> {
        let mut versions = std::mem::take(&mut lock(&self.seen).versions);
        versions.retain(|version| {
            let metadata = &version.object["metadata"];
            let text = |name: &str| metadata[name].as_str().unwrap_or_default().contains(part);
            text("name") || text("namespace")
        });
        versions
    }

    /// Answers kind and name of the objects that are there and whose names contain this text.
    #[must_use]
    pub fn names(&self, part: &str) -> Vec<(String, String)> {
        let seen = lock(&self.seen);
        let keys = seen.now.keys().filter_map(|key| key.split_once('/'));
        keys.filter(|(_, name)| name.contains(part))
            .map(|(kind, name)| (kind.to_owned(), name.to_owned()))
            .collect()
    }

    /// Answers whether the API server says that it is ready.
    pub async fn is_up(&self) -> bool {
        kubernetes::ready(&self.client).await
    }

    /// Waits until the object is as wanted, at most so long; answers whether it is.
    pub async fn wait(
        &self,
        kind: &str,
        name: &str,
        patience: Duration,
        is_so: impl Fn(Option<&Value>) -> bool,
    ) -> bool {
        let until = Instant::now() + patience;
        loop {
            if is_so(self.now(kind, name).as_ref()) {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn address<'n>(&self, kind: &str, name: &'n str) -> (Api<DynamicObject>, &'n str) {
        match name.split_once('/') {
            Some((namespace, name)) => (api(&self.client, kind, Some(namespace)), name),
            None => (api(&self.client, kind, None), name),
        }
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn resource(kind: &str) -> ApiResource {
    let (group, version) = match kind {
        "Namespace" => ("", "v1"),
        "Event" => ("events.k8s.io", "v1"),
        _ => ("harmonix.io", "v1alpha1"),
    };
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

fn api(client: &Client, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
    let resource = resource(kind);
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

/// Asks until an answer comes: an API server that is down, or says that it is not ready, comes back.
async fn insist<T, F: Future<Output = kube::Result<T>>>(ask: impl Fn() -> F) -> kube::Result<T> {
    let mut tries = 0;
    loop {
        let answer = ask().await;
        let passing = match &answer {
            Err(kube::Error::Api(status)) => status.code >= 500 || status.code == 429,
            Err(kube::Error::HyperError(_) | kube::Error::Service(_)) => true,
            Ok(_) | Err(_) => false,
        };
        tries += 1;
        if !passing || tries >= TRIES {
            return answer;
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

/// Whether `Ready` is true for the newest spec, and nothing is under way.
#[must_use]
pub fn is_settled(object: &Value) -> bool {
    is_current(object)
        && condition(object, "Ready").is_some_and(|c| c["status"] == "True")
        && condition(object, "Reconciling").is_none()
}

/// Whether the status speaks of the newest spec.
#[must_use]
pub fn is_current(object: &Value) -> bool {
    object["status"]["observedGeneration"] == object["metadata"]["generation"]
}

/// Answers a condition.
#[must_use]
pub fn condition<'o>(object: &'o Value, name: &str) -> Option<&'o Value> {
    let all = object["status"]["conditions"].as_array()?;
    all.iter().find(|c| c["type"] == name)
}

/// What a person reads of an object: generation, conditions, intents that are open.
#[must_use]
pub fn describe(object: &Value) -> String {
    let conditions: String = object["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| {
            let text = |name: &str| c[name].as_str().unwrap_or_default().to_owned();
            format!(
                "\n    {}={} {}: {}",
                text("type"),
                text("status"),
                text("reason"),
                text("message")
            )
        })
        .collect();
    format!(
        "generation {}, status of generation {}{conditions}\n    intents {}\n    settled {}, backlog {}",
        object["metadata"]["generation"],
        object["status"]["observedGeneration"],
        object["metadata"]["annotations"]["harmonix.io/intents"],
        object["status"]["effects"]["settled"],
        object["status"]["effects"]["backlog"],
    )
}
