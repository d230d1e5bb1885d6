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
use super::group::overlap;
use super::settings::Settings;

/// What is wrong with the GitLab group that a namespace's annotation gives its applications.
pub fn namespace_group(group: &str, settings: &Settings) -> Option<Finding> {
    static GROUP: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(pattern::GROUP).ok());
    let fits = group.len() <= 255 && GROUP.as_ref().is_some_and(|regex| regex.is_match(group));
    let problem = if !fits {
        "is not the full path of a GitLab group".to_owned()
    } else if overlap(group, &settings.providers_group) {
        format!(
            "is, is inside or is around {}, where the providers' projects are: whoever pushes there can build providers",
            settings.providers_group
        )
    } else {
        return None;
    };
    Some(Finding::new(
        "",
        format!(
            "the namespace's annotation {GITLAB_GROUP_ANNOTATION} {problem}; ask the platform team to correct it"
        ),
    ))
}

/// What is wrong with the GitLab group that a provider gives its project.
pub fn provider_group(group: &str, settings: &Settings) -> Option<Finding> {
    overlap(group, &settings.applications_group).then(|| {
        Finding::new(
            "spec.repository.group",
            format!(
                "is, is inside or is around {}, where the applications' projects are: their developers could build this provider; delete it and create it with another group",
                settings.applications_group
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
