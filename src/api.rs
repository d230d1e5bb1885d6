//! L0: what people write and read. The three custom resources of `harmonix.io/v1alpha1`.
//!
//! Types here say how something is *written*, not that it is valid: validity is decided in
//! [`crate::domain::validate`], with the same rules as the CEL in the schema. Nothing here does I/O.

mod application;
pub mod condition;
mod crd;
mod deployment;
mod environment;
mod journal;
pub mod pattern;
mod provider;
mod repository;
mod selector;

pub use application::{
    Application, ApplicationEnvironment, ApplicationRepository, ApplicationSpec, ApplicationStatus,
    TemplateReference, Variable, Visibility,
};
pub use crd::all_crds;
pub use deployment::{DeploymentState, DeploymentStatus, JobStatus, RolloutStatus, ServiceStatus};
pub use environment::{
    AllowedNamespaces, Category, Classification, Environment, EnvironmentProviderReference,
    EnvironmentProviderStatus as EnvironmentMemberStatus, EnvironmentSpec, EnvironmentStatus,
    NamespacesFrom,
};
pub use journal::{AuditChain, AuditEntry, AuditOutcome, EffectJournal};
pub use provider::{
    CreateNetwork, Engine, EnvironmentProvider, EnvironmentProviderSpec, EnvironmentProviderStatus,
    ExistingNetwork, Infrastructure, Management, Network, ProviderOutputs, ProviderRepository,
    ProviderType, Roles,
};
pub use repository::{PipelineStatus, ReleaseStatus, RepositoryStatus, TemplateStatus};

/// The API group of every kind.
pub const GROUP: &str = "harmonix.io";
/// The only served version.
pub const VERSION: &str = "v1alpha1";
/// Server-side apply field manager of every write by the controller.
pub const FIELD_MANAGER: &str = "harmonix";
/// Held while something outside carries the object's name and its letting go is not yet recorded.
pub const FINALIZER: &str = "harmonix.io/release";
/// The write-ahead log: effects that are about to happen, as JSON. Written by the controller only.
pub const INTENTS_ANNOTATION: &str = "harmonix.io/intents";
/// Any new value starts a failed build, provisioning or deployment once more.
pub const RETRY_ANNOTATION: &str = "harmonix.io/retry";
/// `true` works like `spec.suspend`, without a change of the spec (GitOps tools leave it alone).
pub const SUSPEND_ANNOTATION: &str = "harmonix.io/suspend";
/// Who asked for the current spec: stamped by the admission policy `examples/admission`, and believed
/// only where that is said to be installed.
pub const REQUESTED_BY_ANNOTATION: &str = "harmonix.io/requested-by";
/// The most characters that are kept of the name of whoever asked.
pub const REQUESTER_LENGTH: usize = 256;
/// On a namespace: the GitLab group of its applications, instead of the default.
pub const GITLAB_GROUP_ANNOTATION: &str = "harmonix.io/gitlab-group";
