//! The clients of the services in tenants' accounts. They hold no credentials: each call brings
//! its session's, or is refused by the SDK before anything is sent.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;

use super::pause::Pauses;
use crate::domain::measure::Host;
use crate::ports::Telemetry;

/// One client a service; connections are shared by all sessions, credentials by none.
pub(super) struct Ground {
    pub(super) ecs: aws_sdk_ecs::Client,
    pub(super) ssm: aws_sdk_ssm::Client,
    pub(super) dynamodb: aws_sdk_dynamodb::Client,
}

impl Ground {
    /// Takes everything of `base` but who we are.
    pub(super) fn of(base: &SdkConfig, telemetry: &Arc<dyn Telemetry>) -> Self {
        let pauses = |service| Pauses::of(service, telemetry);
        let nobody = nobody(base);
        Self {
            ecs: aws_sdk_ecs::Client::from_conf(
                aws_sdk_ecs::config::Builder::from(&nobody)
                    .interceptor(pauses(Host::AwsEcs))
                    .build(),
            ),
            ssm: aws_sdk_ssm::Client::from_conf(
                aws_sdk_ssm::config::Builder::from(&nobody)
                    .interceptor(pauses(Host::AwsSsm))
                    .build(),
            ),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(
                aws_sdk_dynamodb::config::Builder::from(&nobody)
                    .interceptor(pauses(Host::AwsDynamoDb))
                    .build(),
            ),
        }
    }
}

fn nobody(base: &SdkConfig) -> SdkConfig {
    let mut builder = base.to_builder();
    builder.set_credentials_provider(None);
    builder.set_token_provider(None);
    // A region is part of each call too: a default one could lead to the wrong place unnoticed.
    builder.set_region(None);
    builder.set_identity_cache(Some(IdentityCache::no_cache()));
    builder.build()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
    use tokio::net::TcpListener;

    use super::*;
    use crate::adapters::silence::Silence;

    #[tokio::test]
    async fn a_call_without_a_sessions_credentials_never_leaves() {
        let there = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = there.local_addr().unwrap();
        let met = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&met);
        tokio::spawn(async move {
            while there.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        let base = SdkConfig::builder()
            .behavior_version(super::super::limit::behavior())
            .region(aws_config::Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "AKIAOWN", "own", None, None, "own",
            )))
            .endpoint_url(format!("http://{address}"))
            .build();
        let silence: Arc<dyn Telemetry> = Arc::new(Silence);
        let ground = Ground::of(&base, &silence);
        assert!(ground.ecs.describe_clusters().send().await.is_err());
        assert!(
            ground
                .ssm
                .get_parameters()
                .names("/a")
                .send()
                .await
                .is_err()
        );
        let region = aws_config::Region::new("eu-west-1");
        let region = aws_sdk_dynamodb::config::Builder::new().region(region);
        let put = ground.dynamodb.put_item().table_name("audit");
        assert!(
            put.customize()
                .config_override(region)
                .send()
                .await
                .is_err()
        );
        assert_eq!(met.load(Ordering::SeqCst), 0, "somebody called");
    }
}
