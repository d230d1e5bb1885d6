//! What the instance remembers, as written to its state file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod group;
mod pipeline;
mod project;
mod runner;
mod state;
mod user;

pub use group::Group;
pub use pipeline::{ArtifactFile, Deployment, Environment, Job, Pipeline, Status, Variable};
pub use project::{Project, ProtectedBranch, Visibility};
pub use runner::Runner;
pub use state::{Lock, StateVersion, TerraformState};
pub use user::{Role, User};

/// Everything, in one value, so that a restart finds what a stop left.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Data {
    /// The last number given out; one sequence for all kinds, so no two things are ever confused.
    pub last_id: u64,
    /// Users by name.
    pub users: BTreeMap<String, User>,
    /// Groups by id.
    pub groups: BTreeMap<u64, Group>,
    /// Projects by id.
    pub projects: BTreeMap<u64, Project>,
    /// Where a project that was moved used to be.
    pub redirects: BTreeMap<String, u64>,
    /// Pipelines by id.
    pub pipelines: BTreeMap<u64, Pipeline>,
    /// Jobs by id.
    pub jobs: BTreeMap<u64, Job>,
    /// Environments by id.
    pub environments: BTreeMap<u64, Environment>,
    /// Deployments by id.
    pub deployments: BTreeMap<u64, Deployment>,
    /// Terraform states by id.
    pub states: BTreeMap<u64, TerraformState>,
    /// Which jobs the runner takes.
    pub runner: Runner,
    /// Projects that no runner serves; 0 stands for all projects.
    pub without_runner: std::collections::BTreeSet<u64>,
}

impl Data {
    /// Gives out the next number.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Finds a group by number or full path.
    pub fn group(&self, id_or_path: &str) -> Option<&Group> {
        match id_or_path.parse::<u64>() {
            Ok(id) => self.groups.get(&id),
            Err(_) => self
                .groups
                .values()
                .find(|g| g.full_path.eq_ignore_ascii_case(id_or_path)),
        }
    }

    /// Answers who may use pipeline variables in new projects of a group, where that was said.
    pub fn pipeline_variables_role(&self, group: u64) -> Option<&String> {
        let group = self.groups.get(&group)?;
        let above = || self.pipeline_variables_role(group.parent_id?);
        group.pipeline_variables_role.as_ref().or_else(above)
    }

    /// Finds a project by number or full path.
    pub fn project(&self, id_or_path: &str) -> Option<&Project> {
        match id_or_path.parse::<u64>() {
            Ok(id) => self.projects.get(&id),
            Err(_) => self
                .projects
                .values()
                .find(|p| p.full_path.eq_ignore_ascii_case(id_or_path)),
        }
    }

    /// Answers the jobs of a pipeline, oldest first, without those that were retried.
    pub fn latest_jobs(&self, pipeline: u64) -> impl Iterator<Item = &Job> {
        self.jobs
            .values()
            .filter(move |job| job.pipeline_id == pipeline && !job.retried)
    }
}
