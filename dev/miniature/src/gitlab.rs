//! GitLab: groups, projects, commits and pipelines, with the answers that matter.

use async_trait::async_trait;
use harmonix::domain::blob::blob_id;
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::file::{LastCommit, TreeEntry};
use harmonix::domain::forge::{
    Commit, Job, NewProject, Pipeline, PipelineStart, Project, ProjectSettings, TokenFacts,
};
use harmonix::domain::intent::IntentId;
use harmonix::ports::{Access, Files, Pipelines, Projects};
use jiff::Timestamp;

use super::fault::Side;
use super::{State, World};

pub(crate) fn failure(kind: FailureKind, message: &str) -> Failure {
    Failure {
        party: Party::GitLab,
        kind,
        message: message.to_owned(),
    }
}

fn lost() -> Failure {
    failure(FailureKind::Retryable, "GitLab did not answer")
}

impl World {
    /// One read, which fails where a test wants it to.
    fn read(&self, what: &str) -> Result<(), Failure> {
        let mut state = self.state();
        state.second += state.read_takes;
        state.reads.push(what.to_owned());
        state.outside.push(what.to_owned());
        if state
            .unreadable
            .iter()
            .any(|begin| what.starts_with(begin.as_str()))
        {
            return Err(lost());
        }
        Ok(())
    }

    fn look<T>(
        &self,
        what: &str,
        find: impl FnOnce(&mut State) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        self.read(what)?;
        let mut state = self.state();
        let found = find(&mut state);
        if state.lands_after.take_if(|read| read == what).is_some()
            && let Some(late) = state.tried.take()
            && state
                .commit(&late.project, &late.message, &late.actions)
                .is_ok()
        {
            state.effects.push(format!("commit {}", late.project));
        }
        Ok(found)
    }
}

#[async_trait]
impl Projects for World {
    async fn group_exists(&self, path: &str) -> Result<bool, Failure> {
        self.read("group")?;
        Ok(self.state().groups.contains(path))
    }

    async fn group_description(&self, path: &str) -> Result<Option<String>, Failure> {
        self.look("group", |state| {
            let description = state.descriptions.get(path).cloned();
            state
                .groups
                .contains(path)
                .then(|| description.unwrap_or_default())
        })
    }

    async fn create_group(&self, path: &str, description: &str) -> Result<(), Failure> {
        self.write(Side::Outside, &format!("group {path}"), lost(), |state| {
            let parent = path.rsplit_once('/').map(|(parent, _)| parent);
            if parent.is_none_or(|parent| !state.groups.contains(parent)) {
                return Err(failure(FailureKind::Missing, "404 Group Not Found"));
            }
            if state.groups.insert(path.to_owned()) {
                let text = description.to_owned();
                state.descriptions.insert(path.to_owned(), text);
                Ok(())
            } else {
                Err(failure(
                    FailureKind::Conflict,
                    "Path has already been taken",
                ))
            }
        })
        .await
    }

    async fn create_project(&self, project: &NewProject) -> Result<Project, Failure> {
        let path = format!("{}/{}", project.group, project.path);
        self.write(Side::Outside, &format!("project {path}"), lost(), |state| {
            if !state.groups.contains(&project.group) {
                return Err(failure(FailureKind::Missing, "the group does not exist"));
            }
            if state.repository(&path).is_some() {
                return Err(failure(
                    FailureKind::Conflict,
                    "Path has already been taken",
                ));
            }
            let taken = state.projects.iter().any(|other| {
                let group = other.project.path.rsplit_once('/').map(|(group, _)| group);
                group == Some(project.group.as_str()) && other.name == project.name
            });
            if taken {
                return Err(failure(
                    FailureKind::Conflict,
                    "Name has already been taken",
                ));
            }
            let made = state.put_project(&path, &project.description);
            let repository = state.repository(&path).unwrap();
            repository.name.clone_from(&project.name);
            Ok(made)
        })
        .await
    }

    async fn project_at(&self, path: &str) -> Result<Option<Project>, Failure> {
        self.look("project", |state| {
            state.repository(path).map(|r| r.project.clone())
        })
    }

    async fn project(&self, id: i64) -> Result<Option<Project>, Failure> {
        self.look("project", |state| {
            state
                .projects
                .iter()
                .find(|r| r.project.id == id)
                .map(|r| r.project.clone())
        })
    }

    async fn apply_settings(
        &self,
        project: &str,
        settings: &ProjectSettings,
    ) -> Result<(), Failure> {
        self.write(
            Side::Outside,
            &format!("settings {project}"),
            lost(),
            |state| {
                let repository = state
                    .repository(project)
                    .ok_or_else(|| failure(FailureKind::Missing, "404 Project Not Found"))?;
                repository
                    .project
                    .description
                    .clone_from(&settings.description);
                repository.project.settings = Some(settings.clone());
                repository.settings = Some(settings.clone());
                Ok(())
            },
        )
        .await
    }
}

