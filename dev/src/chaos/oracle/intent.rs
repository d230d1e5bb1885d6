//! Intents: what objects said they were about to do, in all their versions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Action;
use super::version::identity;
use crate::chaos::evidence::Evidence;

/// The annotation that holds them.
pub const ANNOTATION: &str = "harmonix.io/intents";

/// An intent, as an object's annotation has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Its identity.
    pub id: String,
    /// What was to happen.
    pub action: Action,
    /// What to: the audit record's `actionName`.
    pub subject: String,
    /// The provider whose table takes the record.
    pub ledger: String,
    /// When it was made.
    pub created_at: String,
    /// Who asked for it.
    pub requested_by: String,
    /// The generation it was decided on.
    pub generation: Option<i64>,
    /// The epoch of the process that tried it, as this version has it.
    pub epoch: Option<i64>,
    /// The object, as audit records name it.
    pub object: String,
}

/// The intents in an object's annotation; none where it is damaged, which is not for this to judge.
pub fn of(object: &Value) -> Vec<Intent> {
    let text = object["metadata"]["annotations"][ANNOTATION].as_str();
    let list = text.and_then(|text| serde_json::from_str::<Vec<Value>>(text).ok());
    let owner = identity(object);
    list.into_iter()
        .flatten()
        .filter_map(|intent| read(&intent, &owner))
        .collect()
}

/// Those whose outcome the object's status does not know.
pub fn open(object: &Value) -> Vec<Intent> {
    let settled = object["status"]["effects"]["settled"].as_array();
    let is_settled = |intent: &Intent| {
        let word = match intent.epoch {
            Some(epoch) => format!("{}@{epoch}", intent.id),
            None => intent.id.clone(),
        };
        settled.is_some_and(|words| words.iter().any(|known| *known == word))
    };
    let mut open = of(object);
    open.retain(|intent| !is_settled(intent));
    open
}

/// Every intent that any version of any object ever held, by identity, as it was first seen.
pub fn ever(evidence: &Evidence) -> BTreeMap<String, Intent> {
    let versions = evidence.versions.iter().map(|version| &version.object);
    let mut ever = BTreeMap::new();
    for intent in versions.chain(&evidence.objects).flat_map(of) {
        ever.entry(intent.id.clone()).or_insert(intent);
    }
    ever
}

/// The epochs of every process that ever had an intent for its own, by its identity.
pub fn epochs(evidence: &Evidence) -> BTreeMap<String, BTreeSet<i64>> {
    let versions = evidence.versions.iter().map(|version| &version.object);
    let mut epochs: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for intent in versions.chain(&evidence.objects).flat_map(of) {
        epochs.entry(intent.id).or_default().extend(intent.epoch);
    }
    epochs
}

fn read(intent: &Value, object: &str) -> Option<Intent> {
    let text = |name: &str| intent[name].as_str().unwrap_or_default().to_owned();
    let does = &intent["action"];
    let part = |name: &str| does[name].as_str().unwrap_or_default();
    let action = Action::of_intent(does["do"].as_str()?)?;
    let subject = match action {
        Action::CreateGroup | Action::CreateProject | Action::TakeOver => part("path").to_owned(),
        Action::Deploy => {
            let commit = does["release"]["commit"].as_str().unwrap_or_default();
            format!("{}@{commit} -> {}", part("project"), part("environment"))
        }
        Action::CommitFiles
        | Action::ApplySettings
        | Action::Provision
        | Action::Build
        | Action::LetGo
        | Action::AssumeRole => part("project").to_owned(),
    };
    Some(Intent {
        id: text("id"),
        action,
        subject,
        ledger: text("ledger"),
        created_at: text("createdAt"),
        requested_by: text("requestedBy"),
        generation: intent["generation"].as_i64(),
        epoch: intent["epoch"].as_i64(),
        object: object.to_owned(),
    })
}
