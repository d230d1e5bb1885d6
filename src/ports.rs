//! L2: what we need from the world. Traits in words of the domain, nothing else.
//!
//! One method is one request (or one look that may take several). A failure is classified by the
//! adapter and never classified again.

mod clock;
mod cloud;
mod leadership;
mod repository;
mod store;
mod telemetry;

pub use clock::Clock;
pub use cloud::{AuditTable, CloudSessions, OperationsSession};
pub use leadership::{LeaseError, Leases};
pub use repository::{Access, Files, Pipelines, Projects};
pub use store::{Cache, Store, StoreError};
pub use telemetry::{Acted, Called, Seen, Telemetry};
