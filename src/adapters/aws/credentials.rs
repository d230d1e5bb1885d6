//! The credentials of one operations session, and the only way to hand them to a call.

use std::time::Duration;

use aws_config::Region;
use aws_sdk_sts::config::Credentials;
use tokio::time::Instant;

/// What AssumeRole answered, bound to the region it was asked for.
pub(super) struct SessionCredentials {
    credentials: Credentials,
    ends: Instant,
    region: Region,
}

impl SessionCredentials {
    /// Reads an answer. They end as long after they were asked for as they were asked for, by a clock that nobody
    /// sets: the time of day that AWS answers would be compared with ours, which may be wrong.
    pub(super) fn read(
        answer: &aws_sdk_sts::types::Credentials,
        region: &str,
        ends: Instant,
    ) -> Self {
        // The SDK is not told of the expiry: when to refresh is decided in one place, the slot.
        Self {
            credentials: Credentials::new(
                answer.access_key_id(),
                answer.secret_access_key(),
                Some(answer.session_token().to_owned()),
                None,
                "HarmonixSession",
            ),
            ends,
            region: Region::new(region.to_owned()),
        }
    }

    /// How long AWS still takes them.
    pub(super) fn remaining(&self, now: Instant) -> Duration {
        self.ends.saturating_duration_since(now)
    }

    /// When AWS stops taking them.
    pub(super) const fn ends(&self) -> Instant {
        self.ends
    }

    /// What makes a call to ECS this session's.
    pub(super) fn for_ecs(&self) -> aws_sdk_ecs::config::Builder {
        aws_sdk_ecs::config::Builder::new()
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
    }

    /// What makes a call to SSM this session's.
    pub(super) fn for_ssm(&self) -> aws_sdk_ssm::config::Builder {
        aws_sdk_ssm::config::Builder::new()
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
    }

    /// What makes a call to DynamoDB this session's.
    pub(super) fn for_dynamodb(&self) -> aws_sdk_dynamodb::config::Builder {
        aws_sdk_dynamodb::config::Builder::new()
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
    }
}
