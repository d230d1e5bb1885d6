//! The end of a pass: the status where it changed, the transition, the time of the next look.

use std::time::Duration;

use serde::Serialize;

use crate::domain::report::Report;
use crate::domain::version::Version;
use crate::ports::StoreError;

use super::Context;
use super::failpoint::{ANY, Point, reach};

/// Writes the status where it changed, tells the transition, and says when to look again.
///
/// # Errors
/// When the status could not be written.
pub(super) async fn tell<S: Serialize + PartialEq + Send>(
    context: &Context,
    version: &Version,
    previous: &S,
    report: Report<S>,
) -> Result<Option<Duration>, StoreError> {
    if &report.status != previous {
        let status = serde_json::to_value(&report.status).map_err(|error| {
            StoreError::Unavailable(format!("the status cannot be written: {error}"))
        })?;
        let written = context.apply_status(version, status).await?;
        reach(version.identity.kind, ANY, Point::Told);
        context.remember(&version.uid, |r| {
            r.written = written.resource_version.parse().ok();
            r.refused.clear();
        });
    }
    let kind = version.identity.kind;
    context
        .ports
        .telemetry
        .told(kind, &version.uid, &report.verdict);
    if let Some(notice) = &report.notice {
        let (reason, message) = report.verdict.reason();
        tracing::info!(
            object = %version.identity, verdict = report.verdict.name(), reason = reason.as_str(), message, "transition"
        );
        context.notify(version, notice).await;
    }
    Ok(report
        .requeue
        .map(|after| jittered(after, context.ports.clock.jitter())))
}

/// Up to a tenth more, so that objects do not march in step.
pub(super) fn jittered(after: Duration, jitter: f64) -> Duration {
    after + after.mul_f64(jitter.clamp(0.0, 1.0) * 0.1)
}
