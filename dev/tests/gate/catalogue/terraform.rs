//! Terraform as a pipeline runs it: a module, its variables, and a role that is assumed with an id token.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use harmonix_dev::world::name::checkout;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::world::{ISSUER, Key, REGION, World, administrator};

/// The state stays in the folder: there is no GitLab here.
const BACKEND: &str = "terraform {\n  backend \"local\" {}\n}\n";

/// As whom a module is applied.
pub enum Caller<'a> {
    /// The administrator of the account.
    Administrator,
    /// Whoever has this key.
    Of(Key),
    /// This role, with an id token of this project's default branch.
    Pipeline { role: &'a str, project: &'a str },
}

/// A module in a folder of its own.
pub struct Module {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// What a module made or will make.
pub struct Made(Value);

impl Module {
    /// Copies the module and prepares it.
    pub async fn prepare(world: &World, path: &str, caller: &Caller<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = checkout().join(path);
        for entry in fs::read_dir(&source).unwrap() {
            let file = entry.unwrap().path();
            fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
        }
        if fs::read_to_string(source.join("versions.tf"))
            .unwrap()
            .contains("backend ")
        {
            fs::write(folder.path().join("backend_override.tf"), BACKEND).unwrap();
        }
        let environment = environment(world, folder.path(), caller);
        let module = Self {
            folder,
            environment,
        };
        module.must(&["init"]).await;
        module
    }

    /// Applies it.
    pub async fn apply(&self, variables: &Value) -> Made {
        self.apply_some(variables, &[]).await
    }

    /// Applies these resources and what they need; all where none is named.
    pub async fn apply_some(&self, variables: &Value, targets: &[&str]) -> Made {
        let given = self.variables(variables);
        let targets: Vec<String> = targets
            .iter()
            .map(|target| format!("-target={target}"))
            .collect();
        let mut arguments = vec!["apply", "-auto-approve", &given];
        arguments.extend(targets.iter().map(String::as_str));
        self.must(&arguments).await;
        let shown: Value = serde_json::from_str(&self.must(&["show", "-json"]).await).unwrap();
        Made(shown["values"].clone())
    }

    /// Plans it; what only AWS will know is absent.
    pub async fn plan(&self, variables: &Value) -> Made {
        self.must(&["plan", "-out=planned", &self.variables(variables)])
            .await;
        let shown = self.must(&["show", "-json", "planned"]).await;
        let shown: Value = serde_json::from_str(&shown).unwrap();
        Made(shown["planned_values"].clone())
    }

    /// Says whether it is as it should be: a plan would change nothing.
    pub async fn is_settled(&self, variables: &Value) -> bool {
        let given = self.variables(variables);
        let planned = self.run(&["plan", "-detailed-exitcode", &given]).await;
        match planned.status.code() {
            Some(0) => true,
            Some(2) => false,
            _ => panic!("{}", text(&planned)),
        }
    }

    /// Plans it, which Terraform must refuse; answers what it says, in one line.
    pub async fn refused(&self, variables: &Value) -> String {
        let planned = self
            .run(&["plan", "-input=false", &self.variables(variables)])
            .await;
        assert!(!planned.status.success(), "{}", text(&planned));
        let text = text(&planned);
        let words: Vec<&str> = text
            .split_whitespace()
            .filter(|word| *word != "│")
            .collect();
        words.join(" ")
    }

    fn variables(&self, variables: &Value) -> String {
        let file = self.folder.path().join("given.json");
        fs::write(&file, variables.to_string()).unwrap();
        format!("-var-file={}", file.display())
    }

    async fn must(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments).await;
        assert!(ran.status.success(), "{arguments:?}: {}", text(&ran));
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let terraform = std::env::var_os("HARMONIX_TERRAFORM").expect(
            "HARMONIX_TERRAFORM must name Terraform or OpenTofu: run `cargo dev test`, which sets it",
        );
        let (verb, rest) = arguments.split_first().unwrap();
        Command::new(terraform)
            .args([*verb, "-no-color"])
            .args(rest)
            .current_dir(self.folder.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .await
            .unwrap()
    }
}

impl Made {
    /// All resources of a type, with their values.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        let resources = self.0["root_module"]["resources"].as_array().unwrap();
        resources
            .iter()
            .filter(|found| found["type"] == kind)
            .collect()
    }

    /// The values of the resource at this address.
    pub fn one(&self, address: &str) -> &Value {
        let resources = self.0["root_module"]["resources"].as_array().unwrap();
        let found = resources.iter().find(|found| found["address"] == address);
        &found.unwrap_or_else(|| panic!("there is no {address}"))["values"]
    }

    /// An output.
    pub fn output(&self, name: &str) -> &str {
        self.0["outputs"][name]["value"].as_str().unwrap()
    }
}

fn environment(world: &World, folder: &Path, caller: &Caller<'_>) -> Vec<(&'static str, String)> {
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let mut environment = vec![
        ("AWS_ENDPOINT_URL", world.address.clone()),
        // Terraform's AWS provider asks STS for a session before it reads the other one.
        ("AWS_ENDPOINT_URL_STS", world.address.clone()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ("TF_IN_AUTOMATION", "1".to_owned()),
    ];
    let signs = |Key(key): Key| {
        [
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_SECRET_ACCESS_KEY", "unchecked".to_owned()),
        ]
    };
    match caller {
        Caller::Administrator => environment.extend(signs(administrator())),
        Caller::Of(key) => environment.extend(signs(key.clone())),
        Caller::Pipeline { role, project } => {
            let now = Timestamp::now().as_second();
            let token = world.issuer.sign(&json!({
                "iss": ISSUER, "aud": ISSUER, "nbf": now - 5, "iat": now, "exp": now + 600,
                "sub": format!("project_path:{project}:ref_type:branch:ref:main"),
            }));
            let file = folder.join("id-token");
            fs::write(&file, token).unwrap();
            environment.extend([
                ("AWS_WEB_IDENTITY_TOKEN_FILE", text(file)),
                ("AWS_ROLE_ARN", (*role).to_owned()),
                ("AWS_ROLE_SESSION_NAME", "job-1".to_owned()),
            ]);
        }
    }
    environment
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
