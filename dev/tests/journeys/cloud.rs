//! AWS: the gate's switches, and what runs.

use harmonix_dev::world::World;
use reqwest::Client;
use serde_json::{Value, json};

pub struct Cloud {
    http: Client,
    url: String,
}

impl Cloud {
    pub fn of(world: &World) -> Self {
        Self {
            http: Client::new(),
            url: world.aws_url(),
        }
    }

    async fn switch(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.url)).json(&body);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path} {body}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Makes calls go wrong; answers what [`Cloud::forget_fault`] takes.
    pub async fn fault(&self, matches: Value, fault: Value, count: u32) -> String {
        let rule = json!({ "match": matches, "fault": fault, "count": count });
        self.switch("/__faults", rule).await["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub async fn forget_fault(&self, id: &str) {
        self.http
            .delete(format!("{}/__faults/{id}", self.url))
            .send()
            .await
            .unwrap();
    }

    pub async fn forget_faults(&self) {
        self.http
            .delete(format!("{}/__faults", self.url))
            .send()
            .await
            .unwrap();
    }

    /// Has tasks with this variable (`NAME=value`) fail from now on.
    pub async fn fail_tasks_with(&self, variable: &str) {
        self.switch(
            "/__tasks/outcome",
            json!({ "environment": variable, "outcome": "fail" }),
        )
        .await;
    }

    pub async fn expire_sessions(&self, role: &str) {
        self.switch("/__sessions/expire", json!({ "role_contains": role }))
            .await;
    }

    /// Digests that run in an account for an application whose AWS name begins so.
    pub async fn digests(&self, account: &str, service: &str) -> Vec<String> {
        let answer = self
            .http
            .get(format!("{}/__tasks", self.url))
            .send()
            .await
            .unwrap();
        let tasks: Vec<Value> = answer.json().await.unwrap();
        let mut digests: Vec<String> = tasks
            .iter()
            .filter(|task| task["account"] == account && task["state"] == "RUNNING")
            .filter(|task| task["service"].as_str().unwrap().starts_with(service))
            .map(|task| {
                task["image"]
                    .as_str()
                    .unwrap()
                    .rsplit('@')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        digests.sort();
        digests
    }
}
