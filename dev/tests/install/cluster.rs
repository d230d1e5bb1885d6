//! The real API server that releases are installed into, emptied of what a world sets up for its own controller. There is no
//! node: what a pod would do, a test does with what the release says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use harmonix_dev::world::World;
use harmonix_dev::world::kubectl::Kubectl;
use harmonix_dev::world::kubernetes::kubeconfig;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{MutexGuard, OnceCell};

use super::guardian::Guardian;
use super::helm::{Helm, NAMESPACE};
use super::turn;

/// No wait is longer.
pub const PATIENCE: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

static SHARED: OnceCell<Cluster> = OnceCell::const_new();

pub struct Cluster {
    pub world: World,
    pub guardian: Guardian,
}

/// A test's turn at the cluster, which is empty.
pub struct Turn {
    pub cluster: &'static Cluster,
    pub helm: Helm,
    _turn: MutexGuard<'static, ()>,
}

impl Turn {
    pub async fn take() -> Self {
        let turn = turn::take().await;
        let cluster = SHARED.get_or_init(Cluster::make).await;
        cluster.empty();
        Self {
            cluster,
            helm: Helm::of(&cluster.world.layout.administrator_kubeconfig()),
            _turn: turn,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.cluster.guardian.keep();
        }
    }
}

impl Cluster {
    async fn make() -> Self {
        let (guardian, world) = Guardian::bring_up("install");
        Self { world, guardian }
    }

    /// Takes away whatever of Harmonix is in the cluster, also what a test that failed left.
    fn empty(&self) {
        let delete = |what: &[&str]| {
            let arguments = [
                &[
                    "delete",
                    "--ignore-not-found",
                    "--wait=true",
                    "--timeout=60s",
                ],
                what,
            ]
            .concat();
            self.kubectl(&arguments).unwrap();
        };
        // Nobody is there who would let an object go.
        for kind in ["applications", "environments", "environmentproviders"] {
            let found = self.kubectl(&["get", kind, "--all-namespaces", "--output", "json"]);
            let found: Value =
                found.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
            for object in found["items"].as_array().into_iter().flatten() {
                let name = object["metadata"]["name"].as_str().unwrap();
                let namespace = object["metadata"]["namespace"]
                    .as_str()
                    .unwrap_or("default");
                let free = r#"{"metadata":{"finalizers":null}}"#;
                let _ = self.kubectl(&[
                    "patch",
                    kind,
                    name,
                    "--namespace",
                    namespace,
                    "--type",
                    "merge",
                    "--patch",
                    free,
                ]);
            }
        }
        let policy = "requested-by.harmonix.io";
        delete(&[
            "mutatingadmissionpolicybinding,mutatingadmissionpolicy",
            policy,
        ]);
        delete(&[
            "customresourcedefinition",
            "applications.harmonix.io",
            "environments.harmonix.io",
            "environmentproviders.harmonix.io",
        ]);
        delete(&[
            "clusterrole,clusterrolebinding",
            "harmonix",
            "harmonix-view",
            "harmonix-edit",
            "harmonix-admin",
            "harmonix-approve",
        ]);
        delete(&["namespace", NAMESPACE]);
    }

