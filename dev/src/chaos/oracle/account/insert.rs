//! What was put into the tables, and what is yet to be.

use std::collections::BTreeMap;

use super::Account;
use crate::chaos::evidence::Evidence;
use crate::chaos::oracle::version::{identity, is_true};
use crate::chaos::oracle::{Finding, Proof};

impl Account<'_> {
    /// What was put into the tables stands there, and nothing else does.
    pub(super) fn inserts(&self, evidence: &Evidence) -> Vec<Finding> {
        let mut put: BTreeMap<&str, usize> = BTreeMap::new();
        let mut found = Vec::new();
        for (at, request) in evidence.requests.iter().enumerate() {
            if request.action != "dynamodb:PutItem" || !request.took_effect() {
                continue;
            }
            let key = request.detail.get("key").map(|key| &key["id"]["S"]);
            let Some(id) = key.and_then(|id| id.as_str()) else {
                continue;
            };
            *put.entry(id).or_default() += 1;
            if !self.entries.iter().any(|entry| entry.of("id") == id) {
                let sentence =
                    format!("the record {id} was inserted and does not stand in a table");
                found.push(Finding::new(sentence).with([Proof::Request(at)]));
            }
        }
        for entry in &self.entries {
            let times = put.get(entry.of("id")).copied().unwrap_or_default();
            if times != 1 {
                let sentence = format!("{} was inserted {times} times", entry.called());
                found.push(Finding::new(sentence).with([entry.proof()]));
            }
        }
        found
    }
}

/// What says that it is Ready has no record that waits.
pub(super) fn waiting(evidence: &Evidence) -> Vec<Finding> {
    let mut found = Vec::new();
    for object in evidence
        .objects
        .iter()
        .filter(|object| is_true(object, "Ready"))
    {
        let backlog = object["status"]["effects"]["backlog"].as_array();
        for waits in backlog.into_iter().flatten() {
            let sentence = format!(
                "{} is Ready, and its record {} of {} still waits",
                identity(object),
                waits["id"],
                waits["action"]
            );
            found.push(Finding::new(sentence).text(waits.to_string()));
        }
    }
    found
}
