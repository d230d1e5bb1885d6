//! What is outside: GitLab's groups, projects and pipelines, AWS's services and audit tables.

use std::collections::{BTreeMap, BTreeSet};

use harmonix::domain::blob::blob_id;
use harmonix::domain::file::FileAction;
use harmonix::domain::forge::{Pipeline, Project as Described, ProjectSettings};
use jiff::Timestamp;
use serde_json::Value;

/// Everything outside.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Outside {
    /// Groups, with what they are described as.
    pub(super) groups: BTreeMap<String, String>,
    pub(super) projects: Vec<Project>,
    /// Records by table, in the order they were written.
    pub(super) tables: BTreeMap<String, Vec<Row>>,
    /// Services by cluster and name.
    pub(super) services: BTreeMap<(String, String), Running>,
    /// Releases that ran healthy, by environment.
    pub(super) healthy: BTreeSet<(String, String)>,
}

/// One project.
#[derive(Clone, Debug, Hash)]
pub(super) struct Project {
    pub(super) id: i64,
    pub(super) path: String,
    pub(super) description: String,
    /// Commits in order: identity, and the intent that its trailer names.
    pub(super) commits: Vec<(String, Option<String>)>,
    /// Blobs by path, with the commit that last touched them.
    pub(super) files: BTreeMap<String, (String, String)>,
    /// By environment, what its committed parameters say: their digest and the replicas.
    pub(super) parameters: BTreeMap<String, (String, i32)>,
    pub(super) has_settings: bool,
    pub(super) runs: Vec<Run>,
}

/// One pipeline.
#[derive(Clone, Debug, Hash)]
pub(super) struct Run {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) state: RunState,
    pub(super) pushed: bool,
    pub(super) sha: String,
    pub(super) tick: u16,
    /// What it deploys; none for a build.
    pub(super) deploys: Option<Deploys>,
}

/// How a pipeline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RunState {
    Running,
    Green,
    Red,
    Skipped,
}

/// What a pipeline deploys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Deploys {
    pub(super) environment: String,
    pub(super) release: String,
    pub(super) image: String,
    pub(super) configuration: String,
    pub(super) replicas: i32,
}

/// One service.
#[derive(Clone, Debug, Hash)]
pub(super) struct Running {
    pub(super) release: String,
    pub(super) image: String,
    pub(super) configuration: String,
    pub(super) replicas: i32,
}

/// One audit record.
#[derive(Clone, Debug, Hash)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) created_at: String,
    pub(super) object: String,
    pub(super) uid: String,
    pub(super) action: String,
    pub(super) status: String,
    pub(super) previous: String,
    pub(super) hash: String,
}

/// The moment of a tick.
pub(super) fn moment(tick: u16) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + 30 * i64::from(tick)).unwrap_or_default()
}

impl Outside {
    /// The project at a path.
    pub(super) fn project(&self, path: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.path == path)
    }

    /// The project at a path, to be changed.
    pub(super) fn project_mut(&mut self, path: &str) -> Option<&mut Project> {
        self.projects
            .iter_mut()
            .find(|project| project.path == path)
    }

    /// A project that somebody makes.
    pub(super) fn put(&mut self, path: &str, description: &str) -> Described {
        let id = i64::try_from(self.projects.len()).unwrap_or_default() + 1;
        let project = Project {
            id,
            path: path.to_owned(),
            description: description.to_owned(),
            commits: Vec::new(),
            files: BTreeMap::new(),
            parameters: BTreeMap::new(),
            has_settings: false,
            runs: Vec::new(),
        };
        let described = project.described();
        self.projects.push(project);
        described
    }
}

impl Project {
    /// It, as GitLab tells it.
    pub(super) fn described(&self) -> Described {
        Described {
            id: self.id,
            path: self.path.clone(),
            web_url: format!("https://gitlab.example.com/{}", self.path),
            clone_url: format!("https://gitlab.example.com/{}.git", self.path),
            description: self.description.clone(),
            default_branch: (!self.commits.is_empty()).then(|| "main".to_owned()),
            settings: Some(ProjectSettings {
                pipeline_variables_role: if self.has_settings {
                    "maintainer"
                } else {
                    "developer"
                }
                .to_owned(),
                job_token_may_push: false,
                cancel_redundant_pipelines: !self.has_settings,
                description: self.description.clone(),
            }),
            ..Described::default()
        }
    }

