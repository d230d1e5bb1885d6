//! O3, truth: what a record tells is what was intended, and what is there.
//!
//! - No effect without a durable intent: whatever happened in GitLab was held by an object before, and whatever is
//!   recorded was intended, in the very words of the intent.
//! - What a record calls its commit, pipeline or project is that.
//! - Every commit and pipeline that bears an intent of ours came from a request of the controller.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::effect::{Effect, effects};
use super::intent::{self, Intent};
use super::{Action, Case, Finding, Proof};
use crate::chaos::evidence::{Evidence, Project, Record};
use crate::journal::Entry;

/// A subject is cut there in a record.
const SUBJECT_LENGTH: usize = 400;

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let evidence = case.evidence;
    let intents = intent::ever(evidence);
    let epochs = intent::epochs(evidence);
    let effects = effects(evidence);
    let mut found = Vec::new();
    for (at, record) in evidence.records.iter().enumerate() {
        found.extend(judge_record(evidence, &intents, at, record));
        found.extend(judge_epoch(&epochs, at, record));
    }
    let happened = effects.iter().filter(|effect| effect.happened);
    found.extend(happened.filter_map(|effect| judge_effect(evidence, &intents, effect)));
    for project in &evidence.projects {
        found.extend(uncalled(project, &effects));
    }
    found
}

fn of<'a>(record: &'a Record, name: &str) -> &'a str {
    record.attributes.get(name).map_or("", String::as_str)
}

fn judge_record(
    evidence: &Evidence,
    intents: &BTreeMap<String, Intent>,
    at: usize,
    record: &Record,
) -> Vec<Finding> {
    let action = Action::of_record(of(record, "actionType"));
    let id = of(record, "id");
    let called = format!("the record {id} ({})", of(record, "actionType"));
    let Some(action) = action.filter(|action| *action != Action::AssumeRole) else {
        return Vec::new();
    };
    let Some(intent) = intents.get(id) else {
        // No watch shows every version while the API server comes and goes; the proxy saw every hold.
        if evidence
            .requests
            .iter()
            .any(|request| is_hold(request) && names(request, id))
        {
            return Vec::new();
        }
        let sentence = format!("{called} was never intended: no object ever held it");
        return vec![Finding::new(sentence).with([Proof::Record(at)])];
    };
    let generation = intent.generation.map(|generation| generation.to_string());
    let subject: String = intent.subject.chars().take(SUBJECT_LENGTH).collect();
    let told: String = of(record, "actionName")
        .chars()
        .take(SUBJECT_LENGTH)
        .collect();
    let pairs = [
        ("actionType", action.name(), intent.action.name()),
        ("actionName", told.as_str(), subject.as_str()),
        (
            "createdAt",
            of(record, "createdAt"),
            intent.created_at.as_str(),
        ),
        (
            "providerName",
            of(record, "providerName"),
            intent.ledger.as_str(),
        ),
        ("objectRef", of(record, "objectRef"), intent.object.as_str()),
        (
            "initiatedBy",
            of(record, "initiatedBy"),
            intent.requested_by.as_str(),
        ),
        (
            "generation",
            of(record, "generation"),
            generation.as_deref().unwrap_or_default(),
        ),
    ];
    let mut found: Vec<Finding> = pairs
        .into_iter()
        // What an intent does not keep is taken from the object, later.
        .filter(|(_, told, meant)| told != meant && !meant.is_empty())
        .map(|(name, told, meant)| {
            let sentence = format!("{called} says {name} {told:?}, and {meant:?} was intended");
            Finding::new(sentence).with([Proof::Record(at)])
        })
        .collect();
    let table = format!(
        "{}-{}-audit",
        of(record, "prefix"),
        of(record, "providerName")
    );
    if record.table != table {
        let sentence = format!(
            "{called} stands in {}, and belongs to {table}",
            record.table
        );
        found.push(Finding::new(sentence).with([Proof::Record(at)]));
    }
    if of(record, "status") == "SUCCESS" && !is_there(evidence, action, intent, record) {
        let sentence = format!(
            "{called} calls what it made {:?}, and there is no such thing in {}",
            of(record, "externalRequestId"),
            intent.subject
        );
        found.push(Finding::new(sentence).with([Proof::Record(at)]));
    }
    found
}

/// A record's epoch is that of a process that had the intent for its own.
fn judge_epoch(
    epochs: &BTreeMap<String, BTreeSet<i64>>,
    at: usize,
    record: &Record,
) -> Option<Finding> {
    let id = of(record, "id");
    // Whether there is such an intent at all is judged elsewhere.
    let had = epochs.get(id).filter(|had| !had.is_empty())?;
    let told = of(record, "epoch");
    let known = told.parse().is_ok_and(|told| had.contains(&told));
    (!known).then(|| {
        let sentence = format!(
            "the record {id} says epoch {told:?}, and no process of that epoch ever had its intent: {had:?} did"
        );
        Finding::new(sentence).with([Proof::Record(at)])
    })
}

