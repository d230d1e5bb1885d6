//! What runs: clusters and services, as ECS reports them.

use aws_sdk_ecs::types as ecs;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::runtime::{Cluster, Service};

use super::failure::Asked;
use super::session::Session;

/// The container that carries the application; others beside it are not ours to judge.
const CONTAINER: &str = "application";
/// What ECS gives as the reason when something is not there.
const MISSING: &str = "MISSING";
/// A service that was deleted is reported with this state for a while.
const INACTIVE: &str = "INACTIVE";
/// The deployment that the service is moving to, or has moved to.
const PRIMARY: &str = "PRIMARY";

impl Session {
    /// Reads a cluster.
    pub(super) async fn read_cluster(&self, name: &str) -> Result<Option<Cluster>, Failure> {
        let asked = self.asking("ecs:DescribeClusters", format!("cluster {name}"));
        let request = self.shared.ground.ecs.describe_clusters().clusters(name);
        let answer = self
            .look(&asked, |credentials| {
                let request = request.clone().customize();
                request.config_override(credentials.for_ecs()).send()
            })
            .await?;
        unexplained(&asked, answer.failures())?;
        Ok(answer.clusters().first().map(|cluster| Cluster {
            name: cluster.cluster_name().unwrap_or(name).to_owned(),
            status: text(cluster.status()),
        }))
    }

    /// Reads a service and the image that its primary deployment runs.
    pub(super) async fn read_service(
        &self,
        cluster: &str,
        name: &str,
    ) -> Result<Option<Service>, Failure> {
        let thing = format!("service {name} of cluster {cluster}");
        let asked = self.asking("ecs:DescribeServices", thing);
        let request = self.shared.ground.ecs.describe_services();
        let request = request
            .cluster(cluster)
            .services(name)
            .include(ecs::ServiceField::Tags);
        let answer = self
            .look(&asked, |credentials| {
                let request = request.clone().customize();
                request.config_override(credentials.for_ecs()).send()
            })
            .await?;
        unexplained(&asked, answer.failures())?;
        let found = answer.services().first();
        let Some(found) = found.filter(|service| service.status() != Some(INACTIVE)) else {
            return Ok(None);
        };
        let mut service = service(found);
        if let Some(task) = primary(found).and_then(ecs::Deployment::task_definition) {
            service.image = self.image(task).await?;
        }
        Ok(Some(service))
    }

    /// The image that a task definition names. Empty when it has no container of ours.
    async fn image(&self, task_definition: &str) -> Result<String, Failure> {
        if let Some(known) = self.shared.images.get(task_definition) {
            return Ok(known);
        }
        let thing = format!("task definition {task_definition}");
        let asked = self.asking("ecs:DescribeTaskDefinition", thing);
        let request = self.shared.ground.ecs.describe_task_definition();
        let request = request.task_definition(task_definition);
        let answer = self
            .look(&asked, |credentials| {
                let request = request.clone().customize();
                request.config_override(credentials.for_ecs()).send()
            })
            .await?;
        let image = answer
            .task_definition()
            .map(ecs::TaskDefinition::container_definitions)
            .unwrap_or_default()
            .iter()
            .find(|container| container.name() == Some(CONTAINER))
            .and_then(ecs::ContainerDefinition::image)
            .unwrap_or_default();
        self.shared.images.put(task_definition, image);
        Ok(image.to_owned())
    }
}

/// Fails where ECS names a reason other than that the thing is not there.
fn unexplained(asked: &Asked<'_>, failures: &[ecs::Failure]) -> Result<(), Failure> {
    match failures.iter().find(|f| f.reason() != Some(MISSING)) {
        None => Ok(()),
        Some(failure) => {
            let reason = failure.reason().unwrap_or("no reason");
            let detail = failure.detail().unwrap_or_default();
            let verdict = format!("was answered with {reason} {detail}");
            Err(asked.failure(FailureKind::Retryable, verdict.trim_end()))
        }
    }
}

fn primary(service: &ecs::Service) -> Option<&ecs::Deployment> {
    service
        .deployments()
        .iter()
        .find(|deployment| deployment.status() == Some(PRIMARY))
}

fn service(found: &ecs::Service) -> Service {
    let primary = primary(found);
    let rollout = primary.and_then(ecs::Deployment::rollout_state);
    Service {
        status: text(found.status()),
        desired: found.desired_count(),
        running: found.running_count(),
        pending: found.pending_count(),
        rollout: text(rollout.map(ecs::DeploymentRolloutState::as_str)),
        rollout_reason: text(primary.and_then(ecs::Deployment::rollout_state_reason)),
        image: String::new(),
        tags: found
            .tags()
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), text(tag.value()))))
            .collect(),
    }
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}
