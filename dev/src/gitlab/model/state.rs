//! Terraform states that GitLab keeps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who holds a state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lock {
    /// The lock's id, chosen by Terraform.
    pub id: String,
    /// User name of the holder.
    pub who: String,
    /// Since when.
    pub created: Timestamp,
    /// What Terraform told about itself.
    pub info: Map<String, Value>,
}

/// One version of a state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StateVersion {
    /// Terraform's serial.
    pub serial: u64,
    /// The state as written.
    pub content: String,
}

/// A named state of a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TerraformState {
    /// Number.
    pub id: u64,
    /// The project.
    pub project_id: u64,
    /// The name.
    pub name: String,
    /// Who holds it.
    pub lock: Option<Lock>,
    /// All versions, oldest first.
    pub versions: Vec<StateVersion>,
}
