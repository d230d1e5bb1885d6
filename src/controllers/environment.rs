//! Environment: it has no effects, so its pass only adds up and tells.

use std::time::Duration;

use kube::ResourceExt;

use crate::api::Environment;
use crate::domain::report::{self, Telling};
use crate::domain::target::{self, EnvironmentInput};
use crate::ports::StoreError;

use super::managed::version;
use super::{Context, requeue};

/// One pass over one environment.
///
/// # Errors
/// When its status could not be written.
pub(super) async fn pass(
    context: &Context,
    object: &Environment,
) -> Result<Option<Duration>, StoreError> {
    let scope = target::environment_scope(object, &context.settings);
    let version = version(object, scope.identity.clone());
    if object.metadata.deletion_timestamp.is_some() {
        return Ok(None);
    }
    if !context.is_current(&version) {
        return Ok(Some(context.behind(&version)));
    }
    let store = &context.ports.store;
    let name = object.name_any();
    let input = EnvironmentInput {
        environment: object,
        providers: object
            .spec
            .providers
            .iter()
            .map(|reference| (reference.name.clone(), store.provider(&reference.name)))
            .collect(),
        applications: store
            .applications()
            .iter()
            .filter(|application| application.spec.environments.iter().any(|e| e.name == name))
            .count(),
    };
    let previous = object.status.clone().unwrap_or_default();
    context.see(object, &scope, &previous.conditions);
    let telling = Telling {
        generation: scope.generation,
        previous: &previous.conditions,
        advisories: &[],
        failures: 0,
        settings: &context.settings,
        now: context.ports.clock.now(),
    };
    let report = report::environment(&target::environment(&input), previous.clone(), &telling);
    requeue::tell(context, &version, &previous, report).await
}
