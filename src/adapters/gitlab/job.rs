//! Jobs: how they stand, what they wrote and what they left.

use std::time::Duration;

use gitlab::api::projects::jobs::{JobTrace, artifacts::DownloadJobArtifactFile};
use gitlab::api::projects::pipelines::PipelineJobs;
use serde::Deserialize;

use crate::domain::failure::Failure;
use crate::domain::forge::Job;

use super::attempt::{Attempt, Nature};
use super::wire::Keep;
use super::{GitlabHost, built, found, trace};

/// More jobs than a pipeline of ours ever has: it bounds the paging.
const LISTED: usize = 500;

/// How much of a trace's end is read.
const TRACE_TAIL: usize = 64 * 1024;

/// What one file of artifacts may weigh.
const ARTIFACT_LIMIT: usize = 64 * 1024;

/// A job as GitLab tells it.
#[derive(Deserialize)]
struct Answer {
    id: i64,
    name: String,
    status: String,
    failure_reason: Option<String>,
    #[serde(default)]
    web_url: String,
    #[serde(default)]
    allow_failure: bool,
    tag_list: Option<Vec<String>>,
    /// Seconds.
    queued_duration: Option<f64>,
}

impl From<Answer> for Job {
    fn from(answer: Answer) -> Self {
        Self {
            id: answer.id,
            name: answer.name,
            status: answer.status,
            failure_reason: answer.failure_reason.unwrap_or_default(),
            web_url: answer.web_url,
            allow_failure: answer.allow_failure,
            tags: answer.tag_list.unwrap_or_default(),
            queued: answer
                .queued_duration
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        }
    }
}

impl GitlabHost {
    pub(super) async fn jobs_of(
        &self,
        attempt: &Attempt,
        project: &str,
        pipeline: u64,
    ) -> Result<Vec<Job>, Failure> {
        let endpoint = PipelineJobs::builder()
            .project(project)
            .pipeline(pipeline)
            .build();
        let endpoint = built(attempt, endpoint)?;
        let answers: Vec<Answer> = self.list(attempt, endpoint, LISTED).await?;
        Ok(answers.into_iter().map(Job::from).collect())
    }

    pub(super) async fn tail_of(
        &self,
        attempt: &Attempt,
        project: &str,
        job: u64,
        lines: usize,
    ) -> Result<String, Failure> {
        let endpoint = JobTrace::builder().project(project).job(job).build();
        let endpoint = built(attempt, endpoint)?;
        let bytes = self.read(attempt, endpoint, Keep::Tail(TRACE_TAIL)).await?;
        Ok(trace::last_lines(&bytes, lines))
    }

    pub(super) async fn artifact_of(
        &self,
        attempt: Attempt,
        project: &str,
        job: u64,
        path: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let attempt = attempt.of(Nature::Artifact);
        let endpoint = DownloadJobArtifactFile::builder()
            .project(project)
            .job(job)
            .path(path)
            .build();
        let endpoint = built(&attempt, endpoint)?;
        found(
            self.read(&attempt, endpoint, Keep::Whole(ARTIFACT_LIMIT))
                .await,
        )
    }
}
