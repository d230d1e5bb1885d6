//! Groups.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Visibility;

/// A group or subgroup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    /// Number.
    pub id: u64,
    /// Name for people.
    pub name: String,
    /// Last part of the path.
    pub path: String,
    /// Whole path.
    pub full_path: String,
    /// The group it lies in.
    pub parent_id: Option<u64>,
    /// Text for people.
    pub description: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who may use pipeline variables in new projects; where absent, what the group it lies in says.
    /// GitLab has this for top-level groups only; a test may want it for a group of its own.
    #[serde(default)]
    pub pipeline_variables_role: Option<String>,
}
