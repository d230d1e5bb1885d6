//! The table of what is accepted and what is rejected, as `tests/admission/*.yaml` have it. The tests
//! against the real API server (`dev/tests/admission.rs`) read it through this very file.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One file: everything about one kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The kind.
    pub kind: String,
    /// An object that is accepted.
    pub base: Value,
    /// Objects to create.
    pub rows: Vec<Row>,
    /// Objects to change.
    #[serde(default)]
    pub updates: Vec<Update>,
}

/// One object to create.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "each of the two readers needs its part")]
pub struct Row {
    /// What it is, in words.
    pub name: String,
    /// A JSON merge patch over the base.
    #[serde(default)]
    pub patch: Value,
    /// How many letters take the place of the text `…` in the patch.
    #[serde(default)]
    pub repeat: usize,
    /// Set when it must be accepted.
    #[serde(default)]
    pub accept: bool,
    /// A part of the message that rejects it.
    pub reject: Option<String>,
    /// That part as the controller says it, where the words differ.
    pub controller: Option<String>,
}

/// One change of an object that exists.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only the API server knows what was before")]
pub struct Update {
    /// What it is, in words.
    pub name: String,
    /// A JSON merge patch over the base: the object as it is.
    pub old: Value,
    /// A JSON merge patch over the base: the object as it is to be.
    pub new: Value,
    /// Set when it must be accepted.
    #[serde(default)]
    pub accept: bool,
    /// A part of the message that rejects it.
    pub reject: Option<String>,
}

/// Every table below the folder.
pub fn read(folder: &Path) -> Vec<Table> {
    ["provider", "environment", "application"]
        .iter()
        .map(|name| {
            let path = folder.join(format!("{name}.yaml"));
            let text = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            serde_saphyr::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

impl Table {
    /// The object of a row.
    pub fn object(&self, row: &Row) -> Value {
        let letters = "a".repeat(row.repeat);
        let patch = serde_json::to_string(&row.patch)
            .unwrap()
            .replace('…', &letters);
        self.patched(&serde_json::from_str(&patch).unwrap())
    }

    /// The base with a patch.
    pub fn patched(&self, patch: &Value) -> Value {
        let mut object = self.base.clone();
        merge(&mut object, patch);
        object
    }
}

/// A JSON merge patch (RFC 7386); no patch at all changes nothing.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        if !patch.is_null() {
            *target = patch.clone();
        }
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let fields = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            fields.shift_remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}
