//! Projects and what is in them: made, moved and changed by whomever.

use std::sync::Arc;

use harmonix::domain::failure::{Failure, FailureKind};
use harmonix::domain::file::FileAction;
use harmonix::domain::forge::Project;

use super::gitlab::failure;
use super::{Repository, State};

impl State {
    /// A project that somebody makes.
    pub fn put_project(&mut self, path: &str, description: &str) -> Project {
        let id = i64::try_from(self.next_number()).unwrap();
        let project = Project {
            id,
            path: path.to_owned(),
            web_url: format!("https://gitlab.example.com/{path}"),
            clone_url: format!("https://gitlab.example.com/{path}.git"),
            description: description.to_owned(),
            ..Project::default()
        };
        self.projects.push(Repository {
            project: project.clone(),
            name: path.rsplit('/').next().unwrap_or_default().to_owned(),
            settings: None,
            commits: Vec::new(),
            files: Arc::default(),
            pipelines: Vec::new(),
        });
        project
    }

    /// Somebody moves a project: its number stays.
    pub fn move_project(&mut self, from: &str, to: &str) {
        let project = &mut self.repository(from).unwrap().project;
        to.clone_into(&mut project.path);
        project.web_url = format!("https://gitlab.example.com/{to}");
        project.clone_url = format!("https://gitlab.example.com/{to}.git");
    }

    /// A commit, by us or by a developer; refused where an action does not fit what is there.
    pub fn commit(
        &mut self,
        path: &str,
        message: &str,
        actions: &[FileAction],
    ) -> Result<String, Failure> {
        let sha = self.next_sha();
        let repository = self
            .repository(path)
            .ok_or_else(|| failure(FailureKind::Missing, "404 Project Not Found"))?;
        let mut files = (*repository.files).clone();
        for action in actions {
            let fits = match action {
                FileAction::Create(file) => files
                    .insert(file.path.clone(), (file.content.clone(), sha.clone()))
                    .is_none(),
                FileAction::Update { file, last_commit } => files
                    .insert(file.path.clone(), (file.content.clone(), sha.clone()))
                    .is_some_and(|(_, last)| &last == last_commit),
                FileAction::Delete { path, last_commit } => files
                    .remove(path)
                    .is_some_and(|(_, last)| &last == last_commit),
            };
            if !fits {
                return Err(failure(
                    FailureKind::Conflict,
                    "a file was changed in the meantime",
                ));
            }
        }
        repository.files = Arc::new(files);
        repository.project.default_branch = Some("main".into());
        repository.commits.push((sha.clone(), message.to_owned()));
        self.pushed(path, &sha, message.contains("[skip ci]"));
        Ok(sha)
    }
}
