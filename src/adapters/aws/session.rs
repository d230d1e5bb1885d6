//! An operations session: every call goes out with the credentials that stand in its slot then.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};

use crate::api::ProviderOutputs;
use crate::domain::failure::Failure;
use crate::domain::runtime::{Cluster, OperationsAccess, Service};
use crate::ports::{AuditTable, OperationsSession};

use super::Shared;
use super::audit::Table;
use super::credentials::SessionCredentials;
use super::failure::{self, Asked, Class};
use super::slot::Slot;

/// A session in one provider's account, for one object.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    slot: Arc<Slot>,
}

impl Session {
    /// The session whose credentials stand in `slot`.
    pub(super) const fn new(shared: Arc<Shared>, slot: Arc<Slot>) -> Self {
        Self { shared, slot }
    }

    /// What the session may be used for.
    pub(super) fn access(&self) -> &OperationsAccess {
        self.slot.access()
    }

    /// Its credentials, refreshed where that is due.
    pub(super) async fn credentials(&self) -> Result<Arc<SessionCredentials>, Failure> {
        self.slot.credentials(&self.shared.own).await
    }

    /// Says what is asked, for failures.
    pub(super) fn asking(&self, action: &'static str, thing: String) -> Asked<'_> {
        let access = self.access();
        Asked {
            action,
            thing,
            account: access.role.account(),
            region: &access.region,
            role: Some(access.role.as_str()),
        }
    }

    /// Makes one call. When AWS no longer takes the session's credentials, they are dropped and
    /// the call is made once more with new ones. That is right for writes too: such an answer
    /// comes before anything else is looked at.
    pub(super) async fn call<T, E, F>(
        &self,
        call: impl Fn(Arc<SessionCredentials>) -> F + Send + Sync,
    ) -> Result<Result<T, SdkError<E>>, Failure>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E>>> + Send,
    {
        let credentials = self.credentials().await?;
        let answer = call(Arc::clone(&credentials)).await;
        let worn = match &answer {
            Ok(_) => false,
            // A role that was deleted and made again leaves sessions that AWS does not know.
            Err(error) => matches!(failure::class(error), Class::Worn | Class::BadCredentials),
        };
        if !worn {
            return Ok(answer);
        }
        self.slot.drop_worn(&credentials);
        let credentials = self.credentials().await?;
        let answer = call(Arc::clone(&credentials)).await;
        if let Err(error) = &answer
            && matches!(failure::class(error), Class::Worn | Class::BadCredentials)
        {
            self.slot.drop_worn(&credentials);
        }
        Ok(answer)
    }

    /// Makes one call whose errors mean nothing but failure.
    pub(super) async fn look<T, E, F>(
        &self,
        asked: &Asked<'_>,
        call: impl Fn(Arc<SessionCredentials>) -> F + Send + Sync,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E>>> + Send,
    {
        self.call(call)
            .await?
            .map_err(|error| failure::classify(asked, &error))
    }
}

#[async_trait]
impl OperationsSession for Session {
    async fn outputs(&self, prefix: &str, name: &str) -> Result<ProviderOutputs, Failure> {
        self.read_outputs(prefix, name).await
    }

    async fn cluster(&self, name: &str) -> Result<Option<Cluster>, Failure> {
        self.read_cluster(name).await
    }

    async fn service(&self, cluster: &str, name: &str) -> Result<Option<Service>, Failure> {
        self.read_service(cluster, name).await
    }

    fn audit_table(&self, table: &str) -> Arc<dyn AuditTable> {
        Arc::new(Table::new(self.clone(), table))
    }
}
