//! The whole configuration, read and checked.

use serde_json::{Map, Value};

use super::super::model::Variable;
use super::read;
use super::rule::Rule;
use super::spec::JobSpec;

/// Which of the file's own variables or defaults reach a job.
#[derive(Debug, Clone)]
pub enum Inherit {
    /// All.
    All,
    /// None.
    None,
    /// The named ones.
    Named(Vec<String>),
}

impl Inherit {
    /// Says whether a key is taken over.
    pub fn takes(&self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Named(names) => names.iter().any(|name| name == key),
        }
    }
}

/// What the configuration says of the pipeline as a whole.
#[derive(Debug, Clone, Default)]
pub struct Workflow {
    /// Name, variables not expanded.
    pub name: Option<String>,
    /// Whether there is a pipeline.
    pub rules: Option<Vec<Rule>>,
    /// What a newer commit does to it.
    pub auto_cancel: Option<String>,
}

/// A job before its rules are looked at.
#[derive(Debug, Clone)]
pub struct Template {
    /// What it would do.
    pub spec: JobSpec,
    /// Whether it is in the pipeline.
    pub rules: Option<Vec<Rule>>,
    /// Which of the file's variables reach it.
    pub inherit_variables: Inherit,
    /// Whether `allow_failure` was written.
    pub allow_failure_given: bool,
}

/// A configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Stages in order, `.pre` and `.post` included.
    pub stages: Vec<String>,
    /// The file's own variables.
    pub variables: Vec<Variable>,
    /// The pipeline as a whole.
    pub workflow: Workflow,
    /// Jobs in the order written.
    pub jobs: Vec<Template>,
}

const GLOBALS: [&str; 11] = [
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "spec",
];

impl Config {
    /// Reads a configuration whose includes and extensions are resolved; errors are in GitLab's words.
    pub fn read(document: &Map<String, Value>) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let stages = stages(document, &mut errors);
        let variables = keep(
            read::variables(document.get("variables"), "variables"),
            &mut errors,
        );
        let workflow = keep(read::workflow(document.get("workflow")), &mut errors);
        let defaults = defaults(document);
        let mut jobs = Vec::new();
        for (name, value) in document {
            if GLOBALS.contains(&name.as_str()) || name.starts_with('.') {
                continue;
            }
            match read::job(name, value, &defaults) {
                Ok(job) => jobs.push(job),
                Err(error) => errors.push(error),
            }
        }
        if jobs.is_empty() && errors.is_empty() {
            errors.push("jobs config should contain at least one visible job".into());
        }
        check(&jobs, &stages, &mut errors);
        match (errors.is_empty(), variables, workflow) {
            (true, Some(variables), Some(workflow)) => Ok(Self {
                stages,
                variables,
                workflow,
                jobs,
            }),
            (true | false, _, _) => Err(errors),
        }
    }
}

fn keep<T>(result: Result<T, String>, errors: &mut Vec<String>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

fn stages(document: &Map<String, Value>, errors: &mut Vec<String>) -> Vec<String> {
    let named: Vec<String> = match document.get("stages") {
        None | Some(Value::Null) => ["build", "test", "deploy"].map(str::to_owned).to_vec(),
        Some(value) => match value
            .as_array()
            .map(|list| list.iter().map(Value::as_str).collect())
        {
            Some(Some(list)) => {
                let list: Vec<&str> = list;
                list.into_iter().map(str::to_owned).collect()
            }
            Some(None) | None => {
                errors.push("stages config should be an array of strings".into());
                Vec::new()
            }
        },
    };
    let inner = named
        .into_iter()
        .filter(|stage| stage != ".pre" && stage != ".post");
    std::iter::once(".pre".to_owned())
        .chain(inner)
        .chain([".post".to_owned()])
        .collect()
}

/// The `default` section, with the old way of writing some of its keys at the top.
fn defaults(document: &Map<String, Value>) -> Map<String, Value> {
    let mut defaults = document
        .get("default")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for key in [
        "image",
        "services",
        "cache",
        "before_script",
        "after_script",
    ] {
        if let Some(value) = document.get(key) {
            defaults.entry(key).or_insert_with(|| value.clone());
        }
    }
    defaults
}

fn check(jobs: &[Template], stages: &[String], errors: &mut Vec<String>) {
    for job in jobs {
        let JobSpec {
            name,
            stage,
            needs,
            dependencies,
            ..
        } = &job.spec;
        if !stages.contains(stage) {
            errors.push(format!(
                "{name} job: chosen stage {stage} does not exist; available stages are {}",
                stages.join(", ")
            ));
        }
        let exists = |other: &str| jobs.iter().any(|job| job.spec.name == other);
        for need in needs.iter().flatten() {
            if !need.optional && !exists(&need.job) {
                errors.push(format!("{name} job: undefined need: {}", need.job));
            }
        }
        for other in dependencies.iter().flatten().filter(|other| !exists(other)) {
            errors.push(format!("{name} job: undefined dependency: {other}"));
        }
    }
}
