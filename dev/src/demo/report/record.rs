//! What was done, as the audit tables have it.

use crate::demo::audit::{self, Record};
use crate::demo::text::{short_commits, table};

/// Tells the records, and whether their chains are whole.
pub fn records(records: &[Record]) -> String {
    let rows = records.iter().map(|record| {
        let text = |name: &str| record.get(name).to_owned();
        [
            record.get("createdAt").chars().skip(11).take(8).collect(),
            record.table.clone(),
            text("objectRef"),
            text("actionType"),
            short_commits(record.get("actionName")),
            text("initiatedBy"),
            text("status"),
        ]
    });
    let header = ["TIME", "TABLE", "OBJECT", "ACTION", "ON", "WHO", "OUTCOME"];
    let chains = audit::check(records);
    let verdict = if chains.problems.is_empty() {
        format!(
            "ok: {} records in {} chains; each names the hash of the one before it, and each hash is that of its record",
            records.len(),
            chains.count
        )
    } else {
        format!("MISSED: {}", chains.problems.join("; "))
    };
    format!("{}\n\n  {verdict}", table(header, rows))
}
