//! The controller's own identity. It has one verb: assume an operations role.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::types::Tag;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::domain::failure::{Failure, FailureKind, Party};
use crate::domain::measure::Host;
use crate::domain::runtime::OperationsAccess;
use crate::ports::Telemetry;

use super::credentials::SessionCredentials;
use super::diagnosis::Denial;
use super::failure::{self, Asked, Class};
use super::pause::Pauses;

/// How long a session is to last: the least that AWS allows.
const DURATION: Duration = Duration::from_mins(15);

/// Who the controller is. Its credentials stay inside this STS client.
pub(super) struct OwnIdentity {
    sts: aws_sdk_sts::Client,
    /// Known only once somebody had to be told.
    arn: OnceCell<String>,
}

impl OwnIdentity {
    /// The identity that `base` holds.
    pub(super) fn of(base: &SdkConfig, telemetry: &Arc<dyn Telemetry>) -> Self {
        Self {
            sts: aws_sdk_sts::Client::from_conf(
                aws_sdk_sts::config::Builder::from(base)
                    .interceptor(Pauses::of(Host::AwsSts, telemetry))
                    .build(),
            ),
            arn: OnceCell::new(),
        }
    }

    /// Assumes an operations role, once. Whatever fails, it is the role that is not to be had.
    pub(super) async fn assume(
        &self,
        access: &OperationsAccess,
    ) -> Result<SessionCredentials, Failure> {
        self.ask(access).await.map_err(|failure| Failure {
            party: Party::Sts,
            ..failure
        })
    }

    async fn ask(&self, access: &OperationsAccess) -> Result<SessionCredentials, Failure> {
        let asked = Asked {
            action: "sts:AssumeRole",
            thing: format!("role {}", access.role),
            account: access.role.account(),
            region: &access.region,
            role: None,
        };
        // From before it is asked for: a slow answer must not make them seem younger than they are.
        let ends = Instant::now() + DURATION;
        let answer = match self.request(access)?.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(self.refused(access, &asked, &error).await),
        };
        answer
            .credentials()
            .map(|found| SessionCredentials::read(found, &access.region, ends))
            .ok_or_else(|| asked.failure(FailureKind::Retryable, "answered without credentials"))
    }

    fn request(&self, access: &OperationsAccess) -> Result<AssumeRoleFluentBuilder, Failure> {
        let mut request = self
            .sts
            .assume_role()
            .role_arn(access.role.as_str())
            .role_session_name(&access.session_name)
            .external_id(&access.external_id)
            .source_identity(&access.source_identity)
            .duration_seconds(i32::try_from(DURATION.as_secs()).unwrap_or(i32::MAX));
        for (key, value) in &access.tags {
            let tag = Tag::builder().key(key).value(value).build();
            request = request.tags(tag.map_err(|error| Failure {
                party: Party::Sts,
                kind: FailureKind::Invalid,
                message: format!(
                    "the session tag {key} for role {} cannot be made: {error}",
                    access.role
                ),
            })?);
        }
        Ok(request)
    }

    async fn refused(
        &self,
        access: &OperationsAccess,
        asked: &Asked<'_>,
        error: &SdkError<AssumeRoleError>,
    ) -> Failure {
        match failure::class(error) {
            Class::Refused => Failure {
                party: Party::Sts,
                kind: FailureKind::Denied,
                message: Denial {
                    access,
                    caller: self.arn().await,
                    said: &failure::said(error),
                }
                .to_string(),
            },
            Class::Unsent => asked.failure(
                FailureKind::Retryable,
                &format!(
                    "could not be sent, since the controller has no AWS identity of its own: {}; \
                     give its service account a role by IRSA or EKS Pod Identity",
                    failure::said(error)
                ),
            ),
            Class::Worn
            | Class::BadCredentials
            | Class::Skewed
            | Class::Throttled(_)
            | Class::Missing
            | Class::Conflict
            | Class::Invalid
            | Class::Unavailable
            | Class::Silent => failure::classify(asked, error),
        }
    }

    /// Our own ARN as AWS sees it, for diagnosis. None while AWS does not say.
    async fn arn(&self) -> Option<&str> {
        let ask = async || {
            let answer = self
                .sts
                .get_caller_identity()
                .send()
                .await
                .map_err(|_| ())?;
            answer.arn.ok_or(())
        };
        // Not knowing is told in the diagnosis, and asked again at the next one.
        self.arn.get_or_try_init(ask).await.ok().map(String::as_str)
    }
}
