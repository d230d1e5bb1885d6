//! Projects.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Role;

/// Who may see something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Members.
    Private,
    /// Everybody with an account.
    Internal,
    /// Everybody.
    Public,
}

impl Visibility {
    /// Reads GitLab's word for it.
    pub fn read(word: &str) -> Option<Self> {
        match word {
            "private" => Some(Self::Private),
            "internal" => Some(Self::Internal),
            "public" => Some(Self::Public),
            _ => None,
        }
    }

    /// Writes GitLab's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }
}

/// A branch that not everybody may push to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProtectedBranch {
    /// Number.
    pub id: u64,
    /// Branch name or wildcard.
    pub name: String,
    /// The least role that may push; nobody where absent.
    pub push: Option<Role>,
    /// The least role that may merge; nobody where absent.
    pub merge: Option<Role>,
    /// Whether history may be rewritten.
    pub allow_force_push: bool,
}

/// A project and its repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Project {
    /// Number; also the repository's folder.
    pub id: u64,
    /// Name for people.
    pub name: String,
    /// Last part of the path.
    pub path: String,
    /// Whole path.
    pub full_path: String,
    /// The group it lies in.
    pub namespace_id: u64,
    /// Text for people.
    pub description: Option<String>,
    /// Who may see it.
    pub visibility: Visibility,
    /// The default branch, once the repository has one.
    pub default_branch: Option<String>,
    /// The name that the first branch gets when a commit through the API makes it.
    pub initial_branch: String,
    /// Every other setting that was written, by its name in the API.
    pub settings: Map<String, Value>,
    /// Branches that not everybody may push to.
    pub protected_branches: Vec<ProtectedBranch>,
    /// Who made it.
    pub creator_id: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Whether it is read-only.
    pub archived: bool,
    /// When somebody asked for its deletion.
    pub marked_for_deletion_at: Option<Timestamp>,
    /// How many pipelines it had.
    pub pipelines: u64,
    /// How many deployments it had.
    pub deployments: u64,
}

impl Project {
    /// Answers a setting's value, or what GitLab has where nobody wrote one.
    pub fn setting(&self, name: &str) -> Value {
        self.settings
            .get(name)
            .cloned()
            .unwrap_or_else(|| default_setting(name))
    }

    /// Answers a setting that is a text.
    pub fn text_setting(&self, name: &str) -> Option<String> {
        self.setting(name)
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    /// Answers where the pipeline's configuration lies in the repository.
    pub fn ci_config_path(&self) -> String {
        self.text_setting("ci_config_path")
            .unwrap_or_else(|| ".gitlab-ci.yml".into())
    }

    /// Answers the protection of a branch.
    pub fn protection(&self, branch: &str) -> Option<&ProtectedBranch> {
        self.protected_branches
            .iter()
            .find(|p| crate::fault::matches_wildcard(&p.name, branch))
    }

    /// Says whether a role may push to a branch.
    pub fn may_push(&self, branch: &str, role: Option<Role>) -> bool {
        match self.protection(branch) {
            None => role >= Some(Role::Developer),
            Some(protection) => protection.push.is_some_and(|least| role >= Some(least)),
        }
    }
}

/// Answers what GitLab has where nobody wrote a setting.
pub fn default_setting(name: &str) -> Value {
    match name {
        "ci_config_path" => Value::String(String::new()),
        "build_git_strategy" => "fetch".into(),
        "build_timeout" => 3600.into(),
        "auto_cancel_pending_pipelines" => "enabled".into(),
        "ci_pipeline_variables_minimum_override_role" => "developer".into(),
        "ci_default_git_depth" => 20.into(),
        "merge_method" => "merge".into(),
        "squash_option" => "default_off".into(),
        "auto_devops_deploy_strategy" => "continuous".into(),
        "ci_push_repository_for_job_token_allowed"
        | "restrict_user_defined_variables"
        | "only_allow_merge_if_pipeline_succeeds"
        | "only_allow_merge_if_all_discussions_are_resolved"
        | "resolve_outdated_diff_discussions"
        | "auto_devops_enabled"
        | "emails_disabled"
        | "service_desk_enabled"
        | "merge_pipelines_enabled"
        | "merge_trains_enabled" => false.into(),
        "topics" | "tag_list" => Value::Array(Vec::new()),
        name if name.ends_with("_enabled") || name.ends_with("_allowed") => true.into(),
        name if name.ends_with("_access_level") => "enabled".into(),
        "public_jobs"
        | "keep_latest_artifact"
        | "autoclose_referenced_issues"
        | "remove_source_branch_after_merge"
        | "ci_separated_caches"
        | "ci_allow_fork_pipelines_to_run_in_parent_project"
        | "enforce_auth_checks_on_uploads" => true.into(),
        _ => Value::Null,
    }
}
