//! O3, the account: the set of audit records is the set of effects, each exactly once.
//!
//! - What bears its intent (commits, pipelines) has one record under that intent's identity, and every record of such
//!   a kind has one effect.
//! - Groups and projects are told by their paths: as many records of success as creations.
//! - Settings can be put twice under one intent, since nobody can see whether they were; so there are at least one and
//!   at most as many records as there were requests that took effect.
//! - Letting go has no effect but its record: one for each object that the controller released.
//! - Taking over has none either: at most one for each object, and never for one that made its project itself.
//! - A record of a failure tells of a request that was made and did nothing; where the controller was without its token
//!   for a while, of one that could not be made, and where it died after it had written its intent down, of one that may
//!   have been made.
//! - An effect without a record is allowed only while its intent is open or its record waits in the status, and
//!   neither is where the object says that it is Ready.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::{Effect, effects};
use super::version::is_true;
use super::{Action, Case, Finding, Proof, intent};
use crate::chaos::evidence::{Evidence, Record};

mod farewell;
mod insert;
mod refusal;

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let evidence = case.evidence;
    let account = Account::of(evidence);
    let mut found = account.twice();
    found.extend(account.unknown());
    found.extend(account.by_intent());
    found.extend(account.by_path());
    found.extend(account.settings());
    found.extend(account.farewells(evidence));
    found.extend(account.takeovers());
    found.extend(account.failures(evidence));
    found.extend(account.denials(evidence));
    found.extend(account.inserts(evidence));
    found.extend(insert::waiting(evidence));
    found
}

struct Entry<'a> {
    at: usize,
    record: &'a Record,
    /// None where it is none of ours.
    action: Option<Action>,
}

impl Entry<'_> {
    fn of(&self, name: &str) -> &str {
        self.record.attributes.get(name).map_or("", String::as_str)
    }

    fn succeeded(&self) -> bool {
        self.of("status") == "SUCCESS"
    }

    fn called(&self) -> String {
        format!(
            "the record {} ({} {}, {}) of {}",
            self.of("id"),
            self.of("actionType"),
            self.of("actionName"),
            self.of("status"),
            self.of("objectRef")
        )
    }

    fn proof(&self) -> Proof {
        Proof::Record(self.at)
    }
}

struct Account<'a> {
    entries: Vec<Entry<'a>>,
    effects: Vec<Effect>,
    /// Identities of what may lack its record: open intents and waiting records.
    owed: BTreeSet<String>,
    /// Subjects of those, by action.
    owed_subjects: BTreeSet<(Action, String)>,
}

