//! Intents: effects that are about to happen, durable in the object before they do.
//!
//! An intent's identity is made once. It goes into the commit's trailer, the pipeline's name and the
//! audit record, which is how an effect whose answer was lost is found again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::{EffectJournal, ReleaseStatus};

use super::lease::Epoch;
use super::target::Scope;

/// The trailer of our commits that carries an intent's identity.
pub const TRAILER: &str = "Harmonix-Intent";

/// The beginning of the word in a project's description that carries the identity of the intent it was
/// made by.
const WORD: &str = "harmonix-intent:";

/// The identity of one intent: a version 7 UUID without hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentId(String);

impl IntentId {
    /// Makes an identity from the time and 80 bits of entropy, both passed in.
    pub fn new(now: Timestamp, entropy: [u8; 10]) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &entropy).into_uuid();
        Self(id.simple().to_string())
    }

    /// Its 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A description that carries this identity.
    pub fn described(&self, description: &str) -> String {
        format!("{description}\n{WORD}{self}")
    }

    /// Whether a description carries this identity.
    pub fn is_in(&self, description: &str) -> bool {
        let mut words = description.split_whitespace();
        words.any(|word| word.strip_prefix(WORD) == Some(self.as_str()))
    }

    /// Reads an identity back; anything but 32 hexadecimal digits is none.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| Self(text.to_owned()))
    }
}

impl std::fmt::Display for IntentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A description without the identity of an intent.
pub fn undescribed(description: &str) -> String {
    let lines = description.lines().filter(|line| !line.starts_with(WORD));
    lines.collect::<Vec<_>>().join("\n")
}

/// One effect outside, as it is remembered: enough to find it again and to tell what it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// Make a GitLab group.
    CreateGroup {
        /// Its full path.
        path: String,
    },
    /// Make a GitLab project with its ownership marker.
    CreateProject {
        /// Its full path.
        path: String,
    },
    /// Take over a project that bears the object's mark and that nothing remembers. Nothing is sent: the
    /// record alone is the effect.
    TakeOver {
        /// Its full path.
        path: String,
    },
    /// Put files in place by one commit.
    CommitFiles {
        /// The project's full path.
        project: String,
        /// Digest of all owned files once it is done.
        files: String,
        /// Whether it is the one whose push starts a pipeline.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        first: bool,
    },
    /// Apply the project settings that GitLab takes only afterwards.
    ApplySettings {
        /// The project's full path.
        project: String,
        /// Digest of the settings.
        settings: String,
    },
    /// Start a pipeline that provisions a provider.
    Provision {
        /// The project's full path.
        project: String,
        /// Digest of the owned files it runs with.
        files: String,
        /// Value of the retry annotation it answers.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        retry: String,
    },
    /// Start a pipeline that builds the head of the default branch once more.
    Build {
        /// The project's full path.
        project: String,
        /// Value of the retry annotation it answers.
        retry: String,
    },
    /// Start a pipeline that deploys a release into one environment.
    Deploy {
        /// The project's full path.
        project: String,
        /// The environment.
        environment: String,
        /// What is deployed.
        release: ReleaseStatus,
        /// Digest of the environment's parameter file.
        configuration: String,
        /// Value of the retry annotation it answers.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        retry: String,
    },
    /// Let go of everything outside: the object is being deleted.
    LetGo {
        /// What stays behind, as a full path in GitLab.
        project: String,
    },
}

impl Action {
    /// The names of all.
    pub const NAMES: [&'static str; 9] = [
        "CreateGroup",
        "CreateProject",
        "TakeOver",
        "CommitFiles",
        "ApplySettings",
        "Provision",
        "Build",
        "Deploy",
        "LetGo",
    ];

