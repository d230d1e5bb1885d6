//! Condition types and the one table of reasons. What users, dashboards and alerts see is spelt here, once.

use schemars::{Schema, SchemaGenerator, json_schema};

/// The conditions a status may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConditionType {
    /// The spec is valid and everything it names exists and may be used.
    Accepted,
    /// The GitLab project exists, is ours, and holds the files the spec asks for.
    RepositoryReady,
    /// The provider's infrastructure was built by its pipeline.
    Provisioned,
    /// Both roles can be assumed by those who need them.
    RolesAssumable,
    /// Audit records can be written.
    AuditReady,
    /// The provider's cluster is active.
    RuntimeHealthy,
    /// Every provider of the environment is ready.
    ProvidersReady,
    /// The newest commit of the default branch was built.
    PipelineSucceeded,
    /// The wanted release runs healthy everywhere.
    Deployed,
    /// The controller's access to GitLab ends soon.
    TokenExpiring,
    /// Everything the object asks for is true in the world.
    Ready,
    /// kstatus: work is under way. Present only while true.
    Reconciling,
    /// kstatus: nothing more happens without a person. Present only while true.
    Stalled,
}

impl ConditionType {
    /// The spelling in `status.conditions[].type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::RepositoryReady => "RepositoryReady",
            Self::Provisioned => "Provisioned",
            Self::RolesAssumable => "RolesAssumable",
            Self::AuditReady => "AuditReady",
            Self::RuntimeHealthy => "RuntimeHealthy",
            Self::ProvidersReady => "ProvidersReady",
            Self::PipelineSucceeded => "PipelineSucceeded",
            Self::Deployed => "Deployed",
            Self::TokenExpiring => "TokenExpiring",
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// Why a condition is as it is. One closed table: docs, events and metrics use it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* $name,)+ }

        impl Reason {
            /// Every reason there is, in the order of the table.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];

            /// The spelling in `status.conditions[].reason`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }
        }
    };
}

reasons! {
    /// Not looked at yet.
    Pending,
    /// As it should be.
    Succeeded,
    /// The spec is valid.
    Valid,
    /// The spec contradicts the rules; every problem is in the message.
    Invalid,
    /// `spec.suspend` or the annotation holds everything.
    Suspended,
    /// Something the spec names does not exist yet.
    ReferenceNotFound,
    /// The environment does not admit the application's namespace.
    NamespaceNotAllowed,
    /// The GitLab group of the application is outside the provider's `gitlabGroups`.
    GroupNotAllowed,
    /// Something the object needs is not ready yet.
    DependencyNotReady,
    /// Creating what is missing.
    Creating,
    /// Bringing files or settings to what the spec asks for.
    Updating,
    /// The path in GitLab belongs to somebody else.
    RepositoryConflict,
    /// GitLab or the project's rules refused our commit.
    CommitRefused,
    /// The project that the status names is gone.
    RepositoryMissing,
    /// The pipeline runs.
    PipelineRunning,
    /// The pipeline waits for a runner for too long.
    PipelinePending,
    /// No pipeline appeared.
    PipelineMissing,
    /// GitLab could not read the pipeline file.
    PipelineInvalid,
    /// GitLab skipped the pipeline.
    PipelineSkipped,
    /// Somebody canceled the pipeline.
    PipelineCanceled,
    /// A job failed.
    PipelineFailed,
    /// Waiting for a lower level, a build or a turn.
    WaitingForRelease,
    /// Rolling out.
    Deploying,
    /// The service does not run what was deployed.
    DeploymentFailed,
    /// The service runs fewer healthy tasks than wanted.
    ServiceDegraded,
    /// The service is gone.
    ServiceMissing,
    /// A pinned release was never built.
    ReleaseNotFound,
    /// AWS did not let us assume a role.
    RoleDenied,
    /// A parameter the provider's infrastructure should have written is missing.
    OutputsMissing,
    /// The cluster is not active.
    ClusterNotActive,
    /// The audit table cannot be written.
    AuditUnavailable,
    /// GitLab refused the controller's token.
    GitLabDenied,
    /// GitLab does not answer as it should.
    GitLabUnavailable,
    /// GitLab asks us to wait.
    GitLabThrottled,
    /// GitLab rejected a request as wrong.
    GitLabRejected,
    /// AWS refused a request.
    AwsDenied,
    /// AWS does not answer as it should.
    AwsUnavailable,
    /// The token that the controller uses ends soon.
    ExpiresSoon,
    /// The object is being deleted.
    Deleting,
}

/// Schema of `status.conditions`: a list that server-side apply merges by `type`, with the bounds
/// that Kubernetes gives its own conditions.
pub fn conditions_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "description": "What is known about the object, in the sense of the Kubernetes API conventions.",
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {
                    "type": "string",
                    "maxLength": 316,
                    "description": "What the condition speaks of.",
                },
                "status": {
                    "type": "string",
                    "enum": ["True", "False", "Unknown"],
                    "description": "Whether it holds.",
                },
                "reason": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 256,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                    "description": "Why, in one word of a closed table.",
                },
                "message": {
                    "type": "string",
                    "maxLength": 32768,
                    "description": "Why, in one sentence: the cause, and the next step for a person.",
                },
                "lastTransitionTime": {
                    "type": "string",
                    "format": "date-time",
                    "description": "When the status last changed.",
                },
                "observedGeneration": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0,
                    "description": "The generation of the object that this speaks of.",
                },
            },
        },
    })
}
