//! One pass over one object, outside the loop: how tests drive the controller against a model of the
//! world, deciding themselves what is looked at when.

use std::time::Duration;

use crate::api::{Application, Environment, EnvironmentProvider};
use crate::ports::StoreError;

use super::{Context, driver};

/// One pass over a provider. Answers when to look again.
///
/// # Errors
/// When our own object could not be written.
pub async fn provider(
    context: &Context,
    object: &EnvironmentProvider,
) -> Result<Option<Duration>, StoreError> {
    driver::pass(context, object).await
}

/// One pass over an environment. Answers when to look again.
///
/// # Errors
/// When our own object could not be written.
pub async fn environment(
    context: &Context,
    object: &Environment,
) -> Result<Option<Duration>, StoreError> {
    super::environment::pass(context, object).await
}

/// One pass over an application. Answers when to look again.
///
/// # Errors
/// When our own object could not be written.
pub async fn application(
    context: &Context,
    object: &Application,
) -> Result<Option<Duration>, StoreError> {
    driver::pass(context, object).await
}
