//! Real Helm and what it makes of the chart.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// The release's name, and the namespace it is installed into, as the pages have them.
pub const RELEASE: &str = "harmonix";
pub const NAMESPACE: &str = "harmonix-system";

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn chart() -> PathBuf {
    root().join("charts/harmonix")
}

/// Helm with folders of its own, so that nothing of this machine's user is read or written.
pub struct Helm {
    program: PathBuf,
    home: TempDir,
    kubeconfig: PathBuf,
}

impl Helm {
    /// One that reaches no cluster.
    pub fn offline() -> Self {
        Self::of(Path::new("/nonexistent"))
    }

    pub fn of(kubeconfig: &Path) -> Self {
        let folder = std::env::var_os("HARMONIX_HELM")
            .expect("HARMONIX_HELM is not set: run the tests with `cargo dev test install`");
        Self {
            program: Path::new(&folder).join("helm"),
            home: tempfile::tempdir().unwrap(),
            kubeconfig: kubeconfig.to_owned(),
        }
    }

    /// What Helm says; as an error where it does not do it.
    pub fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig);
        for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(name, self.home.path());
        }
        let output = command.output().unwrap();
        let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(told(&output.stdout))
        } else {
            Err(told(&output.stdout) + &told(&output.stderr))
        }
    }

    /// The chart's objects with the values that it needs at least and these arguments.
    pub fn template(&self, arguments: &[&str]) -> Result<String, String> {
        let (chart, example) = (
            text(&chart()),
            text(&chart().join("ci/example-values.yaml")),
        );
        let fixed = [
            "template",
            RELEASE,
            &chart,
            "--namespace",
            NAMESPACE,
            "--values",
            &example,
        ];
        self.run(&[&fixed, arguments].concat())
    }

    pub fn rendered(&self, arguments: &[&str]) -> Rendered {
        let text = self
            .template(arguments)
            .unwrap_or_else(|told| panic!("{arguments:?}: {told}"));
        Rendered::of(&text)
    }
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The documents of a text in YAML.
pub fn documents(text: &str) -> Vec<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect()
}

/// The objects of a release.
pub struct Rendered(pub Vec<Value>);

impl Rendered {
    pub fn of(text: &str) -> Self {
        Self(documents(text))
    }

    /// Every object as `Kind/name`.
    pub fn names(&self) -> BTreeSet<String> {
        let name = |object: &Value| {
            let part = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap();
            format!("{}/{}", part("/kind"), part("/metadata/name"))
        };
        let names: Vec<String> = self.0.iter().map(name).collect();
        let different: BTreeSet<String> = names.iter().cloned().collect();
        assert_eq!(names.len(), different.len(), "{names:?}");
        different
    }

    pub fn find(&self, kind: &str, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
    }

    pub fn get(&self, kind: &str, name: &str) -> &Value {
        self.find(kind, name)
            .unwrap_or_else(|| panic!("there is no {kind} {name}: {:?}", self.names()))
    }

    /// The controller's pod.
    pub fn pod(&self) -> &Value {
        &self.get("Deployment", RELEASE)["spec"]["template"]
    }

    pub fn container(&self) -> &Value {
        &self.pod()["spec"]["containers"][0]
    }

    /// The controller's arguments as the process sees them: Kubernetes reads `$$` as `$`.
    pub fn arguments(&self) -> Vec<String> {
        let arguments = self.container()["args"].as_array().unwrap();
        arguments
            .iter()
            .map(|argument| argument.as_str().unwrap().replace("$$", "$"))
            .collect()
    }
}

/// The arguments of `--set` for each setting.
pub fn set<'s>(settings: &[&'s str]) -> Vec<&'s str> {
    settings
        .iter()
        .flat_map(|setting| ["--set", setting])
        .collect()
}