/// Whether the commit, pipeline or project that a record names is there and is the intent's.
fn is_there(evidence: &Evidence, action: Action, intent: &Intent, record: &Record) -> bool {
    let named = of(record, "externalRequestId");
    let path = intent.subject.split('@').next().unwrap_or_default();
    let mut projects = evidence
        .projects
        .iter()
        .filter(|project| project.path == path);
    match action {
        Action::CommitFiles => projects.any(|project| {
            let mut own = project
                .commits
                .iter()
                .filter(|commit| commit["id"] == named);
            own.any(|commit| trailer(commit) == Some(&intent.id))
        }),
        Action::Provision | Action::Build | Action::Deploy => projects.any(|project| {
            let mut own = project
                .pipelines
                .iter()
                .filter(|pipeline| number(&pipeline["id"]) == named);
            own.any(|pipeline| pipeline["variables"]["HARMONIX_INTENT"] == intent.id.as_str())
        }),
        Action::CreateProject | Action::TakeOver => {
            projects.any(|project| number(&project.shown["id"]) == named)
        }
        Action::CreateGroup => evidence.groups.iter().any(|group| group == path),
        Action::ApplySettings | Action::LetGo | Action::AssumeRole => true,
    }
}

fn number(value: &Value) -> String {
    value.as_u64().map(|id| id.to_string()).unwrap_or_default()
}

/// The intent that a commit's trailer names.
fn trailer(commit: &Value) -> Option<&str> {
    let lines = commit["message"].as_str()?.lines();
    lines
        .filter_map(|line| line.strip_prefix("Harmonix-Intent: "))
        .next_back()
}

fn judge_effect(
    evidence: &Evidence,
    intents: &BTreeMap<String, Intent>,
    effect: &Effect,
) -> Option<Finding> {
    let about = |intent: &&Intent| {
        let path = intent.subject.split('@').next().unwrap_or_default();
        intent.action == effect.action && path == effect.path
    };
    let meant: Vec<&Intent> = match &effect.intent {
        Some(id) => intents.get(id).filter(about).into_iter().collect(),
        None if effect.action.bears_intent() => Vec::new(),
        None => intents.values().filter(about).collect(),
    };
    let called = format!("{} in {}", effect.action.name(), effect.path);
    let proof = [Proof::Request(effect.request)];
    let held_by_name = |id: &String| {
        let mut holds = evidence.requests.iter().filter(|request| is_hold(request));
        holds.any(|hold| names(hold, id))
    };
    if meant.is_empty() && effect.intent.as_ref().is_some_and(held_by_name) {
        return None;
    }
    if meant.is_empty() {
        let sentence = match &effect.intent {
            Some(id) => format!("{called} bears the intent {id}, and no object ever held it"),
            None => format!("{called} happened, and no object ever held an intent for it"),
        };
        return Some(Finding::new(sentence).with(proof));
    }
    let asked = evidence.requests.get(effect.request)?;
    let sent = asked.arrived.unwrap_or(asked.time);
    let mut holds = evidence.requests.iter().filter(|request| is_hold(request));
    let is_told = evidence
        .requests
        .iter()
        .any(|request| request.service == "kubernetes");
    let held = holds.any(|hold| hold.time <= sent && holds_any(hold, &meant));
    (is_told && !held).then(|| {
        let sentence = format!("{called} was asked for before the intent for it was durable");
        Finding::new(sentence).with(proof)
    })
}

/// A hold that was not refused. What the API server was told before it died may have happened.
fn is_hold(request: &Entry) -> bool {
    let label = request.label.as_ref();
    let is_hold = label.is_some_and(|label| label.service == "kubernetes" && label.verb == "hold");
    let unknown = request.status == 0 && request.fault.is_none();
    is_hold && (request.took_effect() || unknown)
}

fn names(hold: &Entry, id: &str) -> bool {
    let ids = hold.detail.get("intents").and_then(Value::as_array);
    ids.is_some_and(|ids| ids.iter().any(|known| known == id))
}

/// Whether a hold made one of these intents durable: by their identities where the journal has them, else by object.
fn holds_any(hold: &Entry, meant: &[&Intent]) -> bool {
    match hold.detail.get("intents").and_then(Value::as_array) {
        Some(ids) => meant
            .iter()
            .any(|intent| ids.iter().any(|id| *id == intent.id)),
        None => meant.iter().any(|intent| {
            let name = intent.object.split_once('/').map(|(_, name)| name);
            name == hold.resource.as_deref()
        }),
    }
}

/// Commits and pipelines that bear an intent, and that no request of the controller made.
fn uncalled(project: &Project, effects: &[Effect]) -> Vec<Finding> {
    let known = |id: &str| {
        let mut own = effects.iter().filter(|effect| effect.happened);
        own.any(|effect| effect.intent.as_deref() == Some(id))
    };
    let commits = project.commits.iter().filter_map(trailer);
    let pipelines = project
        .pipelines
        .iter()
        .filter_map(|pipeline| pipeline["variables"]["HARMONIX_INTENT"].as_str());
    let both = commits
        .map(|id| ("commit", id))
        .chain(pipelines.map(|id| ("pipeline", id)));
    both.filter(|(_, id)| !id.is_empty() && !known(id))
        .map(|(what, id)| {
            Finding::new(format!(
                "{} has a {what} under the intent {id}, and the controller asked for none",
                project.path
            ))
        })
        .collect()
}
