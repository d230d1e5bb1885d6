//! AWS's ports.

use std::sync::Arc;

use async_trait::async_trait;
use harmonix::api::ProviderOutputs;
use harmonix::domain::audit::{AuditRecord, ChainLink};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::runtime::{AuditInsert, Cluster, OperationsAccess, Service};
use harmonix::ports::{AuditTable, CloudSessions, OperationsSession};

use super::{Outside, now};
use crate::sim::schedule::Door;
use crate::sim::universe::Universe;

/// A session through which requests take their time.
struct Session {
    outside: Outside,
    inner: Arc<dyn OperationsSession>,
}

/// A table through which requests take their time.
struct Table {
    outside: Outside,
    inner: Arc<dyn AuditTable>,
    name: String,
}

#[async_trait]
impl CloudSessions for Outside {
    async fn operations(
        &self,
        access: &OperationsAccess,
    ) -> Result<Arc<dyn OperationsSession>, Failure> {
        let access = access.clone();
        let what = format!("session for {}", access.source_identity);
        let inner = self
            .ask(Door::Session, &what, true, move |u| {
                if is_of_the_past(u, &access) {
                    return Err(Failure {
                        party: Party::Sts,
                        kind: FailureKind::Denied,
                        message: "no such provider any more".into(),
                    });
                }
                now(u.world().operations(&access))
            })
            .await?;
        Ok(Arc::new(Session {
            outside: self.clone(),
            inner,
        }))
    }
}

/// Whether a session is for a provider of a cluster that was lost a moment ago.
fn is_of_the_past(universe: &Universe, access: &OperationsAccess) -> bool {
    let state = universe.world().state();
    let lives = |uid: &String| {
        let mut all = state.providers.values();
        all.any(|provider| provider.metadata.uid.as_ref() == Some(uid))
    };
    universe
        .core()
        .journal
        .acts
        .contains(&"lose and rebuild the cluster")
        && !lives(&access.provider_uid)
}

#[async_trait]
impl OperationsSession for Session {
    async fn outputs(&self, prefix: &str, name: &str) -> Result<ProviderOutputs, Failure> {
        let (inner, prefix, name) = (Arc::clone(&self.inner), prefix.to_owned(), name.to_owned());
        self.outside
            .ask(Door::AwsRead, "outputs?", true, move |_| {
                now(inner.outputs(&prefix, &name))
            })
            .await
    }

    async fn cluster(&self, name: &str) -> Result<Option<Cluster>, Failure> {
        let (inner, name) = (Arc::clone(&self.inner), name.to_owned());
        self.outside
            .ask(Door::AwsRead, "cluster?", true, move |_| {
                now(inner.cluster(&name))
            })
            .await
    }

    async fn service(&self, cluster: &str, name: &str) -> Result<Option<Service>, Failure> {
        let (inner, cluster, name) = (Arc::clone(&self.inner), cluster.to_owned(), name.to_owned());
        let what = format!("service in {cluster}?");
        self.outside
            .ask(Door::AwsRead, &what, true, move |_| {
                now(inner.service(&cluster, &name))
            })
            .await
    }

    fn audit_table(&self, table: &str) -> Arc<dyn AuditTable> {
        Arc::new(Table {
            outside: self.outside.clone(),
            inner: self.inner.audit_table(table),
            name: table.to_owned(),
        })
    }
}

#[async_trait]
impl AuditTable for Table {
    async fn probe(&self) -> Result<(), Failure> {
        let inner = Arc::clone(&self.inner);
        self.outside
            .ask(Door::AwsRead, "probe?", true, move |_| now(inner.probe()))
            .await
    }

    async fn links(&self, object: &str) -> Result<Vec<ChainLink>, Failure> {
        let (inner, object) = (Arc::clone(&self.inner), object.to_owned());
        self.outside
            .ask(Door::AwsRead, "chain?", true, move |_| {
                now(inner.links(&object))
            })
            .await
    }

    async fn insert(&self, record: &AuditRecord) -> Result<AuditInsert, Failure> {
        let (inner, record) = (Arc::clone(&self.inner), record.clone());
        let what = format!(
            "record {} in {}",
            record.attributes["actionType"], self.name
        );
        self.outside
            .ask(Door::Record, &what, true, move |_| {
                now(inner.insert(&record))
            })
            .await
    }
}
