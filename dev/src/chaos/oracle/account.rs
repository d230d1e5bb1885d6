//! O3, the account: the set of audit records is the set of effects, each exactly once.
//!
//! - What bears its intent (commits, pipelines) has one record under that intent's identity, and every record of such
//!   a kind has one effect.
//! - Groups and projects are told by their paths: as many records of success as creations.
//! - Settings can be put twice under one intent, since nobody can see whether they were; so there are at least one and
//!   at most as many records as there were requests that took effect.
//! - Letting go has no effect but its record: one for each object that the controller released.
//! - Taking over has none either: at most one for each object, and never for one that made its project itself.
//! - A record of a failure tells of a request that was made and did nothing.
//! - An effect without a record is allowed only while its intent is open or its record waits in the status, and
//!   neither is where the object says that it is Ready.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::{Effect, effects};
use super::version::{identity, is_true, uid};
use super::{Action, Case, Finding, Proof, intent};
use crate::chaos::evidence::{Evidence, Record};

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
    found.extend(account.failures());
    found.extend(account.denials(evidence));
    found.extend(account.inserts(evidence));
    found.extend(waiting(evidence));
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

    /// Letting go: one record for each object that the controller released, if it has records at all.
    fn farewells(&self, evidence: &Evidence) -> Vec<Finding> {
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
    fn takeovers(&self) -> Vec<Finding> {
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

    /// Failures: something was tried, and nothing happened.
    fn failures(&self) -> Vec<Finding> {
        let mut found = Vec::new();
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
            if tries.next().is_none() {
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
    fn denials(&self, evidence: &Evidence) -> Vec<Finding> {
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

    /// What was put into the tables stands there, and nothing else does.
    fn inserts(&self, evidence: &Evidence) -> Vec<Finding> {
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

fn proof(effects: &[&Effect], entries: &[&Entry<'_>]) -> Vec<Proof> {
    let requests = effects.iter().map(|effect| Proof::Request(effect.request));
    requests
        .chain(entries.iter().map(|entry| entry.proof()))
        .collect()
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

/// What says that it is Ready has no record that waits.
fn waiting(evidence: &Evidence) -> Vec<Finding> {
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
