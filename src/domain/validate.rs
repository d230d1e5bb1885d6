//! The rules of the schema, checked again: objects older than a rule bypass admission.
//!
//! Bounds, patterns and enums come from the CustomResourceDefinitions themselves; what they say in
//! CEL is said here in Rust. `tests/admission.rs` applies one table to both.

mod application;
mod environment;
mod provider;
mod schema;

pub use application::{application, parameters};
pub use environment::environment;
pub use provider::provider;

use std::sync::LazyLock;

use regex::Regex;

use crate::api::{GITLAB_GROUP_ANNOTATION, pattern};

use super::finding::Finding;

/// What is wrong with the GitLab group that a namespace's annotation gives its applications.
pub fn namespace_group(group: &str) -> Option<Finding> {
    static GROUP: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(pattern::GROUP).ok());
    let fits = group.len() <= 255 && GROUP.as_ref().is_some_and(|regex| regex.is_match(group));
    (!fits).then(|| {
        Finding::new(
            "",
            format!(
                "the namespace's annotation {GITLAB_GROUP_ANNOTATION} is not the full path of a GitLab group; ask the platform team to correct it"
            ),
        )
    })
}

/// `metadata.name` of every kind is a label.
fn check_name(name: &str, findings: &mut Vec<Finding>) {
    let label = name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !label {
        findings.push(Finding::new(
            "",
            "metadata.name must be a label: lower-case letters, digits and '-', starting with a letter, no dots; choose such a name",
        ));
    }
}

/// Keys of a list that is a map must not repeat.
fn check_keys<'a>(field: &str, keys: impl Iterator<Item = &'a str>, findings: &mut Vec<Finding>) {
    let mut seen = std::collections::BTreeSet::new();
    for key in keys {
        if !seen.insert(key) {
            findings.push(Finding::new(field, format!("\"{key}\" is listed twice")));
        }
    }
}
