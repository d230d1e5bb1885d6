//! Records that are all there is of their effect: letting go and taking over.

use std::collections::{BTreeMap, BTreeSet};

use super::{Account, Entry};
use crate::chaos::evidence::Evidence;
use crate::chaos::oracle::version::{identity, uid};
use crate::chaos::oracle::{Action, Finding, Proof};

impl Account<'_> {
    /// Letting go: one record for each object that the controller released, if it has records at all.
    pub(super) fn farewells(&self, evidence: &Evidence) -> Vec<Finding> {
        let mut found = Vec::new();
        let leaving: BTreeSet<&str> = evidence
            .versions
            .iter()
            .filter(|version| !version.object["metadata"]["deletionTimestamp"].is_null())
            .map(|version| uid(&version.object))
            .collect();
        let mut farewells: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
        for entry in self.successes(Action::LetGo) {
            farewells.entry(entry.of("uid")).or_default().push(entry);
        }
        for (uid, entries) in &farewells {
            let Some(first) = entries.first() else {
                continue;
            };
            if !leaving.contains(uid) {
                let sentence = format!("{} tells of an object that nobody deleted", first.called());
                found.push(Finding::new(sentence).with([first.proof()]));
            }
            if entries.len() > 1 {
                let sentence = format!(
                    "{} stands {} times, and an object goes once",
                    first.called(),
                    entries.len()
                );
                found.push(Finding::new(sentence).with(entries.iter().map(|entry| entry.proof())));
            }
        }
        for (version, uid, identity) in released(evidence) {
            let known = self.entries.iter().any(|entry| entry.of("uid") == uid);
            if known && !farewells.contains_key(uid) {
                let sentence = format!("{identity} was let go and no record says so");
                found.push(Finding::new(sentence).with([Proof::Version(version)]));
            }
        }
        found
    }

    /// Taking over: once in an object's life, and what it took over it did not make.
    pub(super) fn takeovers(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut by_object: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
        for entry in self.successes(Action::TakeOver) {
            by_object.entry(entry.of("uid")).or_default().push(entry);
        }
        for (uid, entries) in by_object {
            let Some(first) = entries.first() else {
                continue;
            };
            if entries.len() > 1 {
                let sentence = format!("{} stands {} times", first.called(), entries.len());
                found.push(Finding::new(sentence).with(entries.iter().map(|entry| entry.proof())));
            }
            let mut made = self.successes(Action::CreateProject);
            if let Some(made) = made.find(|made| made.of("uid") == uid) {
                let sentence = format!("{} tells of what the same object made", first.called());
                found.push(Finding::new(sentence).with([first.proof(), made.proof()]));
            }
        }
        found
    }
}

/// Objects that went because the controller took its finalizer away: the last version, uid, identity.
fn released(evidence: &Evidence) -> Vec<(usize, &str, String)> {
    let gone = evidence
        .versions
        .iter()
        .enumerate()
        .filter(|(_, version)| version.deleted);
    let mut released = Vec::new();
    for (at, version) in gone {
        let identity = identity(&version.object);
        let name = identity.split_once('/').map_or("", |(_, name)| name);
        let by_controller = evidence.requests.iter().any(|request| {
            let label = request.label.as_ref();
            request.took_effect()
                && request.resource.as_deref() == Some(name)
                && label
                    .is_some_and(|label| label.service == "kubernetes" && label.verb == "release")
        });
        if by_controller {
            released.push((at, uid(&version.object), identity));
        }
    }
    released
}
