//! The lease that processes of one installation take turns by.

use async_trait::async_trait;

use crate::domain::lease::{Lease, Seen};

/// A request about the lease that did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Somebody wrote, made or removed it in between: look again.
    #[error("the lease changed in between")]
    Changed,
    /// The API server did not do it, or not in time.
    #[error("{0}")]
    Unavailable(String),
}

/// The one lease.
#[async_trait]
pub trait Leases: Send + Sync {
    /// What it says; nothing where there is none.
    async fn read(&self) -> Result<Option<Seen>, LeaseError>;
    /// Makes it where there is none.
    async fn create(&self, lease: &Lease) -> Result<Seen, LeaseError>;
    /// Writes it over this version.
    async fn replace(&self, version: &str, lease: &Lease) -> Result<Seen, LeaseError>;
}
