//! The start-up file: groups, users and the runner.
//!
//! ```json
//! {
//!   "groups": [{ "path": "aws-apps", "name": "Applications", "visibility": "private" }],
//!   "users": [{
//!     "username": "harmonix", "name": "Harmonix", "bot": true, "token": "glpat-…", "scopes": ["api"],
//!     "expires_at": "2030-01-01", "groups": { "aws-apps": "maintainer" }
//!   }],
//!   "runner": { "tags": ["harmonix"], "run_untagged": false }
//! }
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;

use super::model::{Data, Group, Role, Runner, User, Visibility};
use super::moment;

/// The start-up file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    #[serde(default)]
    groups: Vec<GroupSetup>,
    #[serde(default)]
    users: Vec<UserSetup>,
    runner: Option<Runner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupSetup {
    path: String,
    name: Option<String>,
    #[serde(default = "private")]
    visibility: Visibility,
}

fn private() -> Visibility {
    Visibility::Private
}

/// One user, as the start-up file and `POST /__users` write it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSetup {
    username: String,
    name: Option<String>,
    #[serde(default)]
    bot: bool,
    #[serde(default)]
    administrator: bool,
    token: Option<String>,
    scopes: Option<Vec<String>>,
    expires_at: Option<Date>,
    revoked: Option<bool>,
    groups: Option<BTreeMap<String, Role>>,
}

impl Setup {
    /// Reads the file.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("the start-up file {}: {error}", path.display()),
            )
        })?;
        serde_json::from_slice(&bytes).map_err(|error| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "the start-up file {} is not usable: {error}",
                    path.display()
                ),
            )
        })
    }

    /// Makes what is absent; users and the runner become what the file says.
    pub fn apply(self, data: &mut Data) -> io::Result<()> {
        if let Some(runner) = self.runner {
            data.runner = runner;
        }
        let mut groups = self.groups;
        // A parent is made before what lies in it.
        groups.sort_by_key(|group| group.path.matches('/').count());
        for group in groups {
            if data.group(&group.path).is_none() {
                make_group(data, group)?;
            }
        }
        for user in self.users {
            let name = user.username.clone();
            user.apply(data).map_err(|why| {
                io::Error::new(io::ErrorKind::InvalidData, format!("user {name}: {why}"))
            })?;
        }
        Ok(())
    }
}

fn make_group(data: &mut Data, setup: GroupSetup) -> io::Result<()> {
    let (parent, path) = match setup.path.rsplit_once('/') {
        None => (None, setup.path.clone()),
        Some((parent, path)) => {
            let parent = data.group(parent).map(|g| g.id).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "group {} lies in {parent}, which the start-up file does not name",
                        setup.path
                    ),
                )
            })?;
            (Some(parent), path.to_owned())
        }
    };
    let id = data.next_id();
    data.groups.insert(
        id,
        Group {
            id,
            name: setup.name.unwrap_or_else(|| path.clone()),
            path,
            full_path: setup.path,
            parent_id: parent,
            description: String::new(),
            visibility: setup.visibility,
            created_at: moment::now(),
            pipeline_variables_role: None,
        },
    );
    Ok(())
}

impl UserSetup {
    /// Makes the user or changes what is given of it.
    pub fn apply(self, data: &mut Data) -> Result<(), String> {
        let known = data.users.get(&self.username).cloned();
        let user = match known {
            Some(known) => User {
                name: self.name.unwrap_or(known.name),
                bot: self.bot || known.bot,
                administrator: self.administrator || known.administrator,
                token_id: match &self.token {
                    Some(token) if *token != known.token => data.next_id(),
                    Some(_) | None => known.token_id,
                },
                token: self.token.unwrap_or(known.token),
                scopes: self.scopes.unwrap_or(known.scopes),
                expires_at: self.expires_at.or(known.expires_at),
                revoked: self.revoked.unwrap_or(known.revoked),
                groups: self.groups.unwrap_or(known.groups),
                ..known
            },
            None => User {
                id: data.next_id(),
                token_id: data.next_id(),
                name: self.name.unwrap_or_else(|| self.username.clone()),
                bot: self.bot,
                administrator: self.administrator,
                token: self.token.ok_or("a new user needs a token")?,
                scopes: self.scopes.unwrap_or_else(|| vec!["api".into()]),
                expires_at: self.expires_at,
                revoked: self.revoked.unwrap_or(false),
                groups: self.groups.unwrap_or_default(),
                username: self.username,
            },
        };
        if let Some(group) = user.groups.keys().find(|group| data.group(group).is_none()) {
            return Err(format!("its group {group} does not exist"));
        }
        data.users.insert(user.username.clone(), user);
        Ok(())
    }
}
