//! Whether what runs is what was wanted: the service is the fact.

use crate::api::ReleaseStatus;
use crate::api::condition::Reason;
use crate::domain::reading::Reading;
use crate::domain::runtime::Service;
use crate::domain::target::EnvironmentTarget;
use crate::domain::verdict::{Backoff, Verdict};

/// Whether a service runs `release` with the environment's parameters, healthy.
pub(super) fn health(
    service: &Reading<Service>,
    release: &ReleaseStatus,
    environment: &EnvironmentTarget,
    provider: &str,
) -> Verdict {
    let service = match service {
        Reading::Known(service) if service.status == "ACTIVE" => service,
        Reading::Unreadable(failure) => return Verdict::from_failure(failure),
        Reading::Unread => {
            return Verdict::Progressing(
                Reason::Deploying,
                format!("looking at the service on {provider}"),
            );
        }
        // ECS still knows a service that was deleted for a while: draining, then inactive.
        Reading::Absent | Reading::Known(_) => {
            return Verdict::Stalled(
                Reason::ServiceMissing,
                format!(
                    "there is no service on {provider} although it was deployed; set the annotation harmonix.io/retry to a new value to deploy again"
                ),
            );
        }
    };
    let tag = |name: &str| service.tags.get(name).map_or("", String::as_str);
    let digest = |image: &str| image.rsplit('@').next().unwrap_or_default().to_owned();
    if service.rollout == "IN_PROGRESS" {
        return Verdict::Progressing(
            Reason::Deploying,
            format!("the service on {provider} is rolling out"),
        );
    }
    if tag("harmonix:release") != release.commit
        || tag("harmonix:configuration") != environment.configuration
        || digest(&service.image) != digest(&release.image)
        || service.rollout == "FAILED"
    {
        return Verdict::Stalled(
            Reason::DeploymentFailed,
            format!(
                "the service on {provider} runs {} instead of release {}{}; set the annotation harmonix.io/retry to a new value to deploy again",
                short(tag("harmonix:release")),
                short(&release.commit),
                if service.rollout_reason.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", service.rollout_reason)
                }
            ),
        );
    }
    if service.running < environment.replicas {
        return Verdict::Blocked(
            Reason::ServiceDegraded,
            format!(
                "the service on {provider} runs fewer than {} healthy tasks; its log group says why",
                environment.replicas
            ),
            Backoff::Growing,
        );
    }
    Verdict::Settled
}

/// The first digits of a commit, for sentences.
pub(super) fn short(commit: &str) -> &str {
    if commit.is_empty() {
        "nothing we know"
    } else {
        commit.get(..8).unwrap_or(commit)
    }
}
