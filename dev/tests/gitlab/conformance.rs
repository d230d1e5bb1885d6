//! Every answer has the types that GitLab's own API document gives it.

use std::sync::LazyLock;

use harmonix_dev::gitlab::endpoint::{self, ENDPOINTS, Found};
use http::Method;
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../src/gitlab/api/openapi.json")).unwrap()
});

/// Panics where an answer does not fit the document.
pub fn check(method: &Method, path: &str, status: u16, body: &Value) {
    let path = path.split('?').next().unwrap();
    let Found::Endpoint(endpoint, _) = endpoint::find(method, path) else {
        return;
    };
    if endpoint.described.is_some() || !(200..300).contains(&status) || body.is_null() {
        return;
    }
    let responses =
        &DOCUMENT["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()]["responses"];
    let schema = responses
        .as_object()
        .unwrap()
        .iter()
        .find_map(|(code, response)| {
            if code.starts_with('2') {
                response.get("schema")
            } else {
                None
            }
        });
    if let Some(schema) = schema {
        let mut wrong = Vec::new();
        fits(schema, body, "", &mut wrong);
        assert!(
            wrong.is_empty(),
            "{method} {path} is not as documented: {wrong:?}"
        );
    }
}

fn fits(schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    // The document does not say what may be null.
    if value.is_null() {
        return;
    }
    let schema = match schema["$ref"].as_str() {
        Some(name) => &DOCUMENT["definitions"][name.rsplit('/').next().unwrap()],
        None => schema,
    };
    let object = schema.get("properties").is_some();
    if let (true, Value::Array(items)) = (object, value) {
        // Of some lists the document describes the item only.
        return items.iter().for_each(|item| fits(schema, item, at, wrong));
    }
    let good = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(_) | None => !object || value.is_object(),
    };
    if !good {
        wrong.push(format!("{at}: {value} is no {}", schema["type"]));
    }
    if let (Some(properties), Value::Object(fields)) = (schema["properties"].as_object(), value) {
        for (name, field) in fields {
            match properties.get(name) {
                Some(schema) => fits(schema, field, &format!("{at}/{name}"), wrong),
                None if is_newer(name) => {}
                None => wrong.push(format!("{at}/{name}: the document has no such attribute")),
            }
        }
    }
    if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
        values
            .iter()
            .for_each(|value| fits(items, value, at, wrong));
    }
}

/// Attributes that GitLab answers and its document of August 2025 leaves out.
fn is_newer(name: &str) -> bool {
    // The pipelines' list names its entity without the metadata that it has.
    name == "name"
}

#[test]
fn every_endpoint_is_in_gitlabs_document_or_says_where_it_is_described() {
    for endpoint in ENDPOINTS {
        let documented =
            DOCUMENT["paths"][endpoint.path].get(endpoint.method.as_str().to_lowercase());
        assert_eq!(
            documented.is_some(),
            endpoint.described.is_none(),
            "{} {}",
            endpoint.method,
            endpoint.path
        );
    }
}

#[test]
fn a_wrong_type_is_noticed() {
    let mut wrong = Vec::new();
    let schema = serde_json::json!({ "$ref": "#/definitions/API_Entities_Ci_Pipeline" });
    fits(
        &schema,
        &serde_json::json!({ "id": "seven", "ref": "main" }),
        "",
        &mut wrong,
    );
    assert_eq!(wrong, ["/id: \"seven\" is no \"integer\""]);
}
