//! Advisories: what a person should know in time, before it becomes a failure.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::api::condition::{ConditionType, Reason};
use crate::domain::condition::{Claim, Truth};

use super::Context;

/// How often the token is looked at.
const INTERVAL: Duration = Duration::from_hours(6);
/// How early its end is told, in days.
const WARN_DAYS: i32 = 30;

/// Keeps the advisories fresh until aborted.
pub(super) async fn keep(context: Arc<Context>) {
    loop {
        let after = match context.ports.access.token().await {
            Ok(facts) => {
                let end = facts.expires_on.as_deref().map(beginning_of);
                // A day that cannot be read is none that anybody could be warned of.
                context.ports.telemetry.token_ends(end.flatten());
                let today = context.ports.clock.now().to_zoned(TimeZone::UTC).date();
                let claim = facts
                    .expires_on
                    .as_deref()
                    .and_then(|day| expiry(day, today));
                context.advise(claim.into_iter().collect());
                INTERVAL
            }
            Err(failure) => {
                tracing::debug!(
                    message = failure.message,
                    "the token's facts could not be read"
                );
                Duration::from_mins(1)
            }
        };
        tokio::time::sleep(after).await;
    }
}

/// When a day begins: a token ends with the beginning of the day it names.
fn beginning_of(day: &str) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    day.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// The warning that a token ending on `day` is worth.
fn expiry(day: &str, today: Date) -> Option<Claim> {
    let end: Date = day.parse().ok()?;
    let left = today.until(end).ok()?.get_days();
    (left <= WARN_DAYS).then(|| {
        Claim::new(
            ConditionType::TokenExpiring,
            Truth::True,
            Reason::ExpiresSoon,
            format!("the controller's GitLab token ends on {day}; put a new one into its file, no restart is needed"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_warned_about_in_its_last_thirty_days_and_afterwards() {
        let today: Date = "2026-03-01".parse().unwrap();
        assert!(expiry("2026-04-15", today).is_none());
        assert!(expiry("2026-03-20", today).is_some());
        assert!(expiry("2026-02-20", today).is_some());
        assert!(expiry("no date", today).is_none());
    }
}
