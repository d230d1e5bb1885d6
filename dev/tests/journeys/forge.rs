//! GitLab: its API as the administrator uses it, and its switches.

use harmonix_dev::world::World;
use reqwest::Client;
use serde_json::{Value, json};

pub struct Forge {
    http: Client,
    url: String,
    token: String,
}

impl Forge {
    pub fn of(world: &World) -> Self {
        Self {
            http: Client::new(),
            url: world.gitlab_url(),
            token: world.tokens.gitlab_administrator.clone(),
        }
    }

    async fn switch(&self, path: &str, body: Value) {
        let request = self.http.post(format!("{}{path}", self.url)).json(&body);
        let answer = request.send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{path} {body}: {}",
            answer.text().await.unwrap()
        );
    }

    /// Makes requests of the controller go wrong.
    pub async fn fault(&self, matches: Value, fault: Value, count: u32) {
        let mut matches = matches;
        matches["actor"] = "harmonix".into();
        self.switch(
            "/__faults",
            json!({ "match": matches, "fault": fault, "count": count }),
        )
        .await;
    }

    pub async fn forget_faults(&self) {
        self.http
            .delete(format!("{}/__faults", self.url))
            .send()
            .await
            .unwrap();
    }

    /// How often faults were used that name this path.
    pub async fn hits(&self, path: &str) -> u64 {
        let answer = self
            .http
            .get(format!("{}/__faults", self.url))
            .send()
            .await
            .unwrap();
        let rules: Vec<Value> = answer.json().await.unwrap();
        let about = rules
            .iter()
            .filter(|rule| rule["match"]["path_contains"] == path);
        about.map(|rule| rule["hits"].as_u64().unwrap()).sum()
    }

    /// Has jobs end as said.
    pub async fn script(&self, script: Value) {
        self.switch("/__script", script).await;
    }

    pub async fn user(&self, user: Value) {
        self.switch("/__users", user).await;
    }

    /// Says who may use pipeline variables in the new projects of a group.
    pub async fn variables_role(&self, group: &str, role: &str) {
        self.switch(
            "/__groups",
            json!({ "path": group, "pipeline_variables_role": role }),
        )
        .await;
    }

    pub async fn runner(&self, project: &str, available: bool) {
        self.switch(
            "/__runners",
            json!({ "project": project, "available": available }),
        )
        .await;
    }

    /// Asks the API; answers status and body.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self
            .http
            .request(
                method.parse().unwrap(),
                format!("{}/api/v4/{path}", self.url),
            )
            .header("PRIVATE-TOKEN", &self.token);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// Asks for what is there.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, Value::Null).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// Makes the group of a namespace, and answers its number.
    pub async fn make_group(&self, name: &str) -> u64 {
        self.make_group_in("aws-apps", name).await
    }

    /// Makes a group in another, and answers its number.
    pub async fn make_group_in(&self, parent: &str, name: &str) -> u64 {
        let parent = self.get(&format!("groups/{}", escaped(parent))).await["id"].clone();
        let body = json!({ "name": name, "path": name, "parent_id": parent });
        let (status, made) = self.ask("POST", "groups", body).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_u64().unwrap()
    }

    pub async fn project(&self, path: &str) -> Option<Value> {
        let (status, body) = self
            .ask("GET", &format!("projects/{}", escaped(path)), Value::Null)
            .await;
        (status == 200).then_some(body)
    }

    /// All projects in a group.
    pub async fn projects_of(&self, group: &str) -> Vec<String> {
        let state: Value = self
            .http
            .get(format!("{}/__state", self.url))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let projects = state["projects"].as_object().unwrap().values();
        let paths = projects.map(|project| project["full_path"].as_str().unwrap().to_owned());
        paths
            .filter(|path| path.starts_with(&format!("{group}/")))
            .collect()
    }

    /// Commits of the default branch, the newest first.
    pub async fn commits(&self, project: &str) -> Vec<Value> {
        let path = format!(
            "projects/{}/repository/commits?ref_name=main&per_page=100",
            escaped(project)
        );
        self.get(&path).await.as_array().unwrap().clone()
    }

    /// Pipelines, the newest first.
    pub async fn pipelines(&self, project: &str) -> Vec<Value> {
        let path = format!("projects/{}/pipelines?per_page=100", escaped(project));
        self.get(&path).await.as_array().unwrap().clone()
    }

    /// How the jobs of the newest pipeline stand, by name.
    pub async fn jobs_of_newest(&self, project: &str) -> Value {
        let id = self.pipelines(project).await[0]["id"].clone();
        let path = format!("projects/{}/pipelines/{id}/jobs", escaped(project));
        let jobs = self.get(&path).await;
        let states = jobs.as_array().unwrap().iter().map(|job| {
            let name = job["name"].as_str().unwrap().to_owned();
            (name, job["status"].clone())
        });
        Value::Object(states.collect())
    }

    /// Pipelines whose names begin so.
    pub async fn pipelines_named(&self, project: &str, start: &str) -> Vec<Value> {
        let mut all = self.pipelines(project).await;
        all.retain(|pipeline| {
            pipeline["name"]
                .as_str()
                .unwrap_or_default()
                .starts_with(start)
        });
        all
    }
}

/// A project's path as the API takes it.
pub fn escaped(path: &str) -> String {
    path.replace('/', "%2F")
}