#[async_trait]
impl Files for World {
    async fn commit(&self, commit: &Commit) -> Result<String, Failure> {
        self.state().tried = Some(commit.clone());
        self.write(
            Side::Outside,
            &format!("commit {}", commit.project),
            lost(),
            |state| state.commit(&commit.project, &commit.message, &commit.actions),
        )
        .await
    }

    async fn find_commit(
        &self,
        project: &str,
        _branch: &str,
        intent: &IntentId,
        _since: Timestamp,
    ) -> Result<Option<String>, Failure> {
        let trailer = format!("\nHarmonix-Intent: {intent}\n");
        self.look("commits", |state| {
            let commits = &state.repository(project)?.commits;
            commits
                .iter()
                .find(|(_, message)| message.contains(&trailer))
                .map(|(sha, _)| sha.clone())
        })
    }

    async fn tree(
        &self,
        project: &str,
        _branch: &str,
        folders: &[String],
    ) -> Result<Vec<TreeEntry>, Failure> {
        let listed = |path: &str| {
            !path.contains('/')
                || folders
                    .iter()
                    .any(|folder| path.starts_with(&format!("{folder}/")))
        };
        let files = self.look("tree", |state| {
            let repository = state.repository(project)?;
            (!repository.commits.is_empty()).then(|| {
                repository
                    .files
                    .iter()
                    .filter(|(path, _)| listed(path))
                    .map(|(path, (content, _))| TreeEntry {
                        path: path.clone(),
                        blob: blob_id(content.as_bytes()),
                    })
                    .collect()
            })
        })?;
        files.ok_or_else(|| failure(FailureKind::Missing, "404 Tree Not Found"))
    }

    async fn last_commit_of(
        &self,
        project: &str,
        _branch: &str,
        path: &str,
    ) -> Result<Option<LastCommit>, Failure> {
        self.look("tree", |state| {
            let (content, last) = state.repository(project)?.files.get(path)?;
            Some(LastCommit {
                commit: last.clone(),
                blob: blob_id(content.as_bytes()),
            })
        })
    }
}

#[async_trait]
impl Pipelines for World {
    async fn recent(&self, project: &str, _branch: &str) -> Result<Vec<Pipeline>, Failure> {
        let found = self.look("pipelines", |state| {
            let runs = &state.repository(project)?.pipelines;
            Some(
                runs.iter()
                    .rev()
                    .take(100)
                    .map(|run| run.pipeline.clone())
                    .collect(),
            )
        })?;
        found.ok_or_else(|| failure(FailureKind::Missing, "404 Project Not Found"))
    }

    async fn of_commit(&self, project: &str, sha: &str) -> Result<Vec<Pipeline>, Failure> {
        let all = self.recent(project, "main").await?;
        Ok(all
            .into_iter()
            .filter(|pipeline| pipeline.sha == sha)
            .collect())
    }

    async fn named(&self, project: &str, name: &str) -> Result<Option<Pipeline>, Failure> {
        let all = self.recent(project, "main").await?;
        Ok(all.into_iter().find(|pipeline| pipeline.name == name))
    }

    async fn pipeline(&self, project: &str, id: i64) -> Result<Option<Pipeline>, Failure> {
        let all = self.recent(project, "main").await?;
        Ok(all.into_iter().find(|pipeline| pipeline.id == id))
    }

    async fn start(&self, start: &PipelineStart) -> Result<Pipeline, Failure> {
        let variables = start.variables.iter().cloned().collect();
        let what = format!("pipeline {}", label(&start.variables));
        self.write(Side::Outside, &what, lost(), |state| {
            state.start(&start.project, &variables)
        })
        .await
    }

    async fn jobs(&self, project: &str, pipeline: i64) -> Result<Vec<Job>, Failure> {
        let found = self.look("jobs", |state| state.jobs(project, pipeline))?;
        Ok(found.unwrap_or_default())
    }

    async fn trace_tail(
        &self,
        _project: &str,
        _job: i64,
        _lines: usize,
    ) -> Result<String, Failure> {
        Ok("Error: something broke".into())
    }

    async fn artifact(
        &self,
        project: &str,
        job: i64,
        path: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.look("artifacts", |state| {
            if path != "release.json" {
                return None;
            }
            state.release_file(project, job)
        })
    }
}

/// What a started pipeline does, in words that are the same in every run.
fn label(variables: &[(String, String)]) -> String {
    let value = |name: &str| {
        variables
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    };
    format!(
        "{} {}",
        value("HARMONIX_ACTION"),
        value("HARMONIX_ENVIRONMENT")
    )
}

#[async_trait]
impl Access for World {
    async fn token(&self) -> Result<TokenFacts, Failure> {
        Ok(TokenFacts::default())
    }
}
