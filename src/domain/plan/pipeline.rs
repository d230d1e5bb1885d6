//! What GitLab's words for a pipeline's state mean to us.

use jiff::Timestamp;

use crate::api::condition::Reason;
use crate::domain::condition::shorten;
use crate::domain::observed::PipelineSeen;
use crate::domain::settings::Settings;
use crate::domain::verdict::Verdict;

/// A pipeline's state, decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipelineState {
    /// Not ended.
    Running,
    /// Ended green.
    Succeeded,
    /// Ended any other way.
    Failed,
}

/// The state that GitLab's word stands for. A word we do not know is taken for "not ended".
pub fn pipeline_state(status: &str) -> PipelineState {
    match status {
        "success" => PipelineState::Succeeded,
        "failed" | "canceled" | "skipped" => PipelineState::Failed,
        _ => PipelineState::Running,
    }
}

/// What to say about a pipeline that did not succeed; none when it did.
pub(super) fn verdict(
    seen: &PipelineSeen,
    what: &str,
    running: Reason,
    settings: &Settings,
    now: Timestamp,
) -> Option<Verdict> {
    let pipeline = &seen.pipeline;
    let remedy =
        "push a fix, retry it in GitLab, or set the annotation harmonix.io/retry to a new value";
    match pipeline_state(&pipeline.status) {
        PipelineState::Succeeded => None,
        PipelineState::Running => Some(running_verdict(seen, what, running, settings, now)),
        PipelineState::Failed => {
            let (reason, message) = match pipeline.status.as_str() {
                "canceled" => (
                    Reason::PipelineCanceled,
                    format!(
                        "{what} was canceled in GitLab ({}); {remedy}",
                        pipeline.web_url
                    ),
                ),
                "skipped" => (
                    Reason::PipelineSkipped,
                    format!(
                        "GitLab skipped the pipeline of {what} ({}); {remedy}",
                        pipeline.web_url
                    ),
                ),
                _ => match &pipeline.yaml_errors {
                    Some(errors) => (
                        Reason::PipelineInvalid,
                        format!(
                            "GitLab could not read the pipeline file for {what}: {}; correct .gitlab-ci.yml and push",
                            shorten(errors, 400)
                        ),
                    ),
                    None => (Reason::PipelineFailed, failed_message(seen, what, remedy)),
                },
            };
            Some(Verdict::Stalled(reason, message))
        }
    }
}

fn running_verdict(
    seen: &PipelineSeen,
    what: &str,
    running: Reason,
    settings: &Settings,
    now: Timestamp,
) -> Verdict {
    let pipeline = &seen.pipeline;
    let waiting = matches!(
        pipeline.status.as_str(),
        "created" | "pending" | "waiting_for_resource" | "preparing"
    );
    let age = pipeline
        .created_at
        .map_or(0, |at| now.as_millisecond() - at.as_millisecond());
    let limit = i64::try_from(settings.pipeline_starts_within.as_millis()).unwrap_or(i64::MAX);
    if pipeline.status == "manual" {
        return Verdict::Stalled(
            Reason::PipelinePending,
            format!(
                "the pipeline of {what} waits for a manual job ({}); run it in GitLab",
                pipeline.web_url
            ),
        );
    }
    if waiting && age > limit {
        return Verdict::Progressing(
            Reason::PipelinePending,
            format!(
                "the pipeline of {what} has waited more than {} s for a runner ({}); start a runner with the tags {} for this project",
                limit / 1000,
                pipeline.web_url,
                settings.runner_tags.join(", ")
            ),
        );
    }
    Verdict::Progressing(running, format!("{what} runs ({})", pipeline.web_url))
}

fn failed_message(seen: &PipelineSeen, what: &str, remedy: &str) -> String {
    let failed = seen
        .jobs
        .iter()
        .find(|job| job.status == "failed" && !job.allow_failure);
    let Some(job) = failed else {
        return format!("{what} failed ({}); {remedy}", seen.pipeline.web_url);
    };
    let why = match job.failure_reason.as_str() {
        "" | "script_failure" => String::new(),
        other => format!(" ({other})"),
    };
    let trace = if seen.trace.is_empty() {
        String::new()
    } else {
        format!(" Its last lines: {}", shorten(&seen.trace, 1200))
    };
    format!(
        "{what} failed in the job {}{why} ({}); {remedy}.{trace}",
        job.name, job.web_url
    )
}

/// What to say when there is no pipeline at all.
pub(super) fn missing(
    what: &str,
    since: Option<Timestamp>,
    settings: &Settings,
    now: Timestamp,
) -> Verdict {
    let age = since.map_or(0, |at| now.as_millisecond() - at.as_millisecond());
    let limit = i64::try_from(settings.pipeline_appears_within.as_millis()).unwrap_or(i64::MAX);
    if age > limit {
        Verdict::Stalled(
            Reason::PipelineMissing,
            format!(
                "GitLab made no pipeline for {what}; check that CI/CD is enabled for the project, then set the annotation harmonix.io/retry to a new value"
            ),
        )
    } else {
        Verdict::Progressing(
            Reason::PipelineRunning,
            format!("waiting for GitLab to make the pipeline of {what}"),
        )
    }
}
