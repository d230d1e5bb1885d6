//! What people write, in short words.

use serde_json::Value;

pub use harmonix_dev::manifest::{application, environment, namespace, platform, provider};

/// The object with this value at this place.
pub fn with(mut object: Value, pointer: &str, value: impl Into<Value>) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = object
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("there is no {parent}"));
    match parent {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.into(),
        Value::Object(fields) => {
            fields.insert(key.to_owned(), value.into());
        }
        other => panic!("{other} has no fields"),
    }
    object
}
