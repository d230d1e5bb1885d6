//! What the status keeps of effects: which are settled, and the audit records' chains.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The durable account of effects, kept in `status.effects`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectJournal {
    /// The intents of the latest stage whose outcome is known, each by its identity and, after an `@`, the epoch of the
    /// process that tried it. An intent in the object's annotation that is not listed here may or may not have happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 64)))]
    pub settled: Vec<String>,
    /// The head of the hash chain in each audit table this object's records went to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["provider"]))]
    pub chains: Vec<AuditChain>,
    /// Records that wait for their table, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub backlog: Vec<AuditEntry>,
}

/// The head of this object's chain of records in one provider's table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditChain {
    /// Name of the provider whose table it is.
    #[schemars(length(max = 63))]
    pub provider: String,
    /// SHA-256 of the newest record, hexadecimal.
    #[schemars(length(max = 64))]
    pub head: String,
    /// How many records the chain has.
    #[schemars(range(min = 0))]
    pub records: i64,
}

/// One audit record that is not in its table yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// The intent's identity, which becomes the record's.
    #[schemars(length(max = 64))]
    pub id: String,
    /// When the intent was made (RFC 3339, UTC).
    #[schemars(length(max = 40))]
    pub created_at: String,
    /// The provider whose table it goes to.
    #[schemars(length(max = 63))]
    pub provider: String,
    /// What was done, as a verb of ours.
    #[schemars(length(max = 64))]
    pub action: String,
    /// What it was done to.
    #[schemars(length(max = 512))]
    pub subject: String,
    /// Who asked for it: whoever had when it was decided, however long the record waits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 256))]
    pub requested_by: String,
    /// The generation of the object that asked for it.
    pub generation: i64,
    /// The epoch of the process that did it. 0 in entries of versions that did not keep it.
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub epoch: i64,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// The outside's own identity of what was made, such as a commit or pipeline number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub external_id: Option<String>,
    /// One sentence about the outcome.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1024))]
    pub message: String,
}

/// Epochs count from 1.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_unknown(epoch: &i64) -> bool {
    *epoch == 0
}

/// How an effect ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AuditOutcome {
    /// It happened.
    Success,
    /// It was tried and did not happen.
    Failed,
    /// It was refused by rights.
    Denied,
}
