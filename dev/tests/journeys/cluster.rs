//! The API server, as its administrator uses it.

use std::path::Path;
use std::time::{Duration, Instant};

use harmonix_dev::world::World;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client, Config};
use serde_json::{Value, json};

/// No wait is longer.
pub const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub struct Cluster {
    client: Client,
    logs: std::path::PathBuf,
}

impl Cluster {
    pub async fn of(world: &World) -> Self {
        Self::as_user(world, None).await
    }

    /// As `kubectl --as` uses it: somebody else, with the administrator's rights.
    pub async fn as_user(world: &World, user: Option<&str>) -> Self {
        let administrator = world.layout.administrator_kubeconfig();
        match user {
            Some(user) => Self::posing(world, &administrator, user, &["system:masters"]).await,
            None => Self::with(world, &administrator).await,
        }
    }

    /// As whoever this kubeconfig speaks for.
    pub async fn with(world: &World, kubeconfig: &Path) -> Self {
        Self::over(world, config(kubeconfig).await)
    }

    /// As whoever this kubeconfig speaks for when he says that he is somebody else: `kubectl --as USER --as-group GROUP`.
    pub async fn posing(world: &World, kubeconfig: &Path, user: &str, groups: &[&str]) -> Self {
        let mut config = config(kubeconfig).await;
        config.auth_info.impersonate = Some(user.to_owned());
        let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
        config.auth_info.impersonate_groups = (!groups.is_empty()).then_some(groups);
        Self::over(world, config)
    }

    fn over(world: &World, config: Config) -> Self {
        Self {
            client: Client::try_from(config).unwrap(),
            logs: world.layout.path("logs"),
        }
    }

    /// A request as it is sent.
    pub async fn send(&self, request: http::Request<Vec<u8>>) -> kube::Result<String> {
        self.client.request_text(request).await
    }

    fn api(&self, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
        let (group, version) = match kind {
            "Namespace" => ("", "v1"),
            "Lease" => ("coordination.k8s.io", "v1"),
            "Event" => ("events.k8s.io", "v1"),
            _ => ("harmonix.io", "v1alpha1"),
        };
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// What `kubectl apply --server-side` does.
    pub async fn apply(&self, object: &Value) {
        self.try_apply(object)
            .await
            .unwrap_or_else(|error| panic!("{object} was refused: {error}"));
    }

    pub async fn try_apply(&self, object: &Value) -> kube::Result<()> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let api = self.api(text("/kind").unwrap(), text("/metadata/namespace"));
        let params = PatchParams::apply("kubectl").force();
        api.patch(
            text("/metadata/name").unwrap(),
            &params,
            &Patch::Apply(object),
        )
        .await
        .map(drop)
    }

