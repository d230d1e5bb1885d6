//! Users, their tokens and their roles.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A role in a group, ordered by power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May see.
    Guest,
    /// May read code.
    Reporter,
    /// May push to unprotected branches and start pipelines.
    Developer,
    /// May push to protected branches, change settings, write Terraform state.
    Maintainer,
    /// May delete.
    Owner,
}

impl Role {
    /// Answers GitLab's number for the role.
    pub fn level(self) -> u32 {
        match self {
            Self::Guest => 10,
            Self::Reporter => 20,
            Self::Developer => 30,
            Self::Maintainer => 40,
            Self::Owner => 50,
        }
    }
}

/// A user with one token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// Number.
    pub id: u64,
    /// User name.
    pub username: String,
    /// Name for people.
    pub name: String,
    /// Whether it stands for a machine.
    pub bot: bool,
    /// Whether it may do everything everywhere.
    pub administrator: bool,
    /// Roles by the full path of the group.
    pub groups: BTreeMap<String, Role>,
    /// Number of the token.
    pub token_id: u64,
    /// The token's text.
    pub token: String,
    /// What the token may be used for.
    pub scopes: Vec<String>,
    /// The day from which the token is refused.
    pub expires_at: Option<Date>,
    /// Whether the token was taken back.
    pub revoked: bool,
}

impl User {
    /// Answers the role in whatever lies at `path` or below: the highest of all groups above it.
    pub fn role_at(&self, path: &str) -> Option<Role> {
        if self.administrator {
            return Some(Role::Owner);
        }
        self.groups
            .iter()
            .filter(|(group, _)| within(path, group))
            .map(|(_, role)| *role)
            .max()
    }
}

fn within(path: &str, group: &str) -> bool {
    path == group
        || path
            .strip_prefix(group)
            .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn a_group_reaches_its_subgroups_and_not_its_namesakes() {
        assert!(within("aws-apps/shop/cart", "aws-apps"));
        assert!(within("aws-apps", "aws-apps"));
        assert!(!within("aws-apps-two/cart", "aws-apps"));
    }
}
