//! What one job is to do, resolved from the configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::model::Variable;

/// When a job runs, given how the jobs before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// When all ended well.
    OnSuccess,
    /// When one failed.
    OnFailure,
    /// In any case.
    Always,
    /// When a person says so.
    Manual,
    /// Not at all.
    Never,
}

impl When {
    /// Reads GitLab's word for it.
    pub fn read(word: &str) -> Option<Self> {
        match word {
            "on_success" => Some(Self::OnSuccess),
            "on_failure" => Some(Self::OnFailure),
            "always" => Some(Self::Always),
            "manual" => Some(Self::Manual),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

/// A job that another needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Need {
    /// Its name.
    pub job: String,
    /// Whether its artifacts are handed on.
    pub artifacts: bool,
    /// Whether it may be absent.
    pub optional: bool,
}

/// What a job leaves behind.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Artifacts {
    /// Paths and patterns.
    pub paths: Vec<String>,
    /// Patterns left out.
    pub exclude: Vec<String>,
    /// `on_success`, `on_failure` or `always`; `on_success` where empty.
    pub when: String,
    /// Files of variables for later jobs.
    pub dotenv: Vec<String>,
}

/// How often and for what a failed job is run again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RetryOn {
    /// How often.
    pub max: u32,
    /// For which failure reasons; all where empty.
    pub when: Vec<String>,
    /// For which exit codes, in addition.
    pub exit_codes: Vec<i32>,
}

/// The environment a job works for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnvironmentSpec {
    /// Name, variables not expanded.
    pub name: String,
    /// Where it is reached.
    pub url: Option<String>,
    /// `start`, `prepare`, `verify`, `access` or `stop`.
    pub action: String,
    /// Tier, where given.
    pub tier: Option<String>,
}

/// One job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobSpec {
    /// Name.
    pub name: String,
    /// Stage.
    pub stage: String,
    /// Commands before, with it in one shell.
    pub before_script: Vec<String>,
    /// Commands.
    pub script: Vec<String>,
    /// Commands after, in a shell of their own.
    pub after_script: Vec<String>,
    /// Variables of the configuration that reach the job; later ones win.
    pub variables: Vec<Variable>,
    /// When it runs.
    pub when: When,
    /// Exit codes whose failure is forgiven; the flag is the job's own.
    pub allowed_exit_codes: Vec<i32>,
    /// Whether any failure is forgiven.
    pub allow_failure: bool,
    /// The jobs it waits for; all of the stages before where absent.
    pub needs: Option<Vec<Need>>,
    /// The jobs whose artifacts it gets; all before it where absent.
    pub dependencies: Option<Vec<String>>,
    /// At most one job of the same group runs in a project.
    pub resource_group: Option<String>,
    /// Whether a newer pipeline may stop it.
    pub interruptible: bool,
    /// Seconds it may take.
    pub timeout: Option<u64>,
    /// Whether it is run again.
    pub retry: RetryOn,
    /// What it leaves behind.
    pub artifacts: Artifacts,
    /// Audiences by variable.
    pub id_tokens: BTreeMap<String, Vec<String>>,
    /// What it works for.
    pub environment: Option<EnvironmentSpec>,
    /// Runner tags.
    pub tags: Vec<String>,
    /// Image.
    pub image: Option<String>,
}