    /// What `kubectl create` does.
    pub async fn create(&self, object: &Value) -> kube::Result<()> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let api = self.api(text("/kind").unwrap(), text("/metadata/namespace"));
        let object: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        api.create(&PostParams::default(), &object).await.map(drop)
    }

    /// What `kubectl annotate` does; nothing takes the annotation away.
    pub async fn annotate(&self, kind: &str, name: &str, key: &str, value: Option<&str>) {
        self.merge(
            kind,
            name,
            json!({ "metadata": { "annotations": { key: value } } }),
        )
        .await;
    }

    /// What `kubectl patch --type merge` does.
    pub async fn merge(&self, kind: &str, name: &str, change: Value) {
        let (api, name) = self.address(kind, name);
        api.patch(name, &PatchParams::default(), &Patch::Merge(change))
            .await
            .unwrap();
    }

    /// What `kubectl replace` does with the object as it is, changed; and once more where somebody was quicker.
    pub async fn edit(&self, kind: &str, name: &str, change: impl Fn(Value) -> Value) {
        let (api, plain) = self.address(kind, name);
        loop {
            let object = change(self.get(kind, name).await);
            let object: DynamicObject = serde_json::from_value(object).unwrap();
            match api.replace(plain, &PostParams::default(), &object).await {
                Err(kube::Error::Api(status)) if status.is_conflict() => {}
                written => return drop(written.unwrap()),
            }
        }
    }

    pub async fn delete(&self, kind: &str, name: &str) {
        let (api, name) = self.address(kind, name);
        api.delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Namespaced objects are named `namespace/name`.
    fn address<'n>(&self, kind: &str, name: &'n str) -> (Api<DynamicObject>, &'n str) {
        match name.split_once('/') {
            Some((namespace, name)) => (self.api(kind, Some(namespace)), name),
            None => (self.api(kind, None), name),
        }
    }

    /// The object as it is; nothing where there is none.
    pub async fn find(&self, kind: &str, name: &str) -> Option<Value> {
        let (api, name) = self.address(kind, name);
        let found = api.get_opt(name).await.unwrap()?;
        Some(serde_json::to_value(found).unwrap())
    }

    /// The object as it is.
    pub async fn get(&self, kind: &str, name: &str) -> Value {
        self.find(kind, name)
            .await
            .unwrap_or_else(|| panic!("there is no {kind} {name}"))
    }

    /// Waits until the object is as wanted, and answers it.
    pub async fn wait_until(
        &self,
        kind: &str,
        name: &str,
        wanted: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let object = self.find(kind, name).await;
            if let Some(object) = object.as_ref().filter(|object| is_so(object)) {
                return object.clone();
            }
            if Instant::now() >= until {
                panic!(
                    "{kind} {name} was not {wanted} within {PATIENCE:?}\n{}\n{}",
                    object
                        .as_ref()
                        .map_or("it does not exist".to_owned(), describe),
                    self.log_of(name)
                );
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until `Ready` is true for the newest spec and nothing is under way.
    pub async fn ready(&self, kind: &str, name: &str) -> Value {
        self.wait_until(kind, name, "ready", is_settled).await
    }

    /// Waits until a condition has this reason, and answers its sentence.
    pub async fn reason(&self, kind: &str, name: &str, condition: &str, reason: &str) -> String {
        let wanted = format!("{condition} because of {reason}");
        let is_so = |object: &Value| {
            is_current(object)
                && condition_of(object, condition).is_some_and(|c| c["reason"] == reason)
        };
        let object = self.wait_until(kind, name, &wanted, is_so).await;
        let found = condition_of(&object, condition).unwrap();
        found["message"].as_str().unwrap().to_owned()
    }

    /// Waits until the object is gone.
    pub async fn gone(&self, kind: &str, name: &str) {
        let until = Instant::now() + PATIENCE;
        while let Some(object) = self.find(kind, name).await {
            assert!(
                Instant::now() < until,
                "{kind} {name} was not gone within {PATIENCE:?}\n{}\n{}",
                describe(&object),
                self.log_of(name)
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The events of a namespace.
    pub async fn events(&self, namespace: &str) -> Vec<Value> {
        let events = self.api("Event", Some(namespace));
        let found = events.list(&ListParams::default()).await.unwrap();
        let found = found.items.into_iter();
        found
            .map(|event| serde_json::to_value(event).unwrap())
            .collect()
    }

    /// The last lines of the controller's log that name the object, then the last ones of all.
    pub fn log_of(&self, name: &str) -> String {
        let mut logs: Vec<_> = std::fs::read_dir(&self.logs)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with("controller-")
            })
            .collect();
        logs.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
        let text: String = logs
            .iter()
            .rev()
            .take(2)
            .rev()
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        let lines: Vec<&str> = text.lines().collect();
        let about: Vec<&str> = lines
            .iter()
            .copied()
            .filter(|line| line.contains(name))
            .collect();
        let last = |lines: &[&str], n: usize| lines[lines.len().saturating_sub(n)..].join("\n");
        format!(
            "the controller said of it:\n{}\nand last of all:\n{}",
            last(&about, 20),
            last(&lines, 5)
        )
    }
}

async fn config(kubeconfig: &Path) -> Config {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .unwrap()
}

/// Whether the status speaks of the newest spec.
pub fn is_current(object: &Value) -> bool {
    object["status"]["observedGeneration"] == object["metadata"]["generation"]
}

/// Whether `Ready` is true for the newest spec, and nothing is under way.
pub fn is_settled(object: &Value) -> bool {
    is_current(object)
        && condition_of(object, "Ready").is_some_and(|c| c["status"] == "True")
        && condition_of(object, "Reconciling").is_none()
}

pub fn condition_of<'o>(object: &'o Value, name: &str) -> Option<&'o Value> {
    object["status"]["conditions"]
        .as_array()?
        .iter()
        .find(|c| c["type"] == name)
}

/// What a person reads of an object.
fn describe(object: &Value) -> String {
    let conditions: String = object["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| {
            format!(
                "  {}={} {} {}\n",
                c["type"], c["status"], c["reason"], c["message"]
            )
        })
        .collect();
    format!(
        "generation {} seen {}\n{conditions}intents {}\neffects {}",
        object["metadata"]["generation"],
        object["status"]["observedGeneration"],
        object["metadata"]["annotations"]["harmonix.io/intents"],
        object["status"]["effects"],
    )
}