    /// The audit record's `actionType`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateGroup { .. } => "CreateGroup",
            Self::CreateProject { .. } => "CreateProject",
            Self::TakeOver { .. } => "TakeOver",
            Self::CommitFiles { .. } => "CommitFiles",
            Self::ApplySettings { .. } => "ApplySettings",
            Self::Provision { .. } => "Provision",
            Self::Build { .. } => "Build",
            Self::Deploy { .. } => "Deploy",
            Self::LetGo { .. } => "LetGo",
        }
    }

    /// The audit record's `actionName`: what it was done to.
    pub fn subject(&self) -> String {
        match self {
            Self::CreateGroup { path } | Self::CreateProject { path } | Self::TakeOver { path } => {
                path.clone()
            }
            Self::CommitFiles { project, .. }
            | Self::ApplySettings { project, .. }
            | Self::Provision { project, .. }
            | Self::Build { project, .. }
            | Self::LetGo { project } => project.clone(),
            Self::Deploy {
                project,
                environment,
                release,
                ..
            } => {
                format!("{project}@{} -> {environment}", release.commit)
            }
        }
    }

    /// The name of the pipeline that this action starts, if it starts one.
    pub fn pipeline_name(&self, intent: &IntentId) -> Option<String> {
        match self {
            Self::Provision { .. } => Some(format!("provision {intent}")),
            Self::Build { .. } => Some(format!("build - {intent}")),
            Self::Deploy { environment, .. } => Some(format!("deploy {environment} {intent}")),
            Self::CreateGroup { .. }
            | Self::CreateProject { .. }
            | Self::TakeOver { .. }
            | Self::CommitFiles { .. }
            | Self::ApplySettings { .. }
            | Self::LetGo { .. } => None,
        }
    }
}

/// An action with its identity, as it stands in the object's annotation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// Its identity.
    pub id: IntentId,
    /// When it was made; the audit record's sort key.
    pub created_at: Timestamp,
    /// The provider whose audit table takes the record.
    pub ledger: String,
    /// Who asked for it when it was decided. Empty in intents of versions that did not keep it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub requested_by: String,
    /// The object's generation that it was decided on. 0 in intents of versions that did not keep it.
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub generation: i64,
    /// The epoch of the process that tried it last, or is about to: another one makes it its own before it tries it again.
    #[serde(default, skip_serializing_if = "Epoch::is_unknown")]
    pub epoch: Epoch,
    /// What is to happen.
    pub action: Action,
}

/// Generations count from 1.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_unknown(generation: &i64) -> bool {
    *generation == 0
}

impl Intent {
    /// What a status says of it once its outcome is known: its identity and the epoch of that try. What a process before
    /// tells late of its own try says nothing of a later one.
    pub fn settled_word(&self) -> String {
        if self.epoch.is_unknown() {
            return self.id.as_str().to_owned();
        }
        format!("{}@{}", self.id, self.epoch.number())
    }

    /// Whether an account of effects knows its outcome.
    pub fn is_settled(&self, journal: &EffectJournal) -> bool {
        let word = self.settled_word();
        journal.settled.contains(&word)
    }

    /// With what it did not keep taken from the object as it is now.
    #[must_use]
    pub fn completed(mut self, scope: &Scope) -> Self {
        if self.requested_by.is_empty() {
            self.requested_by.clone_from(&scope.requested_by);
        }
        if is_unknown(&self.generation) {
            self.generation = scope.generation;
        }
        self
    }
}

/// Reads the annotation. A damaged one is an error, never "no intents": guessing could repeat an effect.
///
/// # Errors
/// A sentence naming the annotation.
pub fn parse_intents(annotation: Option<&str>) -> Result<Vec<Intent>, String> {
    match annotation {
        None | Some("") => Ok(Vec::new()),
        Some(text) => serde_json::from_str(text).map_err(|error| {
            format!(
                "the annotation {} is damaged ({error})",
                crate::api::INTENTS_ANNOTATION
            )
        }),
    }
}

/// The annotation's text.
pub fn format_intents(intents: &[Intent]) -> String {
    // Intents are plain data without maps of odd keys, so serializing cannot fail.
    serde_json::to_string(intents).unwrap_or_default()
}
