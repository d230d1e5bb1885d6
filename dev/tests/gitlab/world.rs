//! One stand-in per test, and short ways to ask it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use harmonix_dev::gitlab::{self, ExecutorKind, GitlabArgs, Running};
use reqwest::{Client, Method, header::HeaderMap};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::conformance;

pub struct World {
    pub folder: TempDir,
    pub running: Option<Running>,
    pub url: String,
    client: Client,
    /// Endpoints of which an answer was compared with GitLab's document.
    compared: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn id(&self) -> u64 {
        self.body["id"]
            .as_u64()
            .unwrap_or_else(|| panic!("no id in {}", self.text))
    }
}

pub const TOKENS: [(&str, &str); 5] = [
    ("harmonix", "glpat-harmonix"),
    ("developer", "glpat-developer"),
    ("reader", "glpat-reader"),
    ("guest", "glpat-guest"),
    ("administrator", "glpat-administrator"),
];

fn setup() -> Value {
    json!({
        "groups": [
            { "path": "aws-apps", "name": "Applications" },
            { "path": "aws-apps/shop" },
            { "path": "aws-environment-providers" },
        ],
        "users": [
            { "username": "harmonix", "name": "Harmonix", "bot": true, "token": "glpat-harmonix",
              "scopes": ["api"], "expires_at": "2099-01-01",
              "groups": { "aws-apps": "owner", "aws-environment-providers": "maintainer" } },
            { "username": "developer", "token": "glpat-developer", "scopes": ["api"],
              "groups": { "aws-apps": "developer" } },
            { "username": "reader", "token": "glpat-reader", "scopes": ["read_api"],
              "groups": { "aws-apps": "maintainer" } },
            { "username": "guest", "token": "glpat-guest", "scopes": ["api"],
              "groups": { "aws-apps": "guest" } },
            { "username": "administrator", "token": "glpat-administrator", "scopes": ["api"],
              "administrator": true },
        ],
    })
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(|args| args).await
    }

    pub async fn start_with(change: impl FnOnce(GitlabArgs) -> GitlabArgs) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("setup.json"), setup().to_string()).unwrap();
        let args = change(args(folder.path()));
        let running = gitlab::start(args).await.unwrap();
        let url = running.url().to_owned();
        Self {
            folder,
            running: Some(running),
            url,
            client: Client::new(),
            compared: Mutex::default(),
        }
    }

    /// Answers the endpoints of which an answer was compared with GitLab's document so far.
    pub fn compared(&self) -> BTreeSet<String> {
        self.compared.lock().unwrap().clone()
    }

    /// Stops and starts again on what is on disk.
    pub async fn restart(&mut self) {
        self.running.take().unwrap().stop().await.unwrap();
        let running = gitlab::start(args(self.folder.path())).await.unwrap();
        self.url = running.url().to_owned();
        self.running = Some(running);
    }

    /// Asks as a user, and checks the answer against GitLab's API document.
    pub async fn ask(&self, who: &str, method: &str, path: &str, body: Value) -> Reply {
        self.try_ask(who, method, path, body).await.unwrap()
    }

    pub async fn try_ask(
        &self,
        who: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> reqwest::Result<Reply> {
        let method: Method = method.parse().unwrap();
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/api/v4/{path}")
        };
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.url));
        if let Some((_, token)) = TOKENS.iter().find(|(name, _)| *name == who) {
            request = request.header("PRIVATE-TOKEN", *token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        if let Some(endpoint) = conformance::check(&method, &path, status, &text) {
            let mut compared = self.compared.lock().unwrap();
            compared.insert(format!("{} {}", endpoint.method, endpoint.path));
        }
        Ok(Reply {
            status,
            headers,
            body,
            text,
        })
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.ask("harmonix", "GET", path, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.ask("harmonix", "POST", path, body).await
    }

    pub async fn group(&self, path: &str) -> u64 {
        self.get(&format!("groups/{}", path.replace('/', "%2F")))
            .await
            .id()
    }

    /// Makes a project in `aws-apps/shop` and answers its number.
    pub async fn project(&self, path: &str) -> u64 {
        let group = self.group("aws-apps/shop").await;
        let made = self
            .post("projects", json!({ "path": path, "namespace_id": group }))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.id()
    }

    /// Commits files, and answers the commit's name.
    pub async fn commit(&self, project: u64, message: &str, files: &[(&str, &str)]) -> String {
        let known = self
            .get(&format!(
                "projects/{project}/repository/tree?recursive=true&per_page=100"
            ))
            .await;
        let exists = |path: &str| {
            known
                .body
                .as_array()
                .is_some_and(|list| list.iter().any(|entry| entry["path"] == path))
        };
        let actions: Vec<Value> = files
            .iter()
            .map(|(path, content)| {
                let action = if exists(path) { "update" } else { "create" };
                json!({ "action": action, "file_path": path, "content": content })
            })
            .collect();
        let body = json!({ "branch": "main", "commit_message": message, "actions": actions });
        let made = self
            .post(&format!("projects/{project}/repository/commits"), body)
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.body["id"].as_str().unwrap().to_owned()
    }

    /// Waits until a pipeline is in one of these states.
    pub async fn pipeline_in(&self, project: u64, id: u64, states: &[&str]) -> Value {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let found = self
                .get(&format!("projects/{project}/pipelines/{id}"))
                .await
                .body;
            if states.contains(&found["status"].as_str().unwrap_or_default()) {
                return found;
            }
            assert!(Instant::now() < until, "never in {states:?}: {found}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Answers the newest pipeline once it ended.
    pub async fn newest_ended(&self, project: u64) -> Value {
        let list = self
            .get(&format!("projects/{project}/pipelines"))
            .await
            .body;
        let id = list[0]["id"]
            .as_u64()
            .unwrap_or_else(|| panic!("no pipeline in {list}"));
        self.pipeline_in(project, id, &["success", "failed", "canceled", "skipped"])
            .await
    }

    /// Answers a pipeline's jobs by name, oldest first, those that were retried included.
    pub async fn jobs(&self, project: u64, pipeline: u64) -> Vec<Value> {
        let path = format!(
            "projects/{project}/pipelines/{pipeline}/jobs?include_retried=true&per_page=100"
        );
        let mut jobs = self.get(&path).await.body.as_array().unwrap().clone();
        jobs.reverse();
        jobs
    }

    pub async fn script(&self, script: Value) {
        assert_eq!(self.post("/__script", script).await.status, 200);
    }

    pub async fn fault(&self, fault: Value) {
        assert_eq!(self.post("/__faults", fault).await.status, 200);
    }

    pub async fn journal(&self) -> Vec<Value> {
        self.get("/__journal")
            .await
            .body
            .as_array()
            .unwrap()
            .clone()
    }

    /// Runs git as a person with this token would.
    pub fn git(&self, folder: &Path, args: &[&str]) -> Output {
        Command::new("git")
            .args(["-c", "user.name=Dev", "-c", "user.email=dev@example.com"])
            .args(args)
            .current_dir(folder)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap()
    }

    pub fn clone_url(&self, who: &str, path: &str) -> String {
        let token = TOKENS.iter().find(|(name, _)| *name == who).unwrap().1;
        format!(
            "{}/{path}.git",
            self.url.replace("://", &format!("://{who}:{token}@"))
        )
    }

    /// Clones a project and answers the folder.
    pub fn cloned(&self, who: &str, path: &str, into: &str) -> PathBuf {
        let done = self.git(
            self.folder.path(),
            &["clone", "--quiet", &self.clone_url(who, path), into],
        );
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        self.folder.path().join(into)
    }
}

fn args(folder: &Path) -> GitlabArgs {
    GitlabArgs {
        listen: "127.0.0.1:0".parse().unwrap(),
        state: folder.join("state"),
        journal: folder.join("journal.jsonl"),
        setup: folder.join("setup.json"),
        issuer: "https://gitlab.example.com".into(),
        executor: ExecutorKind::Scripted,
        node: None,
        gitlab_ci_local: None,
        job_environment: None,
        play_jobs: false,
        script_hook: None,
        concurrency: None,
    }
}
