//! Versions: how one of our objects is read.

use serde_json::Value;

/// Kind, namespace and name, as audit records and markers write them.
pub fn identity(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, about) = (text(&object["kind"]), &object["metadata"]);
    let (namespace, name) = (text(&about["namespace"]), text(&about["name"]));
    if namespace.is_empty() {
        format!("{kind}/{name}")
    } else {
        format!("{kind}/{namespace}/{name}")
    }
}

/// The object's uid.
pub fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

/// The conditions of an object.
pub fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    object["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
}

/// A condition by its type.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    conditions(object).find(|condition| condition["type"] == kind)
}

/// Whether a condition of this type is true.
pub fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition["status"] == "True")
}

/// `False PipelineFailed`.
pub fn standing(condition: &Value) -> String {
    let text = |name: &str| condition[name].as_str().unwrap_or_default();
    format!("{} {}", text("status"), text("reason"))
}
