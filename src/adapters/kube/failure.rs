//! What Kubernetes' refusals mean for a pass.

use std::future::Future;
use std::time::Duration;

use crate::ports::StoreError;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// Runs one call with a deadline, and says what its failure means.
pub(super) async fn call<T>(
    what: &str,
    request: impl Future<Output = Result<T, kube::Error>> + Send,
) -> Result<T, StoreError> {
    match tokio::time::timeout(DEADLINE, request).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(kube::Error::Api(status))) if status.is_conflict() => Err(StoreError::Stale),
        Ok(Err(kube::Error::Api(status))) if status.is_not_found() => Err(StoreError::Gone),
        Ok(Err(error)) => Err(StoreError::Unavailable(format!("{what}: {error}"))),
        Err(_) => Err(StoreError::Unavailable(format!(
            "{what}: no answer within {} s",
            DEADLINE.as_secs()
        ))),
    }
}
