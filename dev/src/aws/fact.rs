//! The small facts of a call that the journal keeps: names of things, never contents.

use serde_json::{Map, Value};

use super::call::Call;

/// Reads the facts of a call.
#[must_use]
pub fn of(call: &Call) -> Map<String, Value> {
    let mut facts = Map::new();
    for name in [
        "TableName",
        "IndexName",
        "Name",
        "Path",
        "cluster",
        "service",
        "serviceName",
        "taskDefinition",
        "family",
        "repositoryName",
        "RoleName",
        "PolicyName",
        "KeyId",
        "logGroupName",
        "SecretId",
        "RoleArn",
        "RoleSessionName",
        "ExternalId",
        "SourceIdentity",
        "DurationSeconds",
        "ConditionExpression",
    ] {
        if let Some(text) = call.text(name) {
            facts.insert(name.to_owned(), text.into());
        }
    }
    for name in ["Names", "services", "clusters", "repositoryNames"] {
        let texts = call.texts(name);
        if !texts.is_empty() {
            facts.insert(name.to_owned(), texts.into());
        }
    }
    for (name, key) in [("Key", "key"), ("Item", "key")] {
        // A DynamoDB item's identity; everything else in it may be somebody's secret.
        if let Some(item) = call.value(name).as_object() {
            let keys = ["id", "createdAt"]
                .into_iter()
                .filter_map(|k| Some((k.to_owned(), item.get(k)?.clone())));
            facts.insert(key.to_owned(), Value::Object(keys.collect()));
        }
    }
    facts
}
