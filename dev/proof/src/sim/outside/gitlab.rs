//! GitLab's ports.

use async_trait::async_trait;
use harmonix::domain::failure::Failure;
use harmonix::domain::file::{LastCommit, TreeEntry};
use harmonix::domain::forge::{
    Commit, Job, NewProject, Pipeline, PipelineStart, Project, ProjectSettings, TokenFacts,
};
use harmonix::domain::intent::IntentId;
use harmonix::ports::{Access, Files, Pipelines, Projects};
use jiff::Timestamp;

use super::{Outside, now};
use crate::sim::schedule::Door;

/// Whether a proxy repeats a request: not where GitLab does something for each.
const REPEATS: bool = true;
const ONCE: bool = false;

#[async_trait]
impl Projects for Outside {
    async fn group_exists(&self, path: &str) -> Result<bool, Failure> {
        let path = path.to_owned();
        let what = format!("group {path}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().group_exists(&path))
        })
        .await
    }

    async fn group_description(&self, path: &str) -> Result<Option<String>, Failure> {
        let path = path.to_owned();
        let what = format!("description of the group {path}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().group_description(&path))
        })
        .await
    }

    async fn create_group(&self, path: &str, description: &str) -> Result<(), Failure> {
        let (path, description) = (path.to_owned(), description.to_owned());
        let what = format!("make group {path}");
        self.ask(Door::GitlabWrite, &what, REPEATS, move |u| {
            now(u.world().create_group(&path, &description))
        })
        .await
    }

    async fn create_project(&self, project: &NewProject) -> Result<Project, Failure> {
        let project = project.clone();
        let what = format!("make project {}/{}", project.group, project.path);
        self.ask(Door::GitlabWrite, &what, REPEATS, move |u| {
            now(u.world().create_project(&project))
        })
        .await
    }

    async fn project_at(&self, path: &str) -> Result<Option<Project>, Failure> {
        let path = path.to_owned();
        let what = format!("project {path}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().project_at(&path))
        })
        .await
    }

    async fn project(&self, id: i64) -> Result<Option<Project>, Failure> {
        let what = format!("project {id}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().project(id))
        })
        .await
    }

    async fn apply_settings(
        &self,
        project: &str,
        settings: &ProjectSettings,
    ) -> Result<(), Failure> {
        let (project, settings) = (project.to_owned(), settings.clone());
        let what = format!("settings of {project}");
        self.ask(Door::GitlabWrite, &what, REPEATS, move |u| {
            now(u.world().apply_settings(&project, &settings))
        })
        .await
    }
}

#[async_trait]
impl Files for Outside {
    async fn commit(&self, commit: &Commit) -> Result<String, Failure> {
        let commit = commit.clone();
        let what = format!("commit to {}", commit.project);
        self.ask(Door::GitlabWrite, &what, REPEATS, move |u| {
            now(Files::commit(u.world(), &commit))
        })
        .await
    }

    async fn find_commit(
        &self,
        project: &str,
        branch: &str,
        intent: &IntentId,
        since: Timestamp,
    ) -> Result<Option<String>, Failure> {
        let (project, branch, intent) = (project.to_owned(), branch.to_owned(), intent.clone());
        let what = format!("commit of an intent in {project}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().find_commit(&project, &branch, &intent, since))
        })
        .await
    }

    async fn tree(
        &self,
        project: &str,
        branch: &str,
        folders: &[String],
    ) -> Result<Vec<TreeEntry>, Failure> {
        let (project, branch, folders) = (project.to_owned(), branch.to_owned(), folders.to_vec());
        let what = format!("files of {project}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().tree(&project, &branch, &folders))
        })
        .await
    }

    async fn last_commit_of(
        &self,
        project: &str,
        branch: &str,
        path: &str,
    ) -> Result<Option<LastCommit>, Failure> {
        let (project, branch, path) = (project.to_owned(), branch.to_owned(), path.to_owned());
        let what = format!("last commit of {path} in {project}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().last_commit_of(&project, &branch, &path))
        })
        .await
    }
}

#[async_trait]
impl Pipelines for Outside {
    async fn recent(&self, project: &str, branch: &str) -> Result<Vec<Pipeline>, Failure> {
        let (project, branch) = (project.to_owned(), branch.to_owned());
        let what = format!("pipelines of {project}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().recent(&project, &branch))
        })
        .await
    }

    async fn of_commit(&self, project: &str, sha: &str) -> Result<Vec<Pipeline>, Failure> {
        let (project, sha) = (project.to_owned(), sha.to_owned());
        let what = format!("pipelines of a commit in {project}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().of_commit(&project, &sha))
        })
        .await
    }

    async fn named(&self, project: &str, name: &str) -> Result<Option<Pipeline>, Failure> {
        let (project, name) = (project.to_owned(), name.to_owned());
        let what = format!("pipeline {name}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().named(&project, &name))
        })
        .await
    }

    async fn pipeline(&self, project: &str, id: i64) -> Result<Option<Pipeline>, Failure> {
        let project = project.to_owned();
        let what = format!("pipeline {id}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().pipeline(&project, id))
        })
        .await
    }

    async fn start(&self, start: &PipelineStart) -> Result<Pipeline, Failure> {
        let start = start.clone();
        let variables: Vec<&str> = start
            .variables
            .iter()
            .take(2)
            .map(|(_, value)| value.as_str())
            .collect();
        let what = format!("start in {}: {}", start.project, variables.join(" "));
        self.ask(Door::GitlabWrite, &what, ONCE, move |u| {
            now(u.world().start(&start))
        })
        .await
    }

    async fn jobs(&self, project: &str, pipeline: i64) -> Result<Vec<Job>, Failure> {
        let project = project.to_owned();
        let what = format!("jobs of {pipeline}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().jobs(&project, pipeline))
        })
        .await
    }

    async fn trace_tail(&self, project: &str, job: i64, lines: usize) -> Result<String, Failure> {
        let project = project.to_owned();
        let what = format!("trace of {job}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().trace_tail(&project, job, lines))
        })
        .await
    }

    async fn artifact(
        &self,
        project: &str,
        job: i64,
        path: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let (project, path) = (project.to_owned(), path.to_owned());
        let what = format!("{path} of {job}?");
        self.ask(Door::GitlabRead, &what, REPEATS, move |u| {
            now(u.world().artifact(&project, job, &path))
        })
        .await
    }
}

#[async_trait]
impl Access for Outside {
    async fn token(&self) -> Result<TokenFacts, Failure> {
        self.ask(Door::GitlabRead, "token?", REPEATS, |u| {
            now(u.world().token())
        })
        .await
    }
}
