//! Looks at the services themselves: a green job is a claim, the service is the fact.

use crate::controllers::Context;
use crate::domain::failure::Failure;
use crate::domain::observed::ApplicationObserved;
use crate::domain::plan::{PipelineState, pipeline_state};
use crate::domain::reading::Reading;
use crate::domain::runtime::Service;
use crate::domain::target::{ApplicationTarget, DeploymentTarget};

/// Looks at every service whose roll-out is not under way.
pub(super) async fn look(
    target: &ApplicationTarget,
    observed: &mut ApplicationObserved,
    context: &Context,
) {
    for environment in &target.environments {
        let under_way = observed
            .rollouts
            .get(&environment.name)
            .and_then(Reading::known)
            .is_some_and(|seen| pipeline_state(&seen.pipeline.status) == PipelineState::Running);
        for deployment in &environment.deployments {
            // Before its provider is ready there is nothing to see; while a job works, the job is seen.
            if under_way || !deployment.place.ready {
                continue;
            }
            let reading = Reading::from(service(target, deployment, context).await);
            let key = (environment.name.clone(), deployment.place.name.clone());
            observed.services.insert(key, reading);
        }
    }
}

async fn service(
    target: &ApplicationTarget,
    deployment: &DeploymentTarget,
    context: &Context,
) -> Result<Option<Service>, Failure> {
    let place = &deployment.place;
    let access = place.access(
        &target.scope.identity,
        &context.settings.key.installation_id(),
    );
    let session = context.ports.clouds.operations(&access).await?;
    session.service(&place.cluster, &deployment.service).await
}
