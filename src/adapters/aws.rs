//! AWS, through its SDK.
//!
//! Two kinds of credentials, kept apart by types: the controller's own, which live in `identity`
//! and can do nothing but assume a role, and a session's, which are the only ones that a call to
//! a tenant's account can carry. The clients of `ground` hold none at all, so a call that forgot
//! its session's credentials is refused before it leaves, never made with others.

mod audit;
mod cache;
mod credentials;
mod diagnosis;
mod ecs;
mod failure;
mod ground;
mod identity;
mod image;
mod limit;
mod outputs;
mod pause;
mod session;
mod slot;

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::{Region, SdkConfig};

use crate::adapters::silence::Silence;
use crate::domain::failure::Failure;
use crate::domain::runtime::OperationsAccess;
use crate::ports::{CloudSessions, OperationsSession, Telemetry};

use cache::Cache;
use ground::Ground;
use identity::OwnIdentity;
use image::Images;
use session::Session;

/// Operations sessions in the providers' accounts.
pub struct AwsSessions {
    shared: Arc<Shared>,
}

/// What all sessions lean on.
struct Shared {
    own: OwnIdentity,
    ground: Ground,
    cache: Cache,
    images: Images,
}

impl AwsSessions {
    /// Loads the controller's own identity from the SDK's default chain (IRSA, EKS Pod Identity,
    /// environment). Roles are assumed at the STS endpoint of `region`. Nothing is sent yet.
    pub async fn new(region: &str, telemetry: &Arc<dyn Telemetry>) -> Self {
        let base = aws_config::defaults(limit::behavior())
            .region(Region::new(region.to_owned()))
            .load()
            .await;
        Self::telling(&base, telemetry)
    }

    /// Uses a configuration that is loaded already. Its credentials become the controller's own.
    pub fn over(base: &SdkConfig) -> Self {
        Self::telling(base, &(Arc::new(Silence) as Arc<dyn Telemetry>))
    }

    /// Does so, and tells of its requests.
    pub fn telling(base: &SdkConfig, telemetry: &Arc<dyn Telemetry>) -> Self {
        let base = limit::applied(base);
        Self {
            shared: Arc::new(Shared {
                own: OwnIdentity::of(&base, telemetry),
                ground: Ground::of(&base, telemetry),
                cache: Cache::default(),
                images: Images::default(),
            }),
        }
    }
}

#[async_trait]
impl CloudSessions for AwsSessions {
    async fn operations(
        &self,
        access: &OperationsAccess,
    ) -> Result<Arc<dyn OperationsSession>, Failure> {
        let slot = self.shared.cache.slot(access);
        let session = Session::new(Arc::clone(&self.shared), slot);
        session.credentials().await?;
        Ok(Arc::new(session))
    }
}
