//! Records of what did not happen: tries that failed, and roles that were refused.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Account, Entry};
use crate::chaos::evidence::{Evidence, Happening};
use crate::chaos::oracle::{Action, Finding, Proof};

impl Account<'_> {
    /// Failures: something was tried, and nothing happened.
    pub(super) fn failures(&self, evidence: &Evidence) -> Vec<Finding> {
        let mut found = Vec::new();
        let nameless = tokens_failed(evidence);
        for entry in self.entries.iter().filter(|entry| !entry.succeeded()) {
            let Some(action) = entry.action else { continue };
            if action == Action::AssumeRole {
                continue;
            }
            let about = entry.of("actionName");
            let path = about.split('@').next().unwrap_or_default();
            let mut tries = self.effects.iter().filter(|effect| {
                effect.action == action && effect.path == path && !effect.happened
            });
            if tries.next().is_none() && !nameless && !died_since(evidence, entry) {
                let sentence = format!(
                    "{} tells of a try, and no request of that kind failed",
                    entry.called()
                );
                found.push(Finding::new(sentence).with([entry.proof()]));
            }
            let done = self
                .effects
                .iter()
                .find(|effect| effect.happened && effect.intent.as_deref() == Some(entry.of("id")));
            if let Some(done) = done {
                let sentence = format!("{} tells of a failure, and it happened", entry.called());
                let proof = [entry.proof(), Proof::Request(done.request)];
                found.push(Finding::new(sentence).with(proof));
            }
        }
        found
    }

    /// Refused roles: no more records than refusals.
    pub(super) fn denials(&self, evidence: &Evidence) -> Vec<Finding> {
        let entries: Vec<&Entry<'_>> = self
            .entries
            .iter()
            .filter(|entry| entry.action == Some(Action::AssumeRole))
            .collect();
        let mut by_role: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
        for entry in entries {
            by_role
                .entry(entry.of("assumedRole"))
                .or_default()
                .push(entry);
        }
        let refused = |role: &str| {
            let of_role = evidence.requests.iter().filter(|request| {
                request.action == "sts:AssumeRole"
                    && (400..500).contains(&request.status)
                    && request.detail.get("RoleArn").is_some_and(|arn| arn == role)
            });
            of_role.count()
        };
        let more = by_role.into_iter().filter_map(|(role, entries)| {
            let refused = refused(role);
            (entries.len() > refused).then(|| {
                let sentence = format!(
                    "{} records say that {role} was refused, and it was {refused} times",
                    entries.len()
                );
                Finding::new(sentence).with(entries.into_iter().map(Entry::proof))
            })
        });
        more.collect()
    }
}

/// Whether the controller died after the intent of this record was written. Whether its request was sent nobody knows
/// then, and where the effect has become impossible meanwhile, since another object made the group first, the record
/// says so.
fn died_since(evidence: &Evidence, entry: &Entry<'_>) -> bool {
    let Ok(written) = entry.of("createdAt").parse::<Timestamp>() else {
        return false;
    };
    let mut moments = evidence.timeline.iter();
    moments.any(|moment| moment.what == Happening::Died && moment.time > written)
}

/// Whether the controller was without its token for a while. A try then has no request that bears its name: none was
/// sent, or with a token of nobody's.
fn tokens_failed(evidence: &Evidence) -> bool {
    evidence.timeline.iter().any(|moment| {
        matches!(&moment.what, Happening::Struck { fault } if fault.starts_with("the token file"))
    })
}
