//! GitLab as the demo shows it: pipelines and their jobs, and what changed since the last look.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::object::Change;
use super::text::seconds;

/// What the demo reads of the stand-in's state.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Forge {
    projects: BTreeMap<u64, Project>,
    pipelines: BTreeMap<u64, Pipeline>,
    jobs: BTreeMap<u64, Job>,
}

#[derive(Debug, Clone, Deserialize)]
struct Project {
    full_path: String,
}

/// A pipeline.
#[derive(Debug, Clone, Deserialize)]
pub struct Pipeline {
    /// Number.
    pub id: u64,
    /// Number of its project.
    pub project_id: u64,
    /// What it is for, as `workflow:name` gave it.
    pub name: Option<String>,
    /// `push` or `api`.
    pub source: String,
    /// When its last job ended.
    pub finished_at: Option<Timestamp>,
}

/// A job.
#[derive(Debug, Clone, Deserialize)]
pub struct Job {
    /// Number.
    pub id: u64,
    /// Number of its project.
    pub project_id: u64,
    /// Number of its pipeline.
    pub pipeline_id: u64,
    /// State, in GitLab's words.
    pub status: String,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    spec: Spec,
}

#[derive(Debug, Clone, Deserialize)]
struct Spec {
    name: String,
}

impl Pipeline {
    /// Answers what it is for: its name without the identity of its intent.
    pub fn purpose(&self) -> String {
        let name = self.name.as_deref().unwrap_or(&self.source);
        let words: Vec<&str> = name.split_whitespace().collect();
        let known = words
            .iter()
            .filter(|word| !is_identity(word) && **word != "-");
        known.copied().collect::<Vec<_>>().join(" ")
    }
}

fn is_identity(word: &str) -> bool {
    word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Job {
    /// Answers its name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Answers how long it took, or takes by now.
    pub fn millis(&self, now: Timestamp) -> Option<i64> {
        let end = self.finished_at.unwrap_or(now);
        Some(end.as_millisecond() - self.started_at?.as_millisecond())
    }

    fn is_over(&self) -> bool {
        self.finished_at.is_some()
    }
}

impl Forge {
    /// Answers the full path of a project.
    pub fn path(&self, project: u64) -> &str {
        self.projects
            .get(&project)
            .map_or("", |project| project.full_path.as_str())
    }

    /// Answers all pipelines, oldest first.
    pub fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        self.pipelines.values()
    }

    /// Answers the pipelines of the project at this path, oldest first.
    pub fn pipelines_of(&self, path: &str) -> impl Iterator<Item = &Pipeline> {
        self.pipelines()
            .filter(move |pipeline| self.path(pipeline.project_id) == path)
    }

    /// Answers the jobs of a pipeline, oldest first.
    pub fn jobs_of(&self, pipeline: u64) -> impl Iterator<Item = &Job> {
        self.jobs
            .values()
            .filter(move |job| job.pipeline_id == pipeline)
    }

    /// Answers the jobs that run.
    pub fn running(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(|job| job.status == "running")
    }

    /// Answers the jobs that failed, newest last.
    pub fn failed(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(|job| job.status == "failed")
    }

    /// Says what a job is and where.
    pub fn describe(&self, job: &Job) -> String {
        format!(
            "job {} of pipeline {} of {}",
            job.name(),
            job.pipeline_id,
            self.path(job.project_id)
        )
    }

    /// Answers what happened to jobs since it was `before`: the project, and a line for each start and end.
    pub fn changes(&self, before: &Self) -> Vec<(String, Change)> {
        let mut changes = Vec::new();
        for job in self.jobs.values() {
            let was = before.jobs.get(&job.id);
            let mut tell = |now: String| {
                let phase = format!("{}#{}", job.name(), job.pipeline_id);
                changes.push((self.path(job.project_id).to_owned(), Change { phase, now }));
            };
            let started = |job: &Job| job.started_at.is_some();
            if started(job) && !was.is_some_and(started) {
                let purpose = self.pipelines.get(&job.pipeline_id).map(Pipeline::purpose);
                tell(format!("started ({})", purpose.unwrap_or_default()));
            }
            if job.is_over() && !was.is_some_and(Job::is_over) {
                let took = job.finished_at.and_then(|end| job.millis(end));
                let took = took.map(|millis| format!(" after {}", seconds(millis)));
                tell(format!("{}{}", job.status, took.unwrap_or_default()));
            }
        }
        changes
    }
}

#[cfg(test)]
pub mod tests;