    /// What kubectl prints as the administrator; else why not.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        Kubectl::of_administrator(&self.world).run(arguments, "")
    }

    /// What `kubectl apply --server-side` does, with more arguments.
    pub fn apply(&self, object: &Value, arguments: &[&str]) -> Result<String, String> {
        let apply = [
            "apply",
            "--server-side",
            "--force-conflicts",
            "--filename",
            "-",
        ];
        Kubectl::of_administrator(&self.world)
            .run(&[&apply, arguments].concat(), &object.to_string())
    }

    /// Applies what is taken once its kind is served.
    pub async fn apply_soon(&self, object: &Value) {
        let until = Instant::now() + PATIENCE;
        while let Err(told) = self.apply(object, &[]) {
            assert!(Instant::now() < until, "{object} was refused: {told}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The object as it is; nothing where there is none, or no such kind.
    pub fn find(&self, kind: &str, name: &str) -> Option<Value> {
        let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
        let arguments = [
            "get",
            kind,
            name,
            "--namespace",
            namespace,
            "--output",
            "json",
        ];
        self.kubectl(&arguments)
            .ok()
            .map(|text| serde_json::from_str(&text).unwrap())
    }

    pub fn get(&self, kind: &str, name: &str) -> Value {
        self.find(kind, name)
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
            let object = self.find(kind, name);
            if let Some(object) = object.as_ref().filter(|object| is_so(object)) {
                return object.clone();
            }
            assert!(
                Instant::now() < until,
                "{kind} {name} was not {wanted} within {PATIENCE:?}: {object:#?}"
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Makes the release's namespace with the Secrets that a person makes before, and answers the arguments that tell the chart
    /// about this world.
    pub fn prepare(&self) -> Prepared {
        let world = &self.world;
        self.kubectl(&["create", "namespace", NAMESPACE]).unwrap();
        for (name, key, file) in [
            ("gitlab", "token", world.layout.gitlab_token()),
            ("key", "installation.key", world.layout.installation_key()),
        ] {
            let file = format!("--from-file={key}={}", file.display());
            self.kubectl(&[
                "create",
                "secret",
                "generic",
                name,
                &file,
                "--namespace",
                NAMESPACE,
            ])
            .unwrap();
        }
        let values = json!({
            "gitlab": {
                "url": world.gitlab_url(),
                "token": { "existingSecret": "gitlab" },
                "applicationsGroup": harmonix_dev::world::gitlab::APPLICATIONS_GROUP,
                "providersGroup": harmonix_dev::world::gitlab::PROVIDERS_GROUP,
                "oidc": { "issuer": harmonix_dev::world::gitlab::ISSUER, "audience": harmonix_dev::world::gitlab::ISSUER },
            },
            "installationKey": { "existingSecret": "key" },
            "aws": {
                "roleArn": harmonix_dev::world::account::CONTROLLER_PRINCIPAL,
                "region": harmonix_dev::world::account::REGION,
                "identity": "None",
            },
            "jobs": {
                "terraformImage": world.node_image, "buildImage": world.node_image, "nodeImage": world.node_image,
                "runnerTags": [harmonix_dev::world::gitlab::RUNNER_TAG],
            },
            "controller": { "pollInterval": "200ms", "resyncInterval": "2s" },
            "log": { "format": "text" },
            "image": { "repository": "registry.example.com/harmonix" },
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("values.yaml");
        std::fs::write(&path, values.to_string()).unwrap();
        Prepared {
            folder,
            path: super::helm::text(&path),
        }
    }

    /// A kubeconfig of a service account, with a token as a pod has it.
    pub fn kubeconfig_of(&self, account: &str, folder: &TempDir) -> PathBuf {
        let (namespace, name) = account.split_once('/').unwrap();
        let token = self
            .kubectl(&[
                "create",
                "token",
                name,
                "--namespace",
                namespace,
                "--duration=2h",
            ])
            .unwrap();
        let layout = &self.world.layout;
        let authority =
            std::fs::read(layout.path("kubernetes/certificates/apiserver.crt")).unwrap();
        let text = kubeconfig(&self.world.kubernetes_url(), &authority, token.trim()).unwrap();
        let path = folder.path().join(format!("{namespace}-{name}.kubeconfig"));
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Puts the files of a pod's volumes where its mounts have them, below a folder; answers the mounts' paths there.
    pub fn mount(&self, pod: &Value, folder: &std::path::Path) -> BTreeMap<String, PathBuf> {
        let volumes = pod["volumes"].as_array().unwrap();
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
        let mut places = BTreeMap::new();
        for mount in mounts {
            let inside = mount["mountPath"].as_str().unwrap().to_owned();
            let place = folder.join(inside.trim_start_matches('/'));
            std::fs::create_dir_all(&place).unwrap();
            let volume = volumes
                .iter()
                .find(|volume| volume["name"] == mount["name"])
                .unwrap();
            let name = volume["secret"]["secretName"].as_str().unwrap();
            let secret = self.get("secret", &format!("{NAMESPACE}/{name}"));
            for item in volume["secret"]["items"].as_array().unwrap() {
                let text = secret["data"][item["key"].as_str().unwrap()]
                    .as_str()
                    .unwrap();
                let bytes =
                    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text)
                        .unwrap();
                std::fs::write(place.join(item["path"].as_str().unwrap()), bytes).unwrap();
            }
            places.insert(inside, place);
        }
        places
    }
}

/// What was prepared for an install.
pub struct Prepared {
    pub folder: TempDir,
    pub path: String,
}
