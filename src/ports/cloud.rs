//! AWS, as seen with a provider's operations role.

use std::sync::Arc;

use async_trait::async_trait;

use crate::api::ProviderOutputs;
use crate::domain::audit::{AuditRecord, ChainLink};
use crate::domain::failure::Failure;
use crate::domain::runtime::{AuditInsert, Cluster, OperationsAccess, Service};

/// Sessions in tenants' accounts. The controller's own identity does nothing but assume roles.
#[async_trait]
pub trait CloudSessions: Send + Sync {
    /// A session, from the cache or by one AssumeRole, however many ask at once.
    /// A denial is diagnosed: role, principal, external id, and the trust statement that would allow it.
    async fn operations(
        &self,
        access: &OperationsAccess,
    ) -> Result<Arc<dyn OperationsSession>, Failure>;
}

/// What may be done with an operations role: look, and write audit records.
#[async_trait]
pub trait OperationsSession: Send + Sync {
    /// The provider's outputs, from SSM under `/<prefix>/<name>/`. `Missing` names what is not there.
    async fn outputs(&self, prefix: &str, name: &str) -> Result<ProviderOutputs, Failure>;
    /// A cluster.
    async fn cluster(&self, name: &str) -> Result<Option<Cluster>, Failure>;
    /// A service, with the image of its primary deployment's container `application`.
    async fn service(&self, cluster: &str, name: &str) -> Result<Option<Service>, Failure>;
    /// The audit table of this name.
    fn audit_table(&self, table: &str) -> Arc<dyn AuditTable>;
}

/// One provider's audit table. Append-only: there is no verb to change or remove a record.
#[async_trait]
pub trait AuditTable: Send + Sync {
    /// A conditional write whose condition never holds: proves that writing is allowed, writes nothing.
    async fn probe(&self) -> Result<(), Failure>;
    /// The records of an object, as far as their chain goes, in no order. Of a status that lost
    /// its chain only: an index answers, and may not know yet what was written a moment ago.
    async fn links(&self, object: &str) -> Result<Vec<ChainLink>, Failure>;
    /// One conditional insert under the record's identity.
    async fn insert(&self, record: &AuditRecord) -> Result<AuditInsert, Failure>;
}
