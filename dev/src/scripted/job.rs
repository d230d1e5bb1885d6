//! One job as its runner tells of it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use reqwest::Client;

use crate::failure::{Doing, Failure};

/// Where the files of a job's commit are.
pub trait Files: Debug + Send + Sync {
    /// Reads a file; nothing where there is none.
    fn read<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<Option<Vec<u8>>>>;
}

impl Files for BTreeMap<String, String> {
    fn read<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<Option<Vec<u8>>>> {
        let found = self.get(path).map(|text| text.clone().into_bytes());
        Box::pin(async move { Ok(found) })
    }
}

/// One job.
#[derive(Debug)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Its variables, those of its runner included.
    pub variables: BTreeMap<String, String>,
    /// The files of its commit.
    pub files: Box<dyn Files>,
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
        files: impl Files + 'static,
        http: Client,
    ) -> Self {
        Self {
            name: name.to_owned(),
            variables,
            files: Box::new(files),
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
        let what = || format!("read {path} of this commit");
        let content = self.files.read(path).await.doing(what)?;
        let content =
            content.ok_or_else(|| Failure::new(format!("cannot {}: there is none", what())))?;
        String::from_utf8(content).doing(what)
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
