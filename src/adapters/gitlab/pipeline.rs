//! Pipelines: found by branch, commit or name, and started.

use std::cmp::Reverse;

use async_trait::async_trait;
use gitlab::api::projects::pipelines::{
    self, CreatePipeline, PipelineOrderBy, PipelineVariable, Pipelines as List, PipelinesBuilder,
};
use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::failure::Failure;
use crate::domain::forge::{Job, Pipeline, PipelineStart};
use crate::ports::Pipelines;

use super::attempt::Attempt;
use super::{GitlabHost, built, failure, found};

/// A pipeline as GitLab tells it, in lists with less.
#[derive(Deserialize)]
struct Answer {
    id: i64,
    name: Option<String>,
    status: String,
    source: Option<String>,
    sha: String,
    web_url: String,
    created_at: Option<Timestamp>,
    yaml_errors: Option<String>,
}

impl From<Answer> for Pipeline {
    fn from(answer: Answer) -> Self {
        Self {
            id: answer.id,
            name: answer.name.unwrap_or_default(),
            status: answer.status,
            source: answer.source.unwrap_or_default(),
            sha: answer.sha,
            web_url: answer.web_url,
            created_at: answer.created_at,
            yaml_errors: answer.yaml_errors.filter(|errors| !errors.is_empty()),
        }
    }
}

impl GitlabHost {
    async fn pipelines<'a>(
        &self,
        attempt: &Attempt,
        limit: usize,
        filter: impl FnOnce(&mut PipelinesBuilder<'a>),
    ) -> Result<Vec<Pipeline>, Failure> {
        let mut builder = List::builder();
        builder.order_by(PipelineOrderBy::Id);
        filter(&mut builder);
        let endpoint = built(attempt, builder.build())?;
        let mut answers: Vec<Answer> = self.list(attempt, endpoint, limit).await?;
        answers.sort_by_key(|answer| Reverse(answer.id));
        Ok(answers.into_iter().map(Pipeline::from).collect())
    }
}

/// Numbers of ours are never negative; GitLab's client wants to hear so.
fn number(attempt: &Attempt, id: i64) -> Result<u64, Failure> {
    u64::try_from(id)
        .map_err(|_| failure::unsaid(attempt, &format!("{id} is no number of GitLab's")))
}

#[async_trait]
impl Pipelines for GitlabHost {
    async fn recent(&self, project: &str, branch: &str) -> Result<Vec<Pipeline>, Failure> {
        let attempt = Attempt::new(format!("listing the pipelines of {project}"));
        self.pipelines(&attempt, 100, |list| {
            list.project(project.to_owned()).ref_(branch.to_owned());
        })
        .await
    }

    async fn of_commit(&self, project: &str, sha: &str) -> Result<Vec<Pipeline>, Failure> {
        let attempt = Attempt::new(format!("listing the pipelines of {project} at {sha}"));
        self.pipelines(&attempt, 100, |list| {
            list.project(project.to_owned()).sha(sha.to_owned());
        })
        .await
    }

    async fn named(&self, project: &str, name: &str) -> Result<Option<Pipeline>, Failure> {
        let attempt = Attempt::new(format!("looking for the pipeline \"{name}\" of {project}"));
        let listed = self
            .pipelines(&attempt, 20, |list| {
                list.project(project.to_owned()).name(name.to_owned());
            })
            .await?;
        // GitLab compares names as it sees fit; a pipeline of almost this name is not ours.
        Ok(listed.into_iter().find(|pipeline| pipeline.name == name))
    }

    async fn pipeline(&self, project: &str, id: i64) -> Result<Option<Pipeline>, Failure> {
        let attempt = Attempt::new(format!("looking up the pipeline {id} of {project}"));
        let endpoint = pipelines::Pipeline::builder()
            .project(project)
            .pipeline(number(&attempt, id)?)
            .build();
        let answer: Result<Answer, Failure> = self.ask(&attempt, built(&attempt, endpoint)?).await;
        Ok(found(answer)?.map(Pipeline::from))
    }

    async fn start(&self, start: &PipelineStart) -> Result<Pipeline, Failure> {
        let attempt = Attempt::new(format!(
            "starting a pipeline on the branch {} of {}",
            start.branch, start.project
        ));
        let mut builder = CreatePipeline::builder();
        builder
            .project(&start.project)
            .ref_(&start.branch)
            .variables(std::iter::empty::<PipelineVariable<'_>>());
        for (key, value) in &start.variables {
            let variable = PipelineVariable::builder().key(key).value(value).build();
            builder.variable(built(&attempt, variable)?);
        }
        let answer: Answer = self
            .ask(&attempt, built(&attempt, builder.build())?)
            .await?;
        Ok(answer.into())
    }

    async fn jobs(&self, project: &str, pipeline: i64) -> Result<Vec<Job>, Failure> {
        let attempt = Attempt::new(format!(
            "listing the jobs of the pipeline {pipeline} of {project}"
        ));
        let pipeline = number(&attempt, pipeline)?;
        self.jobs_of(&attempt, project, pipeline).await
    }

    async fn trace_tail(&self, project: &str, job: i64, lines: usize) -> Result<String, Failure> {
        let attempt = Attempt::new(format!("reading the log of the job {job} of {project}"));
        let job = number(&attempt, job)?;
        self.tail_of(&attempt, project, job, lines).await
    }

    async fn artifact(
        &self,
        project: &str,
        job: i64,
        path: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let attempt = Attempt::new(format!("reading {path} of the job {job} of {project}"));
        let job = number(&attempt, job)?;
        self.artifact_of(attempt, project, job, path).await
    }
}
