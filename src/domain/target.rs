//! Targets: the valid middle. Raw specs and what they name become exact values with every default
//! applied; nothing after this point can fail because of a person's mistake.

mod application;
mod environment;
mod place;
mod provider;
mod requester;

pub use application::{
    ApplicationInput, ApplicationTarget, DeploymentTarget, EnvironmentTarget, application,
    identity as application_identity, scope_of as application_scope,
};
pub use environment::{
    EnvironmentInput, EnvironmentSummary, admits, environment, scope_of as environment_scope,
};
pub use place::Place;
pub use provider::{
    ProviderInput, ProviderTarget, identity as provider_identity, provider,
    scope_of as provider_scope,
};

use kube::ResourceExt;

use crate::api;

use super::condition::is_true;
use super::file::FileSet;
use super::finding::{self, Finding};
use super::forge::{NewProject, ProjectSettings};
use super::identity::{Identity, digest};
use super::settings::Settings;
use crate::api::condition::Reason;

/// The branch that everything happens on.
pub const DEFAULT_BRANCH: &str = "main";

/// What an object wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Bring the world to the target.
    Act,
    /// Look, never act.
    Suspended,
    /// Leave everything as it is, record that, and go.
    LetGo,
}

/// What is the same for every kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Which object.
    pub identity: Identity,
    /// Its uid.
    pub uid: String,
    /// Its generation.
    pub generation: i64,
    /// What it wants done.
    pub mode: Mode,
    /// Value of the retry annotation.
    pub retry: String,
    /// Who asked for the current spec, in one line of limited length.
    pub requested_by: String,
    /// The team that answers for it.
    pub owner: String,
}

/// A repository as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryTarget {
    /// Its full path.
    pub path: String,
    /// The project.
    pub project: NewProject,
    /// Whether its group may be made when it is absent.
    pub may_create_group: bool,
    /// The groups around its own that may be made as well, the outermost first.
    pub groups_around: Vec<String>,
    /// Its settings.
    pub settings: ProjectSettings,
    /// Its files.
    pub files: FileSet,
}

impl RepositoryTarget {
    /// Digest of the settings.
    pub fn settings_digest(&self) -> String {
        self.settings.digest()
    }
}

/// Why there is no target yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Whether only a change of the spec, or of somebody's rules, helps.
    pub stalled: bool,
    /// The reason of `Accepted`.
    pub reason: Reason,
    /// Every problem, in one line.
    pub message: String,
}

impl Blocked {
    fn invalid(findings: &[Finding]) -> Self {
        Self {
            stalled: true,
            reason: Reason::Invalid,
            message: finding::join(findings),
        }
    }
}

/// What every kind's scope is made of.
fn scope<K: ResourceExt>(
    object: &K,
    identity: Identity,
    suspend: bool,
    owner: Option<&str>,
    settings: &Settings,
) -> Scope {
    let annotation = |name: &str| object.annotations().get(name).cloned();
    let suspended = suspend || annotation(api::SUSPEND_ANNOTATION).is_some_and(|v| v == "true");
    let mode = if object.meta().deletion_timestamp.is_some() {
        Mode::LetGo
    } else if suspended {
        Mode::Suspended
    } else {
        Mode::Act
    };
    Scope {
        identity,
        uid: object.uid().unwrap_or_default(),
        generation: object.meta().generation.unwrap_or_default(),
        mode,
        retry: annotation(api::RETRY_ANNOTATION)
            .map(retry_value)
            .unwrap_or_default(),
        requested_by: requester::of(object, settings.requested_by),
        owner: owner.unwrap_or_default().to_owned(),
    }
}

/// The value of the retry annotation as status and intents can hold it: only equality matters.
fn retry_value(value: String) -> String {
    if value.chars().count() <= 64 {
        value
    } else {
        digest([value.as_bytes()])
    }
}

/// What a repository is called and marked as.
struct RepositoryName<'a> {
    group: String,
    slug: String,
    description: Option<&'a str>,
    visibility: &'a str,
    may_create_group: bool,
}

fn repository(
    identity: &Identity,
    name: RepositoryName<'_>,
    files: FileSet,
    settings: &Settings,
) -> RepositoryTarget {
    let path = format!("{}/{}", name.group, name.slug);
    let mark = settings.key.mark(identity, &path);
    let description = match name.description {
        Some(text) => format!("{text}\n\n{mark}"),
        None => mark,
    };
    let groups_around = if name.may_create_group {
        between(&settings.applications_group, &name.group)
    } else {
        Vec::new()
    };
    RepositoryTarget {
        path,
        project: NewProject {
            group: name.group,
            // Unique in its group like the path, so choosing another path is all it takes.
            name: name.slug.clone(),
            path: name.slug,
            description: description.clone(),
            visibility: name.visibility.to_owned(),
            ci_config_path: ".harmonix/pipeline.yml".into(),
            default_branch: DEFAULT_BRANCH.into(),
        },
        may_create_group: name.may_create_group,
        groups_around,
        settings: ProjectSettings {
            pipeline_variables_role: "maintainer".into(),
            job_token_may_push: false,
            cancel_redundant_pipelines: false,
            description,
        },
        files,
    }
}

/// The groups that `inner` lies in and that lie in `outer`, the outermost first.
fn between(outer: &str, inner: &str) -> Vec<String> {
    inner
        .match_indices('/')
        .filter(|(end, _)| *end > outer.len())
        .filter_map(|(end, _)| inner.get(..end).map(str::to_owned))
        .collect()
}

/// Whether an object says of itself, for its present generation, that it is ready.
fn is_ready(
    conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition],
    generation: Option<i64>,
) -> bool {
    is_true(
        conditions,
        crate::api::condition::ConditionType::Ready,
        generation,
    )
}
