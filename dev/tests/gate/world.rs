//! One gate with accounts of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use harmonix_dev::aws::config::{RegistryConfig, StaticIdentity, TaskMode, TasksConfig};
use harmonix_dev::aws::{self, GateConfig};
use harmonix_dev::journal::Entry;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::backend::{backend, free_port};
use crate::webidentity::Issuer;

pub const REGION: &str = "eu-west-1";
pub const ISSUER: &str = "https://gitlab.example.com";

/// A gate, and who calls it.
pub struct World {
    pub address: String,
    pub registry: String,
    pub platform: String,
    pub account: String,
    pub other: String,
    pub issuer: Arc<Issuer>,
    pub client: reqwest::Client,
    _folder: TempDir,
}

/// Someone's access key id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(pub String);

pub fn controller() -> Key {
    Key("AKIACONTROLLER".into())
}

pub fn administrator() -> Key {
    Key("AKIAADMINISTRATOR".into())
}

pub fn other_administrator() -> Key {
    Key("AKIAOTHER".into())
}

impl World {
    pub async fn start(mode: TaskMode) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let account = |kind: u32| format!("{kind}{number:011}");
        let (platform, own, other) = (account(1), account(2), account(3));
        let backend = tokio::task::spawn_blocking(backend).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let issuer = Arc::new(Issuer::serve().await);
        let (port, front) = (free_port(), free_port());
        let identity = |key: Key, principal: String, account: &str| StaticIdentity {
            access_key_id: key.0,
            secret_access_key: String::new(),
            principal,
            account: account.into(),
            rights: None,
        };
        let user = |account: &str| format!("arn:aws:iam::{account}:user/administrator");
        let config = GateConfig {
            listen: ([127, 0, 0, 1], port).into(),
            moto: backend.moto.clone(),
            registry: RegistryConfig {
                upstream: backend.registry.clone(),
                listen: Some(([127, 0, 0, 1], front).into()),
            },
            identities: vec![
                identity(
                    controller(),
                    format!("arn:aws:iam::{platform}:role/controller"),
                    &platform,
                ),
                identity(administrator(), user(&own), &own),
                identity(other_administrator(), user(&other), &other),
            ],
            issuers: [(ISSUER.to_owned(), issuer.address.clone())].into(),
            journal: folder.path().join("aws.jsonl"),
            tasks: TasksConfig {
                mode,
                folder: folder.path().join("tasks"),
                logs: folder.path().join("logs"),
                deadline_seconds: 4,
            },
        };
        tokio::spawn(aws::serve(config));
        let world = Self {
            address: format!("http://127.0.0.1:{port}"),
            registry: format!("127.0.0.1:{front}"),
            platform,
            account: own,
            other,
            issuer,
            client: reqwest::Client::new(),
            _folder: folder,
        };
        let health = format!("{}/__health", world.address);
        until("the gate answers", async || {
            world.client.get(&health).send().await.ok()
        })
        .await;
        world
    }

    /// Makes a form call: STS, IAM, load balancing.
    pub async fn form(
        &self,
        key: Option<&Key>,
        service: &str,
        fields: &[(&str, &str)],
    ) -> (u16, String) {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut request = self
            .client
            .post(&self.address)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        if let Some(key) = key {
            request = request.header("authorization", signature(key, service));
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Makes a JSON call: `target` is `AmazonSSM.GetParameter` and the like.
    pub async fn json(
        &self,
        key: &Key,
        service: &str,
        target: &str,
        params: Value,
    ) -> (u16, Value) {
        let response = self.send_json(key, service, target, params).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub async fn send_json(
        &self,
        key: &Key,
        service: &str,
        target: &str,
        params: Value,
    ) -> reqwest::Result<reqwest::Response> {
        let request = self
            .client
            .post(&self.address)
            .header("authorization", signature(key, service));
        let request = request.header("content-type", "application/x-amz-json-1.1");
        request
            .header("x-amz-target", target)
            .body(params.to_string())
            .send()
            .await
    }

    /// Makes a call to a service whose operations are paths.
    pub async fn rest(
        &self,
        key: &Key,
        service: &str,
        (method, path): (reqwest::Method, &str),
        params: Value,
    ) -> (u16, Value) {
        let request = self
            .client
            .request(method, format!("{}{path}", self.address))
            .header("authorization", signature(key, service));
        let response = request.json(&params).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    /// Makes an ECS call that must succeed.
    pub async fn ecs(&self, operation: &str, params: Value) -> Value {
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        let (status, answer) = self.json(&administrator(), "ecs", &target, params).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// Makes a role in the account and answers its ARN.
    pub async fn role(&self, name: &str, trust: &str, rights: &str) -> String {
        let key = administrator();
        let policy =
            |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let made = [
            ("Action", "CreateRole"),
            ("RoleName", name),
            ("Path", "/demo/"),
            ("AssumeRolePolicyDocument", &policy(trust)),
        ];
        let (status, answer) = self.form(Some(&key), "iam", &made).await;
        assert_eq!(status, 200, "{answer}");
        if !rights.is_empty() {
            let put = [
                ("Action", "PutRolePolicy"),
                ("RoleName", name),
                ("PolicyName", "rights"),
                ("PolicyDocument", &policy(rights)),
            ];
            let (status, answer) = self.form(Some(&key), "iam", &put).await;
            assert_eq!(status, 200, "{answer}");
        }
        format!("arn:aws:iam::{}:role/demo/{name}", self.account)
    }

    /// Trusts the controller for a session without any condition.
    pub fn trust_controller(&self) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:role/controller"}},"Action":"sts:AssumeRole"}}"#,
            self.platform
        )
    }

    /// Asks for a session as the controller.
    pub async fn assume(&self, role: &str, more: &[(&str, &str)]) -> Result<Key, (u16, String)> {
        let mut named = vec![("RoleSessionName", "demo")];
        named.extend_from_slice(more);
        self.assume_as(role, &named).await
    }

    /// Asks for a session under a name of its own as the controller.
    pub async fn assume_as(&self, role: &str, more: &[(&str, &str)]) -> Result<Key, (u16, String)> {
        self.assume_with(&controller(), role, more).await
    }

    /// Asks for a session as somebody.
    pub async fn assume_with(
        &self,
        key: &Key,
        role: &str,
        more: &[(&str, &str)],
    ) -> Result<Key, (u16, String)> {
        let mut fields = vec![("Action", "AssumeRole"), ("RoleArn", role)];
        fields.extend_from_slice(more);
        session(self.form(Some(key), "sts", &fields).await)
    }

    pub async fn fault(&self, rule: Value) {
        let posted = self
            .client
            .post(format!("{}/__faults", self.address))
            .json(&rule)
            .send()
            .await;
        assert_eq!(posted.unwrap().status().as_u16(), 200);
    }

    pub async fn journal(&self) -> Vec<Entry> {
        let asked = self
            .client
            .get(format!("{}/__journal", self.address))
            .send()
            .await;
        asked.unwrap().json().await.unwrap()
    }

    pub async fn tasks(&self) -> Vec<Value> {
        let asked = self
            .client
            .get(format!("{}/__tasks", self.address))
            .send()
            .await;
        asked.unwrap().json().await.unwrap()
    }

    pub async fn declare(&self, outcome: Value) {
        let address = format!("{}/__tasks/outcome", self.address);
        let posted = self
            .client
            .post(address)
            .json(&outcome)
            .send()
            .await
            .unwrap();
        assert_eq!(posted.status().as_u16(), 204);
    }

    /// Makes a table `demo-<suffix>` with the keys of a ledger.
    pub async fn table(&self, name: &str) {
        let params = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                { "AttributeName": "id", "AttributeType": "S" },
                { "AttributeName": "createdAt", "AttributeType": "S" },
            ],
            "KeySchema": [
                { "AttributeName": "id", "KeyType": "HASH" },
                { "AttributeName": "createdAt", "KeyType": "RANGE" },
            ],
        });
        let (status, answer) = self
            .json(
                &administrator(),
                "dynamodb",
                "DynamoDB_20120810.CreateTable",
                params,
            )
            .await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// Reads the access key id out of an answer of STS.
pub fn session((status, answer): (u16, String)) -> Result<Key, (u16, String)> {
    let key = answer
        .split_once("<AccessKeyId>")
        .and_then(|(_, rest)| rest.split_once('<'));
    key.map(|(key, _)| Key(key.to_owned()))
        .ok_or((status, answer))
}

/// Reads the error code out of an XML answer.
pub fn code(answer: &str) -> &str {
    answer
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once('<'))
        .map_or("", |(code, _)| code)
}

fn signature(Key(key): &Key, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={key}/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// Waits until something is there.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "waited for a minute: {what}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
