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

    /// Everything that is listed, page by page: a lane keeps what all the plans before it left. `next` says what the next
    /// page is called in an answer, and what it is asked for by.
    async fn pages(
        &self,
        account: &str,
        (service, target): (&str, &str),
        mut wanted: Value,
        next: (&str, &str),
    ) -> Result<Vec<Value>, Failure> {
        let mut pages = Vec::new();
        loop {
            let page = self.ask(account, service, target, &wanted).await?;
            let token = page[next.0].clone();
            pages.push(page);
            if token.is_null() {
                return Ok(pages);
            }
            wanted[next.1] = token;
        }
    }

    /// The audit records about the run's objects, in every table.
    pub(super) async fn records(&self) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        for (provider, account) in self.providers() {
            let table = format!("{PREFIX}-{provider}-audit");
            let tables = format!("{DYNAMODB}.ListTables");
            let next = ("LastEvaluatedTableName", "ExclusiveStartTableName");
            let listed = self
                .pages(account, ("dynamodb", &tables), json!({}), next)
                .await?;
            let mut names = listed.iter().flat_map(|page| entries(page, "TableNames"));
            if !names.any(|name| *name == *table) {
                continue;
            }
            let scan = format!("{DYNAMODB}.Scan");
            let wanted = json!({
                "TableName": table, "ConsistentRead": true,
                "FilterExpression": "contains(objectRef, :run)",
                "ExpressionAttributeValues": { ":run": { "S": self.run } },
            });
            let next = ("LastEvaluatedKey", "ExclusiveStartKey");
            let found = self
                .pages(account, ("dynamodb", &scan), wanted, next)
                .await?;
            let items = found.iter().flat_map(|page| entries(page, "Items"));
            records.extend(items.map(|item| Record {
                table: table.clone(),
                attributes: attributes(item),
            }));
        }
        Ok(records)
    }

    /// The services of the run in a cluster.
    async fn service_arns(&self, account: &str, cluster: &str) -> Result<Vec<String>, Failure> {
        let wanted = json!({ "cluster": cluster, "maxResults": 100 });
        let services = format!("{ECS}.ListServices");
        let next = ("nextToken", "nextToken");
        let pages = self
            .pages(account, ("ecs", &services), wanted, next)
            .await?;
        let listed = pages.iter().flat_map(|page| entries(page, "serviceArns"));
        let own = listed.filter_map(Value::as_str);
        let own = own.filter(|arn| arn.contains(self.run));
        Ok(own.map(str::to_owned).collect())
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

fn entries<'a>(page: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    page[name].as_array().into_iter().flatten()
}

fn attributes(item: &Value) -> BTreeMap<String, String> {
    let fields = item.as_object().into_iter().flatten();
    fields
        .filter_map(|(name, value)| Some((name.clone(), value["S"].as_str()?.to_owned())))
        .collect()
}
