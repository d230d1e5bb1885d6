//! The stand-ins' own switches, over HTTP: rules, journals, scripts; and GitLab as its administrator asks it.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::failure::{Doing, Failure};
use crate::fault::Rule;
use crate::journal::Entry;
use crate::world::World;

const LIMIT: Duration = Duration::from_secs(30);

/// Who serves the controller's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// GitLab's stand-in.
    Gitlab,
    /// The gate in front of AWS.
    Aws,
    /// The proxy in front of the API server.
    Kubernetes,
}

impl Host {
    /// All.
    pub const ALL: [Self; 3] = [Self::Gitlab, Self::Aws, Self::Kubernetes];

    /// Answers who serves what is labelled with this service.
    #[must_use]
    pub fn of_service(service: &str) -> Self {
        match service {
            "gitlab" => Self::Gitlab,
            "kubernetes" => Self::Kubernetes,
            _ => Self::Aws,
        }
    }
}

/// The stand-ins of one world.
#[derive(Debug, Clone)]
pub struct Hosts {
    http: Client,
    gitlab: String,
    aws: String,
    kubernetes: String,
    token: String,
}

/// A rule that was posted: how often it has struck.
#[derive(Debug, Clone, Deserialize)]
struct Posted {
    id: String,
    hits: u32,
}

impl Hosts {
    /// Those of a world.
    #[must_use]
    pub fn of(world: &World) -> Self {
        Self {
            http: Client::new(),
            gitlab: world.gitlab_url(),
            aws: world.aws_url(),
            kubernetes: world.apichaos_url(),
            token: world.tokens.gitlab_administrator.clone(),
        }
    }

    fn url(&self, host: Host) -> &str {
        match host {
            Host::Gitlab => &self.gitlab,
            Host::Aws => &self.aws,
            Host::Kubernetes => &self.kubernetes,
        }
    }

    /// Asks a switch.
    pub async fn switch<T: DeserializeOwned>(
        &self,
        host: Host,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let url = format!("{}{path}", self.url(host));
        let what = || format!("ask {method} {url}");
        let mut request = self.http.request(method.clone(), &url).timeout(LIMIT);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.doing(what)?;
        let (status, text) = (answer.status(), answer.text().await.doing(what)?);
        if !status.is_success() {
            return Err(Failure::new(format!("{method} {url}: {status} {text}")));
        }
        let text = if text.is_empty() { "null" } else { &text };
        serde_json::from_str(text).doing(what)
    }

    /// Arms a rule; answers its id.
    pub async fn arm(&self, host: Host, rule: &Rule) -> Result<String, Failure> {
        let body = serde_json::to_value(rule).doing(|| "write a rule".into())?;
        let made: Value = self
            .switch(host, Method::POST, "/__faults", Some(&body))
            .await?;
        Ok(made["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Answers how often a rule has struck.
    pub async fn hits(&self, host: Host, id: &str) -> Result<u32, Failure> {
        let rules: Vec<Posted> = self.switch(host, Method::GET, "/__faults", None).await?;
        let found = rules.into_iter().find(|rule| rule.id == id);
        Ok(found.map_or(0, |rule| rule.hits))
    }

    /// Forgets all rules and scripts, and lets all watches go on.
    pub async fn forget(&self) -> Result<(), Failure> {
        for host in Host::ALL {
            self.switch::<Value>(host, Method::DELETE, "/__faults", None)
                .await?;
        }
        self.switch::<Value>(Host::Kubernetes, Method::DELETE, "/__watches", None)
            .await?;
        self.switch::<Value>(Host::Gitlab, Method::DELETE, "/__script", None)
            .await?;
        self.switch(Host::Aws, Method::DELETE, "/__tasks/outcome", None)
            .await
    }

    /// Answers a journal from this line on.
    pub async fn journal(&self, host: Host, from: usize) -> Result<Vec<Entry>, Failure> {
        self.switch(host, Method::GET, &format!("/__journal?from={from}"), None)
            .await
    }

    /// Has jobs end as said.
    pub async fn script(&self, script: &Value) -> Result<(), Failure> {
        self.switch::<Value>(Host::Gitlab, Method::POST, "/__script", Some(script))
            .await
            .map(drop)
    }

    /// Takes the runner from a project, or gives it back.
    pub async fn runner(&self, project: &str, available: bool) -> Result<(), Failure> {
        let body = json!({ "project": project, "available": available });
        self.switch::<Value>(Host::Gitlab, Method::POST, "/__runners", Some(&body))
            .await
            .map(drop)
    }

    /// Changes a user of GitLab.
    pub async fn user(&self, user: &Value) -> Result<(), Failure> {
        self.switch::<Value>(Host::Gitlab, Method::POST, "/__users", Some(user))
            .await
            .map(drop)
    }

    /// Ends the sessions of roles whose ARN contains this text.
    pub async fn expire_sessions(&self, role: &str) -> Result<(), Failure> {
        let body = json!({ "role_contains": role });
        self.switch::<Value>(Host::Aws, Method::POST, "/__sessions/expire", Some(&body))
            .await
            .map(drop)
    }

    /// Asks GitLab's API as its administrator; nothing where it is not there.
    pub async fn gitlab(&self, path: &str) -> Result<Option<Value>, Failure> {
        let url = format!("{}/api/v4/{path}", self.gitlab);
        let what = || format!("ask GET {url}");
        let request = self.http.get(&url).timeout(LIMIT);
        let answer = request
            .header("PRIVATE-TOKEN", &self.token)
            .send()
            .await
            .doing(what)?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = answer.error_for_status().doing(what)?;
        answer.json().await.doing(what).map(Some)
    }

    /// Changes something by GitLab's API as its administrator.
    pub async fn gitlab_write(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        let url = format!("{}/api/v4/{path}", self.gitlab);
        let what = || format!("ask {method} {url}");
        let request = self.http.request(method.clone(), &url).timeout(LIMIT);
        let request = request.header("PRIVATE-TOKEN", &self.token).json(body);
        let answer = request.send().await.doing(what)?;
        let answer = answer.error_for_status().doing(what)?;
        answer.json().await.doing(what)
    }

    /// Calls a JSON service of AWS as the administrator of an account.
    pub async fn aws(
        &self,
        key: &str,
        service: &str,
        target: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        let what = || format!("call {target}");
        let scope = format!("{key}/20260101/eu-west-1/{service}/aws4_request");
        let request = self
            .http
            .post(&self.aws)
            .timeout(LIMIT)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"),
            );
        let answer = request.body(body.to_string()).send().await.doing(what)?;
        let (status, text) = (answer.status(), answer.text().await.doing(what)?);
        if !status.is_success() {
            return Err(Failure::new(format!("{target}: {status} {text}")));
        }
        serde_json::from_str(&text).doing(what)
    }
}

/// A path as GitLab's API takes it.
#[must_use]
pub fn escaped(path: &str) -> String {
    path.replace('/', "%2F")
}
