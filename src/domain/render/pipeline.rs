//! GitLab's pipeline file as a typed value. What a person wrote appears only as the value of a
//! variable, with expansion off; never in a script, a key or a name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The whole file. Jobs are the keys that are not keywords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineFile {
    /// Which pipelines there are, and their name.
    pub workflow: Workflow,
    /// The developers' own file, in build pipelines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<Include>,
    /// Stages in order.
    pub stages: Vec<String>,
    /// The jobs.
    #[serde(flatten)]
    pub jobs: BTreeMap<String, Job>,
}

/// Which pipelines there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workflow {
    /// The pipeline's name; variables are expanded by GitLab.
    pub name: String,
    /// First match wins; none, no pipeline.
    pub rules: Vec<WorkflowRule>,
}

/// One rule of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowRule {
    /// The condition.
    pub r#if: String,
    /// Variables of pipelines that match.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

/// A file that is included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Include {
    /// Path in the same repository.
    pub local: String,
    /// When.
    pub rules: Vec<IncludeRule>,
}

/// When a file is included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncludeRule {
    /// The condition.
    pub r#if: String,
    /// Files that must exist.
    pub exists: Vec<String>,
}

/// One job, every key that an included file could merge into set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its stage.
    pub stage: String,
    /// Its image, by digest.
    pub image: Image,
    /// Tags of runners that take it.
    pub tags: Vec<String>,
    /// When it exists.
    pub rules: Vec<Rule>,
    /// Nothing from `default:` or the file's variables.
    pub inherit: Inherit,
    /// Jobs it waits for.
    pub needs: Vec<String>,
    /// Jobs whose artifacts it takes.
    pub dependencies: Vec<String>,
    /// Containers beside it.
    pub services: Vec<String>,
    /// Files kept from one job to the next.
    pub cache: Vec<String>,
    /// What a runner does around it.
    pub hooks: Hooks,
    /// Nothing runs before the script.
    pub before_script: Vec<String>,
    /// What it runs: constant text.
    pub script: Vec<String>,
    /// Nothing runs after the script.
    pub after_script: Vec<String>,
    /// Its variables.
    pub variables: BTreeMap<String, Variable>,
    /// Id tokens for AWS.
    pub id_tokens: BTreeMap<String, IdToken>,
    /// Only one job of a group at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// A newer pipeline must not stop it half-way.
    pub interruptible: bool,
    /// How often GitLab repeats it, and why.
    pub retry: Retry,
    /// When it is stopped.
    pub timeout: String,
    /// Never green by failing.
    pub allow_failure: bool,
    /// What it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Artifacts>,
    /// The GitLab environment it deploys to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
}

/// A job's image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its name, by digest.
    pub name: String,
    /// Nothing in front of the shell.
    pub entrypoint: Vec<String>,
}

/// What a runner does around a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hooks {
    /// Before the repository is fetched.
    pub pre_get_sources_script: Vec<String>,
}

/// One rule of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The condition.
    pub r#if: String,
    /// `never` or `on_success`.
    pub when: String,
}

/// What a job takes from the rest of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inherit {
    /// From `default:`.
    pub default: bool,
    /// From `variables:`.
    pub variables: bool,
}

/// A variable whose value is taken as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The value.
    pub value: String,
    /// Always off.
    pub expand: bool,
}

impl Variable {
    /// A value, taken as it stands.
    pub fn of(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            expand: false,
        }
    }
}

/// An id token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdToken {
    /// Whom it is for.
    pub aud: String,
}

/// Repetition of a job that died for reasons of the runner's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// How often.
    pub max: u8,
    /// Why.
    pub when: Vec<String>,
}

/// What a job leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifacts {
    /// Paths.
    pub paths: Vec<String>,
    /// How long.
    pub expire_in: String,
}

/// The GitLab environment a job deploys to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// GitLab's tier.
    pub deployment_tier: String,
}

impl PipelineFile {
    /// The file's text. Parsing it gives the same value (a test proves it).
    pub fn to_yaml(&self) -> String {
        let heading = "# This file belongs to Harmonix; changes to it are undone.\n";
        heading.to_owned() + &super::yaml(self)
    }

    /// Reads a file back.
    ///
    /// # Errors
    /// What the parser says.
    pub fn from_yaml(text: &str) -> Result<Self, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }
}

/// What every job of ours has in common.
pub struct JobBase<'a> {
    /// Its stage.
    pub stage: &'a str,
    /// Its image.
    pub image: &'a str,
    /// Tags of runners that take it.
    pub tags: &'a [String],
    /// Audience of its id token.
    pub audience: &'a str,
    /// Its script, constant text.
    pub script: &'a str,
    /// When it is stopped.
    pub timeout: &'a str,
}

impl JobBase<'_> {
    /// A job without variables, rules and needs.
    pub fn job(&self) -> Job {
        Job {
            stage: self.stage.into(),
            image: Image {
                name: self.image.into(),
                entrypoint: vec![String::new()],
            },
            tags: self.tags.to_vec(),
            rules: Vec::new(),
            inherit: Inherit {
                default: false,
                variables: false,
            },
            needs: Vec::new(),
            dependencies: Vec::new(),
            services: Vec::new(),
            cache: Vec::new(),
            hooks: Hooks::default(),
            before_script: Vec::new(),
            script: vec![self.script.into()],
            after_script: Vec::new(),
            variables: BTreeMap::new(),
            id_tokens: BTreeMap::from([(
                "HARMONIX_ID_TOKEN".into(),
                IdToken {
                    aud: self.audience.into(),
                },
            )]),
            resource_group: None,
            interruptible: false,
            retry: Retry {
                max: 2,
                when: vec![
                    "runner_system_failure".into(),
                    "stuck_or_timeout_failure".into(),
                ],
            },
            timeout: self.timeout.into(),
            allow_failure: false,
            artifacts: None,
            environment: None,
        }
    }
}
