//! One job as its runner tells of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use reqwest::Client;

use crate::failure::{Doing, Failure};
use crate::gitlab::Repository;

/// One job.
#[derive(Debug)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Its variables, those of its runner included.
    pub variables: BTreeMap<String, String>,
    /// The repository that its files are in.
    pub repository: Repository,
    /// The commit that it has.
    pub sha: String,
    /// What it asks others with.
    pub http: Client,
    said: Mutex<Vec<String>>,
    left: Mutex<BTreeMap<String, String>>,
}

impl Job {
    /// Makes a job that has done nothing yet.
    pub fn new(
        name: &str,
        variables: BTreeMap<String, String>,
        files: (Repository, &str),
        http: Client,
    ) -> Self {
        let (repository, sha) = files;
        Self {
            name: name.to_owned(),
            variables,
            repository,
            sha: sha.to_owned(),
            http,
            said: Mutex::default(),
            left: Mutex::default(),
        }
    }

    /// Answers a variable.
    pub fn variable(&self, name: &str) -> Result<&str, Failure> {
        self.variables
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| Failure::new(format!("this job has no variable {name}")))
    }

    /// Reads a file of its commit.
    pub async fn file(&self, path: &str) -> Result<String, Failure> {
        let what = || format!("read {path} of {}", self.sha);
        let blob = self.repository.blob(&self.sha, path).await.doing(what)?;
        let blob = blob.ok_or_else(|| Failure::new(format!("cannot {}: there is none", what())))?;
        String::from_utf8(blob.content).doing(what)
    }

    /// Adds a line to its log.
    pub fn say(&self, line: String) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.push(line);
    }

    /// Leaves a file behind.
    pub fn leave(&self, path: &str, content: String) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.insert(path.to_owned(), content);
    }

    /// Answers what it said, and the files that it left behind by their paths.
    pub fn end(self) -> (Vec<String>, BTreeMap<String, String>) {
        let said = self.said.into_inner();
        let left = self.left.into_inner();
        (
            said.unwrap_or_else(PoisonError::into_inner),
            left.unwrap_or_else(PoisonError::into_inner),
        )
    }
}
