//! What the demo asks of the stand-ins, over HTTP as anybody could.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::forge::Forge;
use crate::failure::{Doing, Failure};
use crate::journal::Entry;
use crate::world::World;

const LIMIT: Duration = Duration::from_secs(20);

/// GitLab and AWS of one world.
#[derive(Debug, Clone)]
pub struct StandIn {
    client: reqwest::Client,
    gitlab: String,
    aws: String,
    token: String,
}

/// A task of an ECS service, as the gate runs it.
#[derive(Debug, Clone, Deserialize)]
pub struct Task {
    /// Its account.
    pub account: String,
    /// Its service.
    pub service: String,
    /// `PENDING`, `RUNNING` or `STOPPED`.
    pub state: String,
    /// The digest of the image that it really runs.
    pub digest: Option<String>,
    /// Its port on loopback.
    pub port: Option<u16>,
}

/// What a running application answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl StandIn {
    /// Those of this world.
    pub fn of(world: &World) -> Self {
        Self {
            client: reqwest::Client::new(),
            gitlab: world.gitlab_url(),
            aws: world.aws_url(),
            token: world.tokens.gitlab_administrator.clone(),
        }
    }

    /// Asks GitLab for everything it remembers.
    pub async fn forge(&self) -> Result<Forge, Failure> {
        self.json(&format!("{}/__state", self.gitlab)).await
    }

    /// Asks for the journal of GitLab.
    pub async fn gitlab_journal(&self) -> Result<Vec<Entry>, Failure> {
        self.json(&format!("{}/__journal", self.gitlab)).await
    }

    /// Asks for the journal of AWS.
    pub async fn aws_journal(&self) -> Result<Vec<Entry>, Failure> {
        self.json(&format!("{}/__journal", self.aws)).await
    }

    /// Asks for the tasks of all services.
    pub async fn tasks(&self) -> Result<Vec<Task>, Failure> {
        self.json(&format!("{}/__tasks", self.aws)).await
    }

    /// Calls a task, as a user of the application would.
    pub async fn call(&self, port: u16) -> Result<Reply, Failure> {
        let url = format!("http://127.0.0.1:{port}/");
        let what = || format!("call the application at {url}");
        let answer = self
            .client
            .get(&url)
            .timeout(LIMIT)
            .send()
            .await
            .doing(what)?;
        Ok(Reply {
            status: answer.status().as_u16(),
            body: answer.text().await.doing(what)?,
        })
    }

    /// Reads the trace of a job, as GitLab's administrator.
    pub async fn trace(&self, project: u64, job: u64) -> Result<String, Failure> {
        let url = format!("{}/api/v4/projects/{project}/jobs/{job}/trace", self.gitlab);
        let what = || format!("read {url}");
        let answer = self
            .client
            .get(&url)
            .header("PRIVATE-TOKEN", &self.token)
            .timeout(LIMIT)
            .send()
            .await
            .doing(what)?;
        answer.text().await.doing(what)
    }

    async fn json<T: DeserializeOwned>(&self, url: &str) -> Result<T, Failure> {
        let what = || format!("read {url}");
        let answer = self
            .client
            .get(url)
            .timeout(LIMIT)
            .send()
            .await
            .doing(what)?;
        let bytes = answer
            .error_for_status()
            .doing(what)?
            .bytes()
            .await
            .doing(what)?;
        serde_json::from_slice(&bytes).doing(what)
    }
}
