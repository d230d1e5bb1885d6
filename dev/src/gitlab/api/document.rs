//! The extract of GitLab's API document: which parameters there are, and of which type.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::super::params::Params;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    // The file is compiled in and read by a test; were it damaged, no parameter would be known.
    serde_json::from_str(include_str!("openapi.json")).unwrap_or_default()
});

/// Answers the given parameters that a body of this definition has, each in the document's type.
pub fn accepted(definition: &str, params: &Params) -> Result<Map<String, Value>, String> {
    let mut accepted = Map::new();
    let properties = DOCUMENT.pointer(&format!("/definitions/{definition}/properties"));
    for (name, schema) in properties.and_then(Value::as_object).into_iter().flatten() {
        if !params.has(name) {
            continue;
        }
        let value = match (
            schema.get("type").and_then(Value::as_str),
            params.value(name),
        ) {
            (_, None) => Value::Null,
            (Some("boolean"), Some(_)) => params
                .flag(name)
                .map(Value::Bool)
                .ok_or_else(|| wrong(name))?,
            (Some("integer"), Some(_)) => params
                .number(name)
                .map(Value::from)
                .ok_or_else(|| wrong(name))?,
            (Some("array"), Some(_)) => params.texts(name).into(),
            (Some("object"), Some(value)) => value.clone(),
            (Some(_) | None, Some(_)) => {
                Value::String(params.text(name).ok_or_else(|| wrong(name))?)
            }
        };
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !value.is_null()
            && !allowed.contains(&value)
        {
            return Err(format!("{name} does not have a valid value"));
        }
        accepted.insert(name.clone(), value);
    }
    Ok(accepted)
}

fn wrong(name: &str) -> String {
    format!("{name} is invalid")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_extract_is_readable() {
        assert!(
            super::DOCUMENT
                .pointer("/definitions/putApiV4ProjectsId/properties/name")
                .is_some()
        );
    }
}
