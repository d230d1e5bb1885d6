//! The shape of the audit records: how often each thing is told, by table, object, action and subject.

use std::collections::BTreeMap;

use super::{Facts, neutral};
use crate::chaos::evidence::Evidence;

/// Notes the records of what happened; answers how often refused tries are told.
pub fn tell(evidence: &Evidence, facts: &mut Facts<'_>) -> BTreeMap<String, usize> {
    let mut happened: BTreeMap<String, usize> = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for record in &evidence.records {
        let text = |name: &str| record.attributes.get(name).map_or("", String::as_str);
        let name = format!(
            "records in {}: {} {} {} {} asked for by {}",
            record.table,
            text("objectRef"),
            text("actionType"),
            text("actionName"),
            text("status"),
            text("initiatedBy"),
        );
        let name = neutral::text(&name, &evidence.run);
        let counts = if text("status") == "SUCCESS" {
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
