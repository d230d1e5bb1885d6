//! The credentials of one operations session, and the only way to hand them to a call.

use aws_config::Region;
use aws_sdk_sts::config::Credentials;
use jiff::{SignedDuration, Timestamp};

/// What AssumeRole answered, bound to the region it was asked for.
pub(super) struct SessionCredentials {
    credentials: Credentials,
    expires_at: Timestamp,
    region: Region,
}

impl SessionCredentials {
    /// Reads an answer. None when AWS left out what a session needs.
    pub(super) fn read(answer: &aws_sdk_sts::types::Credentials, region: &str) -> Option<Self> {
        // The SDK is not told of the expiry: when to refresh is decided in one place, the slot.
        Some(Self {
            credentials: Credentials::new(
                answer.access_key_id(),
                answer.secret_access_key(),
                Some(answer.session_token().to_owned()),
                None,
                "HarmonixSession",
            ),
            expires_at: Timestamp::from_second(answer.expiration().secs()).ok()?,
            region: Region::new(region.to_owned()),
        })
    }

    /// How long AWS still takes them, by our clock.
    pub(super) fn remaining(&self, now: Timestamp) -> SignedDuration {
        self.expires_at.duration_since(now)
    }

    /// When AWS stops taking them.
    pub(super) const fn expires_at(&self) -> Timestamp {
        self.expires_at
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
