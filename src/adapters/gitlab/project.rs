//! Projects: made by one request, found by path or number, settled by one more.

use async_trait::async_trait;
use gitlab::api::common::{NameOrId, VisibilityLevel};
use gitlab::api::endpoint_prelude::*;
use gitlab::api::projects;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::failure::Failure;
use crate::domain::forge::{NewProject, Project, ProjectSettings};
use crate::ports::Projects;

use super::attempt::Attempt;
use super::{GitlabHost, built, failure, found};

/// A project as GitLab tells it.
#[derive(Deserialize)]
struct Answer {
    id: i64,
    path_with_namespace: String,
    web_url: String,
    #[serde(default)]
    http_url_to_repo: String,
    description: Option<String>,
    default_branch: Option<String>,
    #[serde(default)]
    archived: bool,
    /// Its name since GitLab 18; the one before it, below, stays for older instances.
    marked_for_deletion_on: Option<String>,
    marked_for_deletion_at: Option<String>,
    /// Shown to those who may change them.
    ci_pipeline_variables_minimum_override_role: Option<String>,
    ci_push_repository_for_job_token_allowed: Option<bool>,
    auto_cancel_pending_pipelines: Option<String>,
}

impl Answer {
    fn settings(&self) -> Option<ProjectSettings> {
        let cancels = self.auto_cancel_pending_pipelines.as_deref()?;
        Some(ProjectSettings {
            pipeline_variables_role: self.ci_pipeline_variables_minimum_override_role.clone()?,
            job_token_may_push: self.ci_push_repository_for_job_token_allowed?,
            cancel_redundant_pipelines: cancels == "enabled",
            description: self.description.clone().unwrap_or_default(),
        })
    }
}

impl From<Answer> for Project {
    fn from(answer: Answer) -> Self {
        Self {
            settings: answer.settings(),
            id: answer.id,
            path: answer.path_with_namespace,
            web_url: answer.web_url,
            clone_url: answer.http_url_to_repo,
            description: answer.description.unwrap_or_default(),
            default_branch: answer.default_branch.filter(|branch| !branch.is_empty()),
            archived: answer.archived,
            being_deleted: answer.marked_for_deletion_on.is_some()
                || answer.marked_for_deletion_at.is_some(),
        }
    }
}

/// `PUT /projects/:path` with settings that the crate's builder does not know.
struct Settle<'a> {
    project: NameOrId<'a>,
    settings: Value,
}

impl Endpoint for Settle<'_> {
    fn method(&self) -> Method {
        Method::PUT
    }

    fn endpoint(&self) -> Cow<'static, str> {
        format!("projects/{}", self.project).into()
    }

    fn body(&self) -> Result<Option<(&'static str, Vec<u8>)>, BodyError> {
        JsonParams::into_body(&self.settings)
    }
}

impl GitlabHost {
    async fn look_up(
        &self,
        attempt: &Attempt,
        project: NameOrId<'_>,
    ) -> Result<Option<Project>, Failure> {
        let endpoint = projects::Project::builder().project(project).build();
        let answer: Result<Answer, Failure> = self.ask(attempt, built(attempt, endpoint)?).await;
        Ok(found(answer)?.map(Project::from))
    }
}

fn visibility(attempt: &Attempt, wanted: &str) -> Result<VisibilityLevel, Failure> {
    match wanted {
        "private" => Ok(VisibilityLevel::Private),
        "internal" => Ok(VisibilityLevel::Internal),
        "public" => Ok(VisibilityLevel::Public),
        other => Err(failure::unsaid(
            attempt,
            &format!("GitLab has no visibility \"{other}\""),
        )),
    }
}

#[async_trait]
impl Projects for GitlabHost {
    async fn group_exists(&self, path: &str) -> Result<bool, Failure> {
        Ok(self.find_group(path).await?.is_some())
    }

    async fn group_description(&self, path: &str) -> Result<Option<String>, Failure> {
        self.describe_group(path).await
    }

    async fn create_group(&self, path: &str, description: &str) -> Result<(), Failure> {
        self.make_group(path, description).await
    }

    async fn create_project(&self, project: &NewProject) -> Result<Project, Failure> {
        let attempt = Attempt::new(format!(
            "creating the project {}/{}",
            project.group, project.path
        ));
        let visibility = visibility(&attempt, &project.visibility)?;
        let namespace = self.group_id(&project.group).await?;
        let endpoint = projects::CreateProject::builder()
            .name(&project.name)
            .path(&project.path)
            .namespace_id(namespace)
            .description(&project.description)
            .visibility(visibility)
            .default_branch(&project.default_branch)
            .ci_config_path(&project.ci_config_path)
            // A README of GitLab's would be a commit before ours, and a pipeline.
            .initialize_with_readme(false)
            // Nothing may run that our pipeline file does not name.
            .auto_devops_enabled(false)
            // Job logs name accounts and roles: they are for members, whatever the visibility.
            .public_builds(false)
            .build();
        let made: Result<Answer, Failure> = self.ask(&attempt, built(&attempt, endpoint)?).await;
        made.map(Project::from)
            .inspect_err(|failure| self.doubt_group(&project.group, failure))
    }

    async fn project_at(&self, path: &str) -> Result<Option<Project>, Failure> {
        let attempt = Attempt::new(format!("looking up the project {path}"));
        self.look_up(&attempt, path.into()).await
    }

    async fn project(&self, id: i64) -> Result<Option<Project>, Failure> {
        let attempt = Attempt::new(format!("looking up the project number {id}"));
        match u64::try_from(id) {
            Ok(id) => self.look_up(&attempt, id.into()).await,
            Err(_) => Ok(None),
        }
    }

    async fn apply_settings(
        &self,
        project: &str,
        settings: &ProjectSettings,
    ) -> Result<(), Failure> {
        let attempt = Attempt::new(format!("applying the settings of the project {project}"));
        let cancel = if settings.cancel_redundant_pipelines {
            "enabled"
        } else {
            "disabled"
        };
        let endpoint = Settle {
            project: project.into(),
            settings: json!({
                "description": settings.description,
                "ci_pipeline_variables_minimum_override_role": settings.pipeline_variables_role,
                "ci_push_repository_for_job_token_allowed": settings.job_token_may_push,
                "auto_cancel_pending_pipelines": cancel,
            }),
        };
        let _: Answer = self.ask(&attempt, endpoint).await?;
        Ok(())
    }
}
