//! Fields: a JSON value as facts, one for each value that is no list and no map.

use serde_json::Value;

use super::Facts;

/// Notes every value below `value`, but those whose key is `left_out`. Entries of a list are told by their `name`,
/// `key`, `type`, or by the environment and provider that they are about, else by their place.
pub fn tell(facts: &mut Facts<'_>, name: &str, value: &Value, left_out: fn(&str) -> bool) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => facts.note(name, &value.to_string()),
        Value::String(text) => facts.note(name, text),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let key = key(item).unwrap_or_else(|| at.to_string());
                tell(facts, &format!("{name}/{key}"), item, left_out);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields.iter().filter(|(key, _)| !left_out(key)) {
                tell(facts, &format!("{name}/{key}"), field, left_out);
            }
        }
    }
}

fn key(item: &Value) -> Option<String> {
    let text = |name: &str| item[name].as_str();
    if let (Some(environment), Some(provider)) = (text("environment"), text("provider")) {
        return Some(format!("{environment}@{provider}"));
    }
    let name = ["name", "key", "environment", "provider"];
    name.into_iter().find_map(text).map(str::to_owned)
}
