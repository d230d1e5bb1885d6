//! What GitLab's words for a pipeline's state mean to us.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::condition::Reason;
use crate::domain::condition::shorten;
use crate::domain::forge::Pipeline;
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

/// Whether a pipeline has not ended although it is older than a runner may be waited for, so that
/// its jobs are worth a look.
pub fn takes_long(pipeline: &Pipeline, settings: &Settings, now: Timestamp) -> bool {
    let limit = settings.pipeline_starts_within;
    pipeline_state(&pipeline.status) == PipelineState::Running
        && pipeline.status != "manual"
        && pipeline
            .created_at
            .and_then(|at| Duration::try_from(now.duration_since(at)).ok())
            .is_some_and(|age| age > limit)
}

fn running_verdict(
    seen: &PipelineSeen,
    what: &str,
    running: Reason,
    settings: &Settings,
    now: Timestamp,
) -> Verdict {
    let pipeline = &seen.pipeline;
    if pipeline.status == "manual" {
        return Verdict::Stalled(
            Reason::PipelinePending,
            format!(
                "the pipeline of {what} waits for a manual job ({}); run it in GitLab",
                pipeline.web_url
            ),
        );
    }
    if takes_long(pipeline, settings, now)
        && let Some(why) = waits_for(seen, what, settings)
    {
        return Verdict::Progressing(Reason::PipelinePending, why);
    }
    Verdict::Progressing(running, format!("{what} runs ({})", pipeline.web_url))
}

/// What a pipeline that takes long waits for, where that is not its own work. No word of it changes
/// while it waits.
fn waits_for(seen: &PipelineSeen, what: &str, settings: &Settings) -> Option<String> {
    let limit = settings.pipeline_starts_within;
    let of = |status: &'static str| seen.jobs.iter().filter(move |job| job.status == status);
    // A job of a late stage came to the queue only now. GitLab always says when; if it did not, the
    // pipeline's own age would be all there is.
    let stuck = of("pending")
        .filter(|job| job.queued.is_none_or(|queued| queued > limit))
        .min_by_key(|job| job.id);
    if let Some(job) = stuck {
        return Some(format!(
            "the job {} in the pipeline of {what} has waited more than {} s for a runner ({}); start one {} for this project",
            job.name,
            limit.as_secs(),
            job.web_url,
            taking(&job.tags)
        ));
    }
    // One that waits for another job of its own pipeline waits for work that is done.
    let held = of("waiting_for_resource").min_by_key(|job| job.id);
    let held_name = held.map(|job| format!("the job {} in ", job.name));
    let works = of("running").next().is_some() || of("pending").next().is_some();
    if (held.is_some() && !works) || pipeline_waits(seen, &["waiting_for_resource"]) {
        return Some(format!(
            "{}the pipeline of {what} waits for its resource group, which another deployment of the same environment or provider holds ({}); it goes on by itself when that ends",
            held_name.unwrap_or_default(),
            seen.pipeline.web_url
        ));
    }
    pipeline_waits(seen, &["created", "pending", "preparing"]).then(|| {
        format!(
            "the pipeline of {what} has waited more than {} s for a runner ({}); start one {} for this project",
            limit.as_secs(),
            seen.pipeline.web_url,
            taking(&settings.runner_tags)
        )
    })
}

/// Whether a pipeline waits as a whole, with no word of its jobs that says more.
fn pipeline_waits(seen: &PipelineSeen, words: &[&str]) -> bool {
    let telling = ["pending", "running", "waiting_for_resource"];
    words.contains(&seen.pipeline.status.as_str())
        && !seen
            .jobs
            .iter()
            .any(|job| telling.contains(&job.status.as_str()))
}

/// What a runner must be like to take jobs with these tags.
fn taking(tags: &[String]) -> String {
    match tags {
        [] => "that takes jobs without tags".to_owned(),
        [tag] => format!("with the tag {tag}"),
        several => format!("with the tags {}", several.join(", ")),
    }
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