impl<'a> Account<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        let records = evidence.records.iter().enumerate();
        let entries = records.map(|(at, record)| Entry {
            at,
            record,
            action: record
                .attributes
                .get("actionType")
                .and_then(|name| Action::of_record(name)),
        });
        let mut owed = BTreeSet::new();
        let mut owed_subjects = BTreeSet::new();
        // What says that it is Ready owes nothing.
        let busy = evidence.objects.iter();
        for object in busy.filter(|object| !is_true(object, "Ready")) {
            for open in intent::open(object) {
                owed.insert(open.id);
                owed_subjects.insert((open.action, open.subject));
            }
            for waits in object["status"]["effects"]["backlog"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let text = |name: &str| waits[name].as_str().unwrap_or_default();
                owed.insert(text("id").to_owned());
                if let Some(action) = Action::of_record(text("action")) {
                    owed_subjects.insert((action, text("subject").to_owned()));
                }
            }
        }
        Self {
            entries: entries.collect(),
            effects: effects(evidence),
            owed,
            owed_subjects,
        }
    }

    fn successes(&self, action: Action) -> impl Iterator<Item = &Entry<'a>> {
        let of_action = move |entry: &&Entry<'_>| entry.action == Some(action);
        self.entries
            .iter()
            .filter(of_action)
            .filter(|entry| entry.succeeded())
    }

    fn happened(&self, action: Action) -> impl Iterator<Item = &Effect> {
        let of_action = move |effect: &&Effect| effect.action == action;
        self.effects
            .iter()
            .filter(of_action)
            .filter(|effect| effect.happened)
    }

    /// One identity, one record, in all tables together.
    fn twice(&self) -> Vec<Finding> {
        let mut by_id: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
        for entry in &self.entries {
            by_id.entry(entry.of("id")).or_default().push(entry);
        }
        let more = by_id.into_iter().filter(|(_, entries)| entries.len() > 1);
        let findings = more.map(|(id, entries)| {
            let first = entries
                .first()
                .map_or_else(String::new, |entry| entry.called());
            let sentence = format!("{} records bear the identity {id}: {first}", entries.len());
            Finding::new(sentence).with(entries.into_iter().map(Entry::proof))
        });
        findings.collect()
    }

    fn unknown(&self) -> Vec<Finding> {
        let strange = self.entries.iter().filter(|entry| entry.action.is_none());
        let findings = strange.map(|entry| {
            let sentence = format!("{} is of no kind that is known here", entry.called());
            Finding::new(sentence).with([entry.proof()])
        });
        findings.collect()
    }

    /// Commits and pipelines: each has the record that bears its intent.
    fn by_intent(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let kinds = [
            Action::CommitFiles,
            Action::Provision,
            Action::Build,
            Action::Deploy,
        ];
        for action in kinds {
            let mut effects: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
            for effect in self.happened(action) {
                let id = effect.intent.as_deref().unwrap_or_default();
                effects.entry(id).or_default().push(effect);
            }
            let records: BTreeMap<&str, &Entry<'_>> = self
                .successes(action)
                .map(|entry| (entry.of("id"), entry))
                .collect();
            for (id, effects) in &effects {
                if !records.contains_key(id) && !self.owed.contains(*id) {
                    let path = effects.first().map_or("", |effect| effect.path.as_str());
                    let sentence = format!(
                        "{} in {path} under the intent {id:?} happened and has no record",
                        action.name()
                    );
                    let proof = effects.iter().map(|effect| Proof::Request(effect.request));
                    found.push(Finding::new(sentence).with(proof));
                }
            }
            for (id, entry) in &records {
                if !effects.contains_key(id) {
                    let sentence = format!("{} tells of what never happened", entry.called());
                    found.push(Finding::new(sentence).with([entry.proof()]));
                }
            }
        }
        found
    }

    /// Groups and projects: as many records as creations, path by path.
    fn by_path(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for action in [Action::CreateGroup, Action::CreateProject] {
            for (path, (effects, entries)) in self.paired(action) {
                let owed = usize::from(self.owed_subjects.contains(&(action, path.to_owned())));
                let (made, told) = (effects.len(), entries.len());
                if told > made || told + owed < made {
                    let sentence = format!(
                        "{} {path} happened {made} times and {told} records of success tell of it",
                        action.name()
                    );
                    found.push(Finding::new(sentence).with(proof(&effects, &entries)));
                }
            }
        }
        found
    }

    fn settings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let action = Action::ApplySettings;
        for (path, (effects, entries)) in self.paired(action) {
            let is_owed = self.owed_subjects.contains(&(action, path.to_owned()));
            let (made, told) = (effects.len(), entries.len());
            if told > made || (made > 0 && told == 0 && !is_owed) {
                let sentence = format!(
                    "{} of {path} happened {made} times and {told} records of success tell of it",
                    action.name()
                );
                found.push(Finding::new(sentence).with(proof(&effects, &entries)));
            }
        }
        found
    }

    /// Effects and records of success of one kind, by path.
    fn paired(&self, action: Action) -> BTreeMap<&str, (Vec<&Effect>, Vec<&Entry<'a>>)> {
        let mut pairs: BTreeMap<&str, (Vec<&Effect>, Vec<&Entry<'a>>)> = BTreeMap::new();
        for effect in self.happened(action) {
            pairs.entry(&effect.path).or_default().0.push(effect);
        }
        for entry in self.successes(action) {
            pairs
                .entry(entry.of("actionName"))
                .or_default()
                .1
                .push(entry);
        }
        pairs
    }
}

fn proof(effects: &[&Effect], entries: &[&Entry<'_>]) -> Vec<Proof> {
    let requests = effects.iter().map(|effect| Proof::Request(effect.request));
    requests
        .chain(entries.iter().map(|entry| entry.proof()))
        .collect()
}
