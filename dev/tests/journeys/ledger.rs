//! Audit records, as an auditor reads them.

use std::collections::BTreeMap;

use harmonix_dev::world::World;
use reqwest::Client;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub struct Ledger {
    http: Client,
    url: String,
    /// By account, the access key of its administrator.
    keys: BTreeMap<String, String>,
}

/// One record: every attribute, the keys included.
pub type Record = BTreeMap<String, String>;

impl Ledger {
    pub fn of(world: &World) -> Self {
        let administrators = &world.identities.administrators;
        Self {
            http: Client::new(),
            url: world.aws_url(),
            keys: administrators
                .iter()
                .map(|who| (who.account.clone(), who.key.id.clone()))
                .collect(),
        }
    }

    /// Records of an object in a provider's table, the oldest first; their chain is verified.
    pub async fn records(&self, provider: &str, object: &str) -> Vec<Record> {
        let mut records = self.scan(provider).await;
        records.retain(|record| record["objectRef"] == object);
        in_order(records)
    }

    /// Records of an action on an object, in both tables.
    pub async fn of_action(&self, object: &str, action: &str) -> Vec<Record> {
        let mut all = self.records("dev-eu", object).await;
        all.extend(self.records("prod-eu", object).await);
        all.retain(|record| record["actionType"] == action);
        all
    }

    async fn scan(&self, provider: &str) -> Vec<Record> {
        let account = if provider.starts_with("prod") {
            "333333333333"
        } else {
            "222222222222"
        };
        let key = &self.keys[account];
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00"
        );
        let answer = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", "DynamoDB_20120810.Scan")
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", authorization)
            .body(
                json!({ "TableName": format!("acme-{provider}-audit"), "ConsistentRead": true })
                    .to_string(),
            )
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{body}");
        assert!(
            body.get("LastEvaluatedKey").is_none(),
            "the table has more than one page"
        );
        let items = body["Items"].as_array().unwrap();
        items.iter().map(record).collect()
    }
}

fn record(item: &Value) -> Record {
    let attributes = item.as_object().unwrap().iter();
    attributes
        .map(|(name, value)| (name.clone(), value["S"].as_str().unwrap().to_owned()))
        .collect()
}

/// Follows the chain from its beginning: every record is in it, once, and has the hash it says.
fn in_order(mut records: Vec<Record>) -> Vec<Record> {
    let mut chain: Vec<Record> = Vec::new();
    while !records.is_empty() {
        let head = chain.last().map_or("", |record| record["hash"].as_str());
        let next = records
            .iter()
            .position(|record| record["previousHash"] == head);
        let next = next.unwrap_or_else(|| {
            panic!("nothing follows {head:?} in {chain:#?}; left over: {records:#?}")
        });
        let record = records.swap_remove(next);
        assert_eq!(record["hash"], hash(&record), "{record:#?}");
        chain.push(record);
    }
    chain
}

fn hash(record: &Record) -> String {
    let mut hasher = Sha256::new();
    let mut take = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    };
    take(&record["id"]);
    take(&record["createdAt"]);
    for (name, value) in record {
        if !["id", "createdAt", "hash"].contains(&name.as_str()) {
            take(name);
            take(value);
        }
    }
    hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
