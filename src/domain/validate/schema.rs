//! The schema part of validation: the very schema that is applied to the API server.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use kube::CustomResourceExt;
use serde::Serialize;
use serde_json::Value;

use crate::api::{Application, Environment, EnvironmentProvider};
use crate::domain::finding::Finding;

/// A compiled schema of one kind's spec.
pub(super) struct SpecSchema(Option<Validator>);

pub(super) static PROVIDER: LazyLock<SpecSchema> =
    LazyLock::new(SpecSchema::of::<EnvironmentProvider>);
pub(super) static ENVIRONMENT: LazyLock<SpecSchema> = LazyLock::new(SpecSchema::of::<Environment>);
pub(super) static APPLICATION: LazyLock<SpecSchema> = LazyLock::new(SpecSchema::of::<Application>);

impl SpecSchema {
    fn of<K: CustomResourceExt>() -> Self {
        let crd = serde_json::to_value(K::crd()).unwrap_or_default();
        let spec = crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec");
        Self(spec.and_then(|spec| jsonschema::draft202012::new(spec).ok()))
    }

    /// Whether the schema compiled; proven by a test, since it depends on nothing but the code.
    #[cfg(test)]
    const fn is_usable(&self) -> bool {
        self.0.is_some()
    }

    /// Every place where `spec` breaks its schema.
    pub(super) fn check(&self, spec: &impl Serialize, findings: &mut Vec<Finding>) {
        let value = serde_json::to_value(spec).unwrap_or_default();
        if let Some(validator) = &self.0 {
            findings.extend(schema_findings(validator, &value, "spec"));
        }
    }
}

/// Every place where `value` breaks `validator`, as findings below `root`.
pub(super) fn schema_findings(validator: &Validator, value: &Value, root: &str) -> Vec<Finding> {
    validator
        .iter_errors(value)
        .map(|error| {
            let field = field(root, &error.instance_path().to_string());
            Finding::new(field, sentence(&error))
        })
        .collect()
}

/// `/environments/0/name` below `spec` is `spec.environments[0].name`, as the API server says it.
fn field(root: &str, pointer: &str) -> String {
    let mut out = root.to_owned();
    for part in pointer.split('/').skip(1) {
        if part.bytes().all(|b| b.is_ascii_digit()) {
            out.extend(["[", part, "]"]);
        } else {
            out.push('.');
            out.push_str(part);
        }
    }
    out
}

/// What is wrong and what to do. The value itself is left out: it may be long, or not for every eye.
fn sentence(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::Pattern { pattern } => format!("must match {pattern}"),
        ValidationErrorKind::MaxLength { limit } => {
            format!("is too long; use at most {limit} characters")
        }
        ValidationErrorKind::MinLength { limit } => {
            format!("is too short; use at least {limit} characters")
        }
        ValidationErrorKind::MaxItems { limit } => {
            format!("has too many items; use at most {limit}")
        }
        ValidationErrorKind::MinItems { limit } => format!("needs at least {limit} items"),
        ValidationErrorKind::MaxProperties { limit } => {
            format!("has too many fields; use at most {limit}")
        }
        ValidationErrorKind::Maximum { limit } => format!("must be at most {limit}"),
        ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}"),
        ValidationErrorKind::MultipleOf { multiple_of } => {
            format!("must be a multiple of {multiple_of}")
        }
        ValidationErrorKind::Enum { options } => format!("must be one of {options}"),
        ValidationErrorKind::Type { kind } => match kind {
            TypeKind::Single(kind) => format!("must be of type {kind}"),
            TypeKind::Multiple(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(|kind| kind.to_string()).collect();
                format!("must be of type {}", kinds.join(" or "))
            }
        },
        ValidationErrorKind::Required { property } => format!("needs the field {property}"),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("does not know {}; take it out", unexpected.join(", "))
        }
        // Keywords that our schemas do not use say it in the validator's own words.
        _ => error.masked().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_schema_of_every_kind_compiles() {
        assert!(PROVIDER.is_usable() && ENVIRONMENT.is_usable() && APPLICATION.is_usable());
    }

    #[test]
    fn every_keyword_of_ours_has_its_sentence() {
        let table = [
            (json!({ "pattern": "^a$" }), json!("b"), "must match ^a$"),
            (
                json!({ "maxLength": 1 }),
                json!("bb"),
                "is too long; use at most 1 characters",
            ),
            (
                json!({ "minLength": 2 }),
                json!("b"),
                "is too short; use at least 2 characters",
            ),
            (
                json!({ "maxItems": 0 }),
                json!([1]),
                "has too many items; use at most 0",
            ),
            (
                json!({ "minItems": 2 }),
                json!([1]),
                "needs at least 2 items",
            ),
            (
                json!({ "maxProperties": 0 }),
                json!({ "a": 1 }),
                "has too many fields; use at most 0",
            ),
            (json!({ "maximum": 1 }), json!(2), "must be at most 1"),
            (json!({ "minimum": 3 }), json!(2), "must be at least 3"),
            (
                json!({ "multipleOf": 2 }),
                json!(3),
                "must be a multiple of 2",
            ),
            (json!({ "enum": ["a"] }), json!("b"), "must be one of ["),
            (
                json!({ "type": "string" }),
                json!(2),
                "must be of type string",
            ),
            (json!({ "type": ["string", "null"] }), json!(2), " or "),
            (json!({ "required": ["a"] }), json!({}), "needs the field "),
            (
                json!({ "properties": { "b": {} }, "additionalProperties": false }),
                json!({ "a": 1 }),
                "; take it out",
            ),
        ];
        for (schema, value, wanted) in table {
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            let told: Vec<String> = validator
                .iter_errors(&value)
                .map(|e| sentence(&e))
                .collect();
            assert!(
                told.len() == 1 && told[0].contains(wanted),
                "{wanted}: {told:?}"
            );
        }
    }
}
