//! Our own objects: what the caches hold, and the few writes we make to them.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::api::{Application, Environment, EnvironmentProvider};
use crate::domain::notice::Notice;
use crate::domain::version::{NamespaceFacts, Version};

/// A write to one of our objects that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The object changed since it was read: decide again.
    #[error("the object changed in between")]
    Stale,
    /// The API server knows of no such object: it is gone, as a rule.
    #[error("the object is gone")]
    Gone,
    /// This process does not lead any more: it was not asked for, or its answer not waited for.
    #[error("this process does not lead any more")]
    Withheld,
    /// The API server did not do it.
    #[error("{0}")]
    Unavailable(String),
}

/// What the caches hold. Synchronous: a look here costs nothing outside.
pub trait Cache: Send + Sync {
    /// A provider.
    fn provider(&self, name: &str) -> Option<Arc<EnvironmentProvider>>;
    /// An environment.
    fn environment(&self, name: &str) -> Option<Arc<Environment>>;
    /// A namespace.
    fn namespace(&self, name: &str) -> Option<NamespaceFacts>;
    /// Every provider.
    fn providers(&self) -> Vec<Arc<EnvironmentProvider>>;
    /// Every environment.
    fn environments(&self) -> Vec<Arc<Environment>>;
    /// Every application.
    fn applications(&self) -> Vec<Arc<Application>>;
    /// An application.
    fn application(&self, namespace: &str, name: &str) -> Option<Arc<Application>>;
}

/// The writes. Each carries the version it was decided on, and answers the new one.
#[async_trait]
pub trait Store: Cache {
    /// Makes intents durable and holds the finalizer, in one patch of the metadata.
    async fn hold(
        &self,
        object: &Version,
        finalizers: &[String],
        intents: &str,
    ) -> Result<Version, StoreError>;
    /// Applies the whole status.
    async fn apply_status(&self, object: &Version, status: Value) -> Result<Version, StoreError>;
    /// Releases the finalizer: leaves these.
    async fn release(&self, object: &Version, finalizers: &[String]) -> Result<(), StoreError>;
    /// Tells a transition. A failure to tell is logged and forgotten.
    async fn notify(&self, object: &Version, notice: &Notice);
}
