//! Obstacles: what keeps objects from being as their specs say, in a few groups that different people look after.

use crate::api::condition::Reason;

use super::closed;

closed! {
    /// What an object waits for.
    Obstacle {
        /// Us.
        Harmonix = "harmonix",
        /// The spec: somebody has to correct it, or to admit what it asks for.
        Spec = "spec",
        /// Another object, or another step of the same one.
        Dependency = "dependency",
        /// GitLab, or what its rules and its projects' owners refuse.
        GitLab = "gitlab",
        /// A pipeline.
        Pipeline = "pipeline",
        /// A service that is not as it was deployed, or not yet.
        Service = "service",
        /// AWS.
        Aws = "aws",
        /// The audit table.
        Audit = "audit",
        /// Whoever suspended it.
        Suspended = "suspended",
    }
}

impl Obstacle {
    /// What stands in the way for this reason; nothing where everything is as it should be.
    pub const fn of(reason: Reason) -> Option<Self> {
        Some(match reason {
            Reason::Succeeded | Reason::Valid | Reason::ExpiresSoon => return None,
            Reason::Pending | Reason::Creating | Reason::Updating | Reason::Deleting => {
                Self::Harmonix
            }
            Reason::Invalid
            | Reason::NamespaceNotAllowed
            | Reason::GroupNotAllowed
            | Reason::ReleaseNotFound => Self::Spec,
            Reason::ReferenceNotFound | Reason::DependencyNotReady | Reason::WaitingForRelease => {
                Self::Dependency
            }
            Reason::RepositoryConflict
            | Reason::CommitRefused
            | Reason::RepositoryMissing
            | Reason::GitLabDenied
            | Reason::GitLabUnavailable
            | Reason::GitLabThrottled
            | Reason::GitLabRejected => Self::GitLab,
            Reason::PipelineRunning
            | Reason::PipelinePending
            | Reason::PipelineMissing
            | Reason::PipelineInvalid
            | Reason::PipelineSkipped
            | Reason::PipelineCanceled
            | Reason::PipelineFailed => Self::Pipeline,
            Reason::Deploying
            | Reason::DeploymentFailed
            | Reason::ServiceDegraded
            | Reason::ServiceMissing => Self::Service,
            Reason::RoleDenied
            | Reason::OutputsMissing
            | Reason::ClusterNotActive
            | Reason::AwsDenied
            | Reason::AwsUnavailable => Self::Aws,
            Reason::AuditUnavailable => Self::Audit,
            Reason::Suspended => Self::Suspended,
        })
    }
}
