//! What roles grant.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use super::asked::Asked;
use crate::failure::{Doing, Failure};

/// One right of one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The API group; empty for the core.
    pub group: String,
    /// The resource, a subresource after a slash.
    pub resource: String,
    /// The verb.
    pub verb: String,
    /// The namespace that it is granted in; everywhere where it is in none.
    pub namespace: Option<String>,
    /// The only object that it is granted for, where it is not all of them.
    pub name: Option<String>,
}

impl Right {
    /// Answers whether this right is what a request needs.
    #[must_use]
    pub fn allows(&self, asked: &Asked) -> bool {
        let same = |granted: &Option<String>, asked: &str| {
            granted.as_deref().is_none_or(|granted| granted == asked)
        };
        self.group == asked.group
            && self.resource == asked.resource
            && self.verb == asked.verb
            && same(&self.namespace, &asked.namespace)
            && same(&self.name, &asked.name)
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, " of {}", self.group)?;
        }
        if let Some(name) = &self.name {
            write!(f, " named {name}")?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in {namespace}"),
            None => Ok(()),
        }
    }
}

/// The rights that roles grant, all of them one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Granted(BTreeSet<Right>);

impl Granted {
    /// Reads roles: YAML documents of ClusterRoles and Roles.
    pub fn read(roles: &str) -> Result<Self, Failure> {
        let what = || "read roles".to_owned();
        let mut rights = BTreeSet::new();
        for document in roles.split("---\n").filter(|text| !text.trim().is_empty()) {
            let role: Role = serde_saphyr::from_str(document).doing(what)?;
            let namespace = match role.kind.as_str() {
                "ClusterRole" => None,
                "Role" => Some(role.metadata.namespace.unwrap_or_else(|| "default".into())),
                other => return Err(Failure::new(format!("a {other} is no role"))),
            };
            for rule in role.rules {
                rights.extend(rule.rights(namespace.as_ref()));
            }
        }
        Ok(Self(rights))
    }

    /// Answers the rights.
    #[must_use]
    pub fn rights(&self) -> &BTreeSet<Right> {
        &self.0
    }
}

#[derive(Debug, Deserialize)]
struct Role {
    kind: String,
    metadata: Metadata,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(default)]
    api_groups: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    resource_names: Vec<String>,
    verbs: Vec<String>,
}

impl Rule {
    fn rights(&self, namespace: Option<&String>) -> Vec<Right> {
        let names: Vec<Option<&String>> = match self.resource_names.as_slice() {
            [] => vec![None],
            names => names.iter().map(Some).collect(),
        };
        let mut rights = Vec::new();
        for group in &self.api_groups {
            for resource in &self.resources {
                for verb in &self.verbs {
                    rights.extend(names.iter().map(|name| Right {
                        group: group.clone(),
                        resource: resource.clone(),
                        verb: verb.clone(),
                        namespace: namespace.cloned(),
                        name: name.cloned(),
                    }));
                }
            }
        }
        rights
    }
}
