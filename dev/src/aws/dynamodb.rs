//! DynamoDB: moto's, with the one thing repaired that a ledger needs.

use serde_json::{Value, json};

use super::Gate;
use super::answer::{Answer, Refusal};
use super::call::Call;
use super::identity::Principal;
use super::moto::Place;

impl Gate {
    pub(super) async fn dynamodb(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let answer = self.moto.forward(call, &principal.account).await?;
        let wants_old = call.text("ReturnValuesOnConditionCheckFailure") == Some("ALL_OLD");
        let Some(mut document) = answer
            .document()
            .filter(|_| wants_old && !answer.status.is_success())
        else {
            return Ok(answer);
        };
        let failed = document["__type"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("ConditionalCheckFailedException"));
        if !failed || !document["Item"].is_null() {
            return Ok(answer);
        }
        // AWS hands out the item that made the condition fail; moto does so for some operations only.
        if let Some(item) = self.item_before(principal, call).await? {
            document["Item"] = item;
        }
        Ok(answer.with_body(document.to_string()))
    }

    async fn item_before(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Option<Value>, Refusal> {
        let place = Place {
            account: principal.account.clone(),
            region: call.region.clone(),
        };
        let table = json!({ "TableName": call.text("TableName") });
        let keys = match call.value("Key") {
            Value::Null => {
                let described = self
                    .moto
                    .json(
                        &place,
                        "dynamodb",
                        "DynamoDB_20120810.DescribeTable",
                        &table,
                    )
                    .await?;
                let schema = described["Table"]["KeySchema"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                let item = call.value("Item");
                let names = schema
                    .iter()
                    .filter_map(|key| key["AttributeName"].as_str());
                Value::Object(
                    names
                        .map(|name| (name.to_owned(), item[name].clone()))
                        .collect(),
                )
            }
            key => key.clone(),
        };
        let asked =
            json!({ "TableName": call.text("TableName"), "Key": keys, "ConsistentRead": true });
        let mut found = self
            .moto
            .json(&place, "dynamodb", "DynamoDB_20120810.GetItem", &asked)
            .await?;
        Ok(found.get_mut("Item").map(Value::take))
    }
}
