//! What stands in AWS: audit records and services.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::evidence::Record;
use super::Gather;
use crate::failure::Failure;
use crate::world::account::{DEVELOPMENT, PREFIX, PRODUCTION};

const DYNAMODB: &str = "DynamoDB_20120810";
const ECS: &str = "AmazonEC2ContainerServiceV20141113";
/// How many services one request may describe.
const DESCRIBED: usize = 10;

impl Gather<'_> {
    /// The providers that the run's objects may have used, with their accounts.
    fn providers(&self) -> Vec<(String, &'static str)> {
        vec![
            ("dev-eu".to_owned(), DEVELOPMENT),
            ("prod-eu".to_owned(), PRODUCTION),
            (format!("{}-eu", self.run), DEVELOPMENT),
        ]
    }

    fn key(&self, account: &str) -> Result<&str, Failure> {
        let administrator = self.world.identities.administrator(account);
        administrator
            .map(|identity| identity.key.id.as_str())
            .ok_or_else(|| Failure::new(format!("account {account} has no administrator")))
    }

    async fn ask(
        &self,
        account: &str,
        service: &str,
        target: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        let key = self.key(account)?;
        self.hosts.aws(key, service, target, body).await
    }

    /// The audit records about the run's objects, in every table.
    pub(super) async fn records(&self) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        for (provider, account) in self.providers() {
            let table = format!("{PREFIX}-{provider}-audit");
            let listed = self
                .ask(
                    account,
                    "dynamodb",
                    &format!("{DYNAMODB}.ListTables"),
                    &json!({}),
                )
                .await?;
            let exists = listed["TableNames"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|name| *name == *table);
            if !exists {
                continue;
            }
            let mut start = Value::Null;
            loop {
                let mut body = json!({
                    "TableName": table, "ConsistentRead": true,
                    "FilterExpression": "contains(objectRef, :run)",
                    "ExpressionAttributeValues": { ":run": { "S": self.run } },
                });
                if let (false, Value::Object(fields)) = (start.is_null(), &mut body) {
                    fields.insert("ExclusiveStartKey".into(), start);
                }
                let page = self
                    .ask(account, "dynamodb", &format!("{DYNAMODB}.Scan"), &body)
                    .await?;
                let items = page["Items"].as_array().into_iter().flatten();
                records.extend(items.map(|item| Record {
                    table: table.clone(),
                    attributes: attributes(item),
                }));
                start = page["LastEvaluatedKey"].clone();
                if start.is_null() {
                    break;
                }
            }
        }
        Ok(records)
    }

    /// The services of the run in a cluster: a lane keeps those of all the plans before it, on many pages.
    async fn service_arns(&self, account: &str, cluster: &str) -> Result<Vec<String>, Failure> {
        let mut arns = Vec::new();
        let mut wanted = json!({ "cluster": cluster, "maxResults": 100 });
        loop {
            let target = format!("{ECS}.ListServices");
            let page = self.ask(account, "ecs", &target, &wanted).await?;
            let listed = page["serviceArns"].as_array().into_iter().flatten();
            let listed = listed.filter_map(Value::as_str);
            let own = listed.filter(|arn| arn.contains(self.run));
            arns.extend(own.map(str::to_owned));
            if page["nextToken"].is_null() {
                return Ok(arns);
            }
            wanted["nextToken"] = page["nextToken"].clone();
        }
    }

    /// The run's services.
    pub(super) async fn services(&self) -> Result<Vec<Value>, Failure> {
        let mut services = Vec::new();
        for (provider, account) in self.providers() {
            let cluster = format!("{PREFIX}-{provider}-cluster");
            // A provider that the run does not have has no cluster.
            let Ok(arns) = self.service_arns(account, &cluster).await else {
                continue;
            };
            for some in arns.chunks(DESCRIBED) {
                let wanted = json!({ "cluster": cluster, "services": some, "include": ["TAGS"] });
                let told = self
                    .ask(account, "ecs", &format!("{ECS}.DescribeServices"), &wanted)
                    .await?;
                services.extend(told["services"].as_array().into_iter().flatten().cloned());
            }
        }
        Ok(services)
    }
}

fn attributes(item: &Value) -> BTreeMap<String, String> {
    let fields = item.as_object().into_iter().flatten();
    fields
        .filter_map(|(name, value)| Some((name.clone(), value["S"].as_str()?.to_owned())))
        .collect()
}
