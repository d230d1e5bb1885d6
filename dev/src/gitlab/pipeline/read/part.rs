//! Small parts of the tree.

use serde_json::Value;

/// Reads a text; a number counts as its text.
pub fn text(value: Option<&Value>, at: &str) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            Err(format!("{at} config should be a string"))
        }
    }
}

/// Reads a flag.
pub fn flag(value: Option<&Value>, at: &str) -> Result<Option<bool>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(format!("{at} config should be a boolean value")),
    }
}

/// Reads a list of texts, or one text.
pub fn list(value: Option<&Value>, at: &str) -> Result<Vec<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(value) => flat(value)
            .into_iter()
            .map(|item| {
                scalar(item).ok_or_else(|| format!("{at} config should be an array of strings"))
            })
            .collect(),
    }
}

/// Reads a list of numbers, or one number.
pub fn numbers(value: Option<&Value>, at: &str) -> Result<Vec<i32>, String> {
    let wrong = || format!("{at} config should be an array of integers or an integer");
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(value) => flat(value)
            .into_iter()
            .map(|item| {
                item.as_i64()
                    .and_then(|n| i32::try_from(n).ok())
                    .ok_or_else(wrong)
            })
            .collect(),
    }
}

/// Reads `exists` and `changes`: a list of paths, or an object with it.
pub fn paths(value: Option<&Value>, at: &str) -> Result<Option<Vec<String>>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => list(object.get("paths"), at).map(Some),
        list_of_paths => list(list_of_paths, at).map(Some),
    }
}

/// Reads a script: lists may be nested.
pub fn script(value: Option<&Value>, at: &str) -> Result<Vec<String>, String> {
    let wrong = || {
        format!("{at} config should be a string or a nested array of strings up to 10 levels deep")
    };
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(value) => flat(value)
            .into_iter()
            .map(|line| scalar(line).ok_or_else(wrong))
            .collect(),
    }
}

/// Answers the items of a list, nested lists opened; anything else is a list of one.
pub fn flat(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        other => vec![other],
    }
}

/// Answers the text of a value that has no parts.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}
