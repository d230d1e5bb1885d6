//! How long a request may take and how often it is repeated: little, so that a pass stays short.
//! Waiting longer belongs to the loop, which knows when to come back.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};

const ATTEMPTS: u32 = 2;
const CONNECT: Duration = Duration::from_secs(3);
const ATTEMPT: Duration = Duration::from_secs(8);
const OPERATION: Duration = Duration::from_secs(17);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// The SDK's defaults, pinned: an upgrade of the crate changes no behaviour by itself.
pub(super) fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// `base` with our limits, whatever the environment says.
pub(super) fn applied(base: &SdkConfig) -> SdkConfig {
    let mut builder = base
        .to_builder()
        .behavior_version(behavior())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(Duration::from_millis(200))
                .with_max_backoff(LONGEST_BACKOFF),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(OPERATION)
                .build(),
        );
    // The name is a constant that the SDK takes; without it requests are only harder to tell apart.
    builder.set_app_name(AppName::new("harmonix").ok());
    builder.build()
}
