//! What an answer of AWS means. Every `SdkError` becomes a `Failure` here and nowhere else.

mod code;
mod text;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use super::pause::Paused;
use crate::domain::failure::{Failure, FailureKind, Party};

/// How long to stay away when AWS asks for it without saying how long.
const THROTTLE: Duration = Duration::from_secs(5);
/// The longest that a header may keep us away.
const LONGEST_THROTTLE: Duration = Duration::from_mins(5);

/// What was asked, so that a failure names it.
pub(super) struct Asked<'a> {
    /// The IAM action.
    pub(super) action: &'static str,
    /// The thing it was about, with its kind.
    pub(super) thing: String,
    /// The account it was asked in.
    pub(super) account: &'a str,
    /// The region it was asked in.
    pub(super) region: &'a str,
    /// The role it was asked with. None for the controller's own identity.
    pub(super) role: Option<&'a str>,
}

impl Asked<'_> {
    /// A failure of this request.
    pub(super) fn failure(&self, kind: FailureKind, verdict: &str) -> Failure {
        Failure {
            party: Party::Aws,
            kind,
            message: format!("{self} {verdict}"),
        }
    }
}

impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            action,
            thing,
            account,
            region,
            role: _,
        } = self;
        write!(
            f,
            "{action} on {thing} (account {account}, region {region})"
        )
    }
}

/// What an error is, finer than what it means for the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Rights are missing.
    Refused,
    /// The session's credentials are at their end: another session may be asked for.
    Worn,
    /// The credentials are not valid, and no newer ones would be.
    BadCredentials,
    /// Our clock and that of AWS are too far apart.
    Skewed,
    /// Too many requests.
    Throttled(Duration),
    /// The thing does not exist.
    Missing,
    /// The thing is not as the request expects it.
    Conflict,
    /// The request is wrong.
    Invalid,
    /// AWS said that it failed.
    Unavailable,
    /// No answer, or none that can be read.
    Silent,
    /// Nothing was sent, since there are no credentials to sign it with.
    Unsent,
}

/// Says what an error is.
pub(super) fn class<E>(error: &SdkError<E>) -> Class
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::ConstructionFailure(_) => Class::Invalid,
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(cause) if text::causes(cause).any(is_about_credentials) => Class::Unsent,
            Some(cause) => paused(cause).map_or(Class::Silent, Class::Throttled),
            None => Class::Silent,
        },
        SdkError::ServiceError(_) => answered(error),
        // Timeouts, answers that cannot be read, and whatever else the SDK learns to fail by.
        _ => Class::Silent,
    }
}

fn is_about_credentials(cause: &(dyn Error + 'static)) -> bool {
    cause.is::<CredentialsError>()
}

fn paused(cause: &(dyn Error + 'static)) -> Option<Duration> {
    text::causes(cause).find_map(|cause| cause.downcast_ref::<Paused>().map(|Paused(after)| *after))
}

fn answered<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Class {
    let status = error.raw_response().map_or(0, |raw| raw.status().as_u16());
    let message = error.message().unwrap_or_default();
    match code::class(error.code().unwrap_or_default(), status, message) {
        Class::Throttled(_) => Class::Throttled(
            error
                .raw_response()
                .and_then(asked_wait)
                .unwrap_or(THROTTLE),
        ),
        class => class,
    }
}

/// How long an answer asks to be left alone, where it says so.
pub(super) fn asked_wait(answer: &HttpResponse) -> Option<Duration> {
    let header = |name| answer.headers().get(name)?.parse::<u64>().ok();
    header("x-amz-retry-after")
        .map(Duration::from_millis)
        .or_else(|| header("retry-after").map(Duration::from_secs))
        .map(|asked| asked.clamp(Duration::from_secs(1), LONGEST_THROTTLE))
}

/// What AWS said, or what kept it from saying anything: short, on one line, without secrets.
pub(super) fn said<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => text::short(&format!("{code}: {message}")),
        (Some(code), None) => text::short(code),
        (None, Some(message)) => text::short(message),
        (None, None) => {
            let status = error.raw_response().map(|raw| raw.status().as_u16());
            // The SDK's own layers around the cause tell a person nothing.
            let cause = match error {
                SdkError::DispatchFailure(failure) => failure.as_connector_error(),
                _ => None,
            };
            let chain = text::chain(cause.and_then(Error::source).unwrap_or(error));
            text::short(&match status {
                Some(status) => format!("HTTP {status}, {chain}"),
                None => chain,
            })
        }
    }
}

/// The failure that an error is.
pub(super) fn classify<E>(asked: &Asked<'_>, error: &SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    tracing::debug!(action = asked.action, thing = %asked.thing, error = %DisplayErrorContext(error), "AWS did not do it");
    let said = said(error);
    let (kind, verdict) = match class(error) {
        Class::Refused => (
            FailureKind::Denied,
            match asked.role {
                Some(role) => format!("was denied: {said}; let the policies of {role} allow it"),
                None => format!("was denied: {said}; let the controller's own policy allow it"),
            },
        ),
        // The session was dropped and one repeat made before this is told.
        Class::Worn => (
            FailureKind::Retryable,
            format!("met credentials at their end: {said}; new ones are asked for"),
        ),
        Class::BadCredentials => (
            FailureKind::Denied,
            format!(
                "was made with credentials that AWS does not know: {said}; check the role, and that it still exists"
            ),
        ),
        Class::Skewed => (
            FailureKind::Denied,
            format!(
                "was signed at a time that AWS does not accept: {said}; synchronize the clock of the controller's node"
            ),
        ),
        Class::Throttled(after) => (
            FailureKind::Throttled(after),
            format!("was throttled: {said}"),
        ),
        Class::Missing => (FailureKind::Missing, format!("found nothing: {said}")),
        Class::Conflict => (
            FailureKind::Conflict,
            format!("met something else than expected: {said}"),
        ),
        Class::Invalid => (FailureKind::Invalid, format!("was not accepted: {said}")),
        Class::Unavailable => (FailureKind::Retryable, format!("failed at AWS: {said}")),
        Class::Silent | Class::Unsent => (FailureKind::Retryable, format!("got no answer: {said}")),
    };
    asked.failure(kind, &verdict)
}
