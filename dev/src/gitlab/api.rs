//! The endpoints of the REST API, one module a resource.

pub mod branch;
pub mod commit;
mod document;
pub mod environment;
pub mod file;
pub mod group;
pub mod job;
pub mod lint;
pub mod oidc;
pub mod pipeline;
pub mod project;
pub mod runner;
pub mod state;
pub mod tree;
pub mod user;

use http::Method;

use super::answer::Answer;
use super::endpoint::Call;
use super::model::{Project, Role};
use super::repository::Repository;

impl Call {
    /// Answers the project that the path names, for an actor with a role in it.
    fn project(&self, least: Role) -> Result<Project, Answer> {
        let id = self.part("id");
        let (found, moved) = self.instance.store.read(|data| {
            let moved = data.redirects.get(id).and_then(|id| data.projects.get(id));
            (data.project(id).cloned(), moved.cloned())
        });
        if let Some(project) = found {
            self.actor.demand(&project, least)?;
            return Ok(project);
        }
        let project = moved.ok_or_else(|| Answer::not_found("Project"))?;
        self.actor.demand(&project, least)?;
        Err(self.moved(&project))
    }

    /// Answers where a project went: a read is sent there, anything else is refused.
    fn moved(&self, project: &Project) -> Answer {
        if self.method != Method::GET && self.method != Method::HEAD {
            let status = http::StatusCode::METHOD_NOT_ALLOWED;
            return Answer::message(status, "Non GET methods are not allowed for moved projects");
        }
        let mut parts: Vec<&str> = self.address.split('/').collect();
        let (at, id) = (
            parts.iter().position(|part| *part == "projects"),
            project.id.to_string(),
        );
        if let Some(part) = at.and_then(|at| parts.get_mut(at + 1)) {
            *part = &id;
        }
        let there = parts.join("/");
        let text = format!("This resource has been moved permanently to {there}");
        Answer::json(
            http::StatusCode::MOVED_PERMANENTLY,
            &serde_json::json!({ "message": text }),
        )
        .with_header(http::header::LOCATION, there)
    }

    /// Answers the project's repository.
    fn repository(&self, project: &Project) -> Repository {
        self.instance.repository(project.id)
    }

    /// Answers a required text of the query or body.
    fn required(&self, name: &str) -> Result<String, Answer> {
        match self.params.text(name) {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Err(Answer::bad_parameter(format!("{name} is empty"))),
            None => Err(Answer::bad_parameter(format!("{name} is missing"))),
        }
    }
}
