//! What is generated is committed, fresh, and complete: every field is described and bounded.
//!
//! `HARMONIX_UPDATE=1 cargo test --test domain generated` writes the files.

use std::path::{Path, PathBuf};

use harmonix::api::all_crds;
use serde_json::{Map, Value};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crds")
}

fn wanted() -> Vec<(String, String)> {
    all_crds()
        .iter()
        .map(|crd| {
            let text = serde_saphyr::to_string(crd).unwrap();
            (
                format!("{}.{}.yaml", crd.spec.names.plural, crd.spec.group),
                text,
            )
        })
        .collect()
}

#[test]
fn the_committed_crds_are_what_the_binary_prints() {
    let update = std::env::var_os("HARMONIX_UPDATE").is_some();
    if update {
        std::fs::create_dir_all(folder()).unwrap();
    }
    let mut names = Vec::new();
    for (name, text) in wanted() {
        let path = folder().join(&name);
        if update {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "crds/{name} is not fresh; run: HARMONIX_UPDATE=1 cargo test --test domain generated"
        );
        names.push(name);
    }
    let mut present: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    present.sort();
    names.sort();
    assert_eq!(
        present, names,
        "crds/ holds one file per kind and nothing else"
    );
}

#[test]
fn a_crd_reads_back_as_it_was_written() {
    for (crd, (name, text)) in all_crds().iter().zip(wanted()) {
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, serde_json::to_value(crd).unwrap(), "{name}");
    }
}

/// What is missing in a schema, node by node.
fn holes(path: &str, schema: &Map<String, Value>, out: &mut Vec<String>) {
    let has = |key: &str| schema.contains_key(key);
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
    let is_item = path.ends_with("[]") || path.ends_with("{}");
    if text("description").is_empty() && !is_item {
        out.push(format!("{path} has no description"));
    }
    match text("type") {
        "string" if !has("maxLength") && !has("enum") && text("format") != "date-time" => {
            out.push(format!("{path} is a string without bound"));
        }
        "array" if !has("maxItems") => out.push(format!("{path} is a list without bound")),
        "object" if has("additionalProperties") && !has("maxProperties") => {
            out.push(format!("{path} is a map without bound"));
        }
        _ => {}
    }
    if has("x-kubernetes-preserve-unknown-fields") && !has("maxProperties") {
        out.push(format!("{path} takes anything"));
    }
    if schema.get("additionalProperties") == Some(&Value::Bool(true)) {
        // The API server takes the values for empty objects and throws away what is in them.
        out.push(format!("{path} loses what is deeper"));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        holes(
            &format!("{path}.{name}"),
            property.as_object().unwrap(),
            out,
        );
    }
    for (key, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if let Some(inner) = schema.get(key).and_then(Value::as_object) {
            holes(&format!("{path}{mark}"), inner, out);
        }
    }
}

#[test]
fn every_field_is_described_and_bounded() {
    let mut out = Vec::new();
    for crd in all_crds() {
        let schema = serde_json::to_value(&crd).unwrap();
        let schema = schema
            .pointer("/spec/versions/0/schema/openAPIV3Schema")
            .and_then(Value::as_object)
            .unwrap();
        holes(&crd.spec.names.kind, schema, &mut out);
    }
    assert!(out.is_empty(), "{}", out.join("\n"));
}

#[test]
fn holes_in_a_schema_are_found() {
    let schema = serde_json::json!({
        "type": "object",
        "description": "A thing.",
        "properties": {
            "silent": { "type": "integer" },
            "long": { "type": "string", "description": "A text." },
            "many": { "type": "array", "description": "Some.", "items": { "type": "string" } },
            "map": { "type": "object", "description": "A map.", "additionalProperties": { "type": "integer" } },
            "lossy": { "type": "object", "description": "A map.", "maxProperties": 1, "additionalProperties": true },
            "any": { "description": "Anything.", "x-kubernetes-preserve-unknown-fields": true },
            "good": { "type": "string", "description": "A word.", "enum": ["a"] },
        },
    });
    let mut out = Vec::new();
    holes("T", schema.as_object().unwrap(), &mut out);
    assert_eq!(
        out,
        [
            "T.silent has no description",
            "T.long is a string without bound",
            "T.many is a list without bound",
            "T.many[] is a string without bound",
            "T.map is a map without bound",
            "T.lossy loses what is deeper",
            "T.any takes anything",
        ]
    );
}

#[test]
fn every_kind_starts_with_a_status_that_says_nobody_has_looked_yet() {
    for crd in all_crds() {
        let version = serde_json::to_value(&crd.spec.versions[0]).unwrap();
        let condition = version
            .pointer("/schema/openAPIV3Schema/properties/status/default/conditions/0")
            .unwrap();
        assert_eq!(
            (condition["type"].as_str(), condition["status"].as_str()),
            (Some("Ready"), Some("Unknown")),
            "{}",
            crd.spec.names.kind
        );
        assert!(
            version.pointer("/subresources/status").is_some(),
            "{}",
            crd.spec.names.kind
        );
    }
}
