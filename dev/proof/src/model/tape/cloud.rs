//! AWS, as a pass over an application sees it.

use std::sync::Arc;

use async_trait::async_trait;
use harmonix::api::ProviderOutputs;
use harmonix::domain::audit::{AuditRecord, ChainLink};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::runtime::{AuditInsert, Cluster, OperationsAccess, Service};
use harmonix::ports::{AuditTable, CloudSessions, OperationsSession};

use super::super::call::{Look, Write, failure};
use super::Tape;

#[async_trait]
impl CloudSessions for Tape {
    async fn operations(
        &self,
        _access: &OperationsAccess,
    ) -> Result<Arc<dyn OperationsSession>, Failure> {
        self.look::<Result<bool, Failure>>(Look::Session)?;
        Ok(Arc::new(self.clone()))
    }
}

/// What a pass over an application never asks for.
fn unasked<T>() -> Result<T, Failure> {
    let why = "only a provider's pass asks for this";
    Err(failure(Party::Aws, FailureKind::Invalid, why))
}

#[async_trait]
impl OperationsSession for Tape {
    async fn outputs(&self, _prefix: &str, _name: &str) -> Result<ProviderOutputs, Failure> {
        unasked()
    }

    async fn cluster(&self, _name: &str) -> Result<Option<Cluster>, Failure> {
        unasked()
    }

    async fn service(&self, cluster: &str, name: &str) -> Result<Option<Service>, Failure> {
        self.look(Look::Service {
            cluster: cluster.to_owned(),
            name: name.to_owned(),
        })
    }

    fn audit_table(&self, table: &str) -> Arc<dyn AuditTable> {
        Arc::new(Table {
            tape: self.clone(),
            name: table.to_owned(),
        })
    }
}

/// One audit table.
struct Table {
    tape: Tape,
    name: String,
}

#[async_trait]
impl AuditTable for Table {
    async fn probe(&self) -> Result<(), Failure> {
        unasked()
    }

    async fn links(&self, object: &str) -> Result<Vec<ChainLink>, Failure> {
        self.tape.look(Look::Links {
            table: self.name.clone(),
            object: object.to_owned(),
        })
    }

    async fn insert(&self, record: &AuditRecord) -> Result<AuditInsert, Failure> {
        self.tape
            .write(Write::Insert {
                table: self.name.clone(),
                record: record.clone(),
            })
            .await
    }
}
