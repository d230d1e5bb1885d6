//! The shape of the audit records: how often each thing is told, by table, object, action and subject.
//!
//! A group that several objects need is made by whichever of them comes first; the others are refused. So it is told
//! without its object and table, and refusals of it are not compared.

use std::collections::BTreeMap;

use super::{Facts, neutral};
use crate::chaos::evidence::Evidence;
use crate::chaos::oracle::Action;

/// Notes the records of what happened; answers how often refused tries are told.
pub fn tell(evidence: &Evidence, facts: &mut Facts<'_>) -> BTreeMap<String, usize> {
    let mut happened: BTreeMap<String, usize> = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for record in &evidence.records {
        let text = |name: &str| record.attributes.get(name).map_or("", String::as_str);
        let succeeded = text("status") == "SUCCESS";
        let is_group = text("actionType") == Action::CreateGroup.name();
        let place = match (is_group, succeeded) {
            (false, _) => format!(" in {}: {}", record.table, text("objectRef")),
            (true, true) => ":".to_owned(),
            (true, false) => continue,
        };
        let name = format!(
            "records{place} {} {} {} asked for by {}",
            text("actionType"),
            text("actionName"),
            text("status"),
            text("initiatedBy"),
        );
        let name = neutral::text(&name, &evidence.run);
        let counts = if succeeded {
            &mut happened
        } else {
            &mut refused
        };
        *counts.entry(name).or_default() += 1;
    }
    for (name, count) in happened {
        facts.note(&name, &count.to_string());
    }
    refused
}