    /// A commit, or none where an action does not fit what is there.
    pub(super) fn commit(
        &mut self,
        message: &str,
        actions: &[FileAction],
        tick: u16,
    ) -> Option<String> {
        let sha = blob_id(format!("{} {}", self.id, self.commits.len()).as_bytes());
        let mut files = self.files.clone();
        let mut parameters = self.parameters.clone();
        for action in actions {
            let fits = match action {
                FileAction::Create(file) => {
                    learn(&mut parameters, &file.path, &file.content);
                    let blob = blob_id(file.content.as_bytes());
                    let before = files.insert(file.path.clone(), (blob, sha.clone()));
                    before.is_none()
                }
                FileAction::Update { file, last_commit } => {
                    learn(&mut parameters, &file.path, &file.content);
                    let blob = blob_id(file.content.as_bytes());
                    let before = files.insert(file.path.clone(), (blob, sha.clone()));
                    before.is_some_and(|(_, last)| &last == last_commit)
                }
                FileAction::Delete { path, last_commit } => files
                    .remove(path)
                    .is_some_and(|(_, last)| &last == last_commit),
            };
            if !fits {
                return None;
            }
        }
        let intent = message
            .lines()
            .find_map(|line| line.strip_prefix("Harmonix-Intent: "))
            .map(str::to_owned);
        self.files = files;
        self.parameters = parameters;
        self.commits.push((sha.clone(), intent));
        let state = if message.contains("[skip ci]") {
            RunState::Skipped
        } else {
            RunState::Running
        };
        let short: String = sha.chars().take(8).collect();
        self.run(format!("build - {short}"), state, &sha, tick, None);
        if let Some(run) = self.runs.last_mut() {
            run.pushed = true;
        }
        Some(sha)
    }

    /// A pipeline that begins.
    pub(super) fn run(
        &mut self,
        name: String,
        state: RunState,
        sha: &str,
        tick: u16,
        deploys: Option<Deploys>,
    ) -> Pipeline {
        let count = i64::try_from(self.runs.len()).unwrap_or_default();
        let run = Run {
            id: self.id * 1000 + count + 1,
            name,
            state,
            pushed: false,
            sha: sha.to_owned(),
            tick,
            deploys,
        };
        let told = run.told(&self.path);
        self.runs.push(run);
        told
    }
}

/// What a file of parameters says.
fn learn(parameters: &mut BTreeMap<String, (String, i32)>, path: &str, content: &str) {
    let name = path
        .strip_prefix(".harmonix/environments/")
        .and_then(|rest| rest.strip_suffix(".tfvars.json"));
    let Some(name) = name else { return };
    let values: Value = serde_json::from_str(content).unwrap_or_default();
    let replicas = values.get("replicas").and_then(Value::as_i64);
    let replicas = replicas.and_then(|n| i32::try_from(n).ok());
    let digest = harmonix::domain::identity::digest([content.as_bytes()]);
    let digest: String = digest.chars().take(16).collect();
    parameters.insert(name.to_owned(), (digest, replicas.unwrap_or_default()));
}

impl Run {
    /// It, as GitLab tells it.
    pub(super) fn told(&self, path: &str) -> Pipeline {
        Pipeline {
            id: self.id,
            name: self.name.clone(),
            status: self.word().to_owned(),
            source: if self.pushed { "push" } else { "api" }.to_owned(),
            sha: self.sha.clone(),
            web_url: format!("https://gitlab.example.com/{path}/-/pipelines/{}", self.id),
            created_at: Some(moment(self.tick)),
            yaml_errors: None,
        }
    }

    /// GitLab's word for its state.
    pub(super) const fn word(&self) -> &'static str {
        match self.state {
            RunState::Running => "running",
            RunState::Green => "success",
            RunState::Red => "failed",
            RunState::Skipped => "skipped",
        }
    }
}
