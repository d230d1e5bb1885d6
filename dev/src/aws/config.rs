//! What the gate is told at its start: one JSON file.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Everything the gate needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GateConfig {
    /// Where AWS is served.
    pub listen: SocketAddr,
    /// The moto server behind the gate: `http://127.0.0.1:5000`.
    pub moto: String,
    /// The image registry that stands for ECR's data plane.
    pub registry: RegistryConfig,
    /// Who is known without a session.
    #[serde(default)]
    pub identities: Vec<StaticIdentity>,
    /// Where the signing keys of each OIDC issuer are fetched from.
    #[serde(default)]
    pub issuers: BTreeMap<String, String>,
    /// The journal's file.
    pub journal: PathBuf,
    /// How ECS tasks are run.
    pub tasks: TasksConfig,
}

/// The image registry.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistryConfig {
    /// `host:port` of the registry itself; it asks for no credentials.
    pub upstream: String,
    /// Where the gate serves that registry with ECR's rights checked. Image names carry this address; where it is
    /// not given they carry the registry's own, and whoever reaches it may push and pull.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
}

impl RegistryConfig {
    /// Answers the `host:port` that image names begin with.
    #[must_use]
    pub fn public_host(&self) -> String {
        self.listen
            .map_or_else(|| self.upstream.clone(), |listen| listen.to_string())
    }
}

/// Someone the gate knows without having issued a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StaticIdentity {
    /// The access key id.
    pub access_key_id: String,
    /// The secret; the gate does not check signatures, it is kept for whoever reads this file.
    #[serde(default)]
    pub secret_access_key: String,
    /// The principal's ARN.
    pub principal: String,
    /// The principal's account.
    pub account: String,
    /// What it may do; where not given, a user named `administrator` may do everything and anyone else may
    /// only assume roles.
    #[serde(default)]
    pub rights: Option<Rights>,
}

impl StaticIdentity {
    /// Answers what this identity may do.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.rights.unwrap_or_else(|| {
            if self.principal.ends_with(":user/administrator") {
                Rights::Administrator
            } else {
                Rights::AssumeRoles
            }
        })
    }
}

/// What a static identity may do in its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rights {
    /// Everything.
    Administrator,
    /// Only assume roles (with tags and source identity) and ask who it is.
    AssumeRoles,
}

/// How ECS tasks are run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TasksConfig {
    /// Whether containers really run.
    #[serde(default)]
    pub mode: TaskMode,
    /// Where images are unpacked and containers have their files.
    pub folder: PathBuf,
    /// Where each task's output goes, as `task-<id>.log`.
    pub logs: PathBuf,
    /// How long a deployment may take until its tasks are healthy.
    #[serde(default = "twenty")]
    pub deadline_seconds: u64,
}

fn twenty() -> u64 {
    20
}

/// Whether containers really run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TaskMode {
    /// Each task is a process made from its image.
    #[default]
    Run,
    /// Each task of an image that exists counts as running and healthy at once; nothing is started.
    None,
}

impl GateConfig {
    /// Reads the start file.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = fs::read(path).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!(
                    "the gate's start file {} cannot be read: {error}",
                    path.display()
                ),
            )
        })?;
        serde_json::from_slice(&text).map_err(|error| {
            let sentence = format!(
                "the gate's start file {} is not usable: {error}",
                path.display()
            );
            io::Error::new(io::ErrorKind::InvalidData, sentence)
        })
    }
}
