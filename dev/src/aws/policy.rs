//! Policy documents: what one says about an action on a resource.
//!
//! The language is IAM's; of its condition operators those of [`condition`] are known. A condition that cannot be
//! judged never holds, so an `Allow` under it grants nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::resource::Resource;
use crate::fault::matches_wildcard;

pub mod condition;

pub use condition::Context;

/// A policy document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq)]
struct Statement {
    effect: Effect,
    principals: BTreeMap<String, Vec<String>>,
    except_principals: bool,
    actions: Matching,
    resources: Matching,
    conditions: Value,
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// Patterns of which one must match, or none may.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Matching {
    Any(Vec<String>),
    NoneOf(Vec<String>),
    Everything,
}

/// What a policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// A statement allows it and none denies it.
    Allow,
    /// A statement denies it.
    Deny,
    /// No statement applies.
    Nothing,
}

/// How a resource policy's statement names the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// By the account: the caller's own policies must allow it too.
    ByAccount,
    /// By its own ARN, or as anyone.
    Itself,
}

/// The caller as resource policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A principal in AWS.
    Aws {
        /// The ARNs it goes by: session and role.
        arns: Vec<String>,
        /// Its account.
        account: String,
    },
    /// Someone an OIDC provider vouches for, by the provider's ARN.
    Federated(String),
    /// An AWS service: `ecs-tasks.amazonaws.com`.
    Service(String),
}

impl Policy {
    /// Reads a document; what is not a policy says nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let document: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        let statements = match &document["Statement"] {
            Value::Array(statements) => statements.iter().filter_map(Statement::read).collect(),
            statement => Statement::read(statement).into_iter().collect(),
        };
        Self { statements }
    }

    /// Says whether any condition looks at a key that contains this text.
    #[must_use]
    pub fn mentions(&self, key: &str) -> bool {
        let keys = |conditions: &Value| {
            let operators = conditions.as_object().into_iter().flatten();
            let mut keys = operators.flat_map(|(_, keys)| keys.as_object().into_iter().flatten());
            keys.any(|(name, _)| name.contains(key))
        };
        self.statements
            .iter()
            .any(|statement| keys(&statement.conditions))
    }

    /// Says what this policy of an identity means for an action on a resource.
    #[must_use]
    pub fn says(&self, action: &str, resource: &Resource, context: &Context) -> Says {
        self.verdict(action, resource, context, |_| true)
    }

    /// Says what this policy of a resource means for a caller, and how the caller is named where it is allowed.
    #[must_use]
    pub fn says_of(
        &self,
        caller: &Caller,
        action: &str,
        resource: &Resource,
        context: &Context,
    ) -> (Says, Option<Named>) {
        let verdict = self.verdict(action, resource, context, |statement| {
            statement.names(caller).is_some()
        });
        let named = self
            .applying(action, resource, context)
            .filter(|statement| statement.effect == Effect::Allow)
            .filter_map(|statement| statement.names(caller))
            .max();
        (verdict, named.filter(|_| verdict == Says::Allow))
    }

    fn applying<'a>(
        &'a self,
        action: &'a str,
        resource: &'a Resource,
        context: &'a Context,
    ) -> impl Iterator<Item = &'a Statement> {
        self.statements.iter().filter(move |statement| {
            statement.actions.meets_action(action)
                && statement
                    .resources
                    .meets_resource(resource, statement.effect, context)
                && condition::holds(&statement.conditions, context)
        })
    }

    fn verdict(
        &self,
        action: &str,
        resource: &Resource,
        context: &Context,
        concerns: impl Fn(&Statement) -> bool,
    ) -> Says {
        let mut says = Says::Nothing;
        for statement in self
            .applying(action, resource, context)
            .filter(|s| concerns(s))
        {
            match statement.effect {
                Effect::Deny => return Says::Deny,
                Effect::Allow => says = Says::Allow,
            }
        }
        says
    }
}

impl Statement {
    fn read(value: &Value) -> Option<Self> {
        let effect = match value["Effect"].as_str()? {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            _ => return None,
        };
        let principal = value.get("Principal").or_else(|| value.get("NotPrincipal"));
        let principals = match principal {
            Some(Value::String(anyone)) => [("AWS".to_owned(), vec![anyone.clone()])].into(),
            Some(Value::Object(kinds)) => kinds
                .iter()
                .map(|(kind, names)| (kind.clone(), texts(names)))
                .collect(),
            _ => BTreeMap::new(),
        };
        Some(Self {
            effect,
            principals,
            except_principals: value.get("NotPrincipal").is_some(),
            actions: Matching::read(value, "Action", "NotAction"),
            resources: Matching::read(value, "Resource", "NotResource"),
            conditions: value.get("Condition").cloned().unwrap_or(Value::Null),
        })
    }

    fn names(&self, caller: &Caller) -> Option<Named> {
        let listed = |kind: &str| self.principals.get(kind).map_or(&[][..], Vec::as_slice);
        let named = match caller {
            Caller::Aws { arns, account } => listed("AWS")
                .iter()
                .filter_map(|name| {
                    if name == "*" || arns.contains(name) {
                        Some(Named::Itself)
                    } else if name == account || is_root_of(name, account) {
                        Some(Named::ByAccount)
                    } else {
                        None
                    }
                })
                .max(),
            Caller::Federated(provider) => listed("Federated")
                .contains(provider)
                .then_some(Named::Itself),
            Caller::Service(service) => {
                listed("Service").contains(service).then_some(Named::Itself)
            }
        };
        match (self.except_principals, named) {
            (false, named) => named,
            (true, Some(_)) => None,
            (true, None) => Some(Named::Itself),
        }
    }
}

fn is_root_of(arn: &str, account: &str) -> bool {
    arn.strip_suffix(":root")
        .is_some_and(|rest| rest.ends_with(&format!(":iam::{account}")))
}

impl Matching {
    fn read(statement: &Value, any: &str, none: &str) -> Self {
        match (statement.get(any), statement.get(none)) {
            (Some(patterns), _) => Self::Any(texts(patterns)),
            (None, Some(patterns)) => Self::NoneOf(texts(patterns)),
            // Trust and repository policies name no resource: they stand on it.
            (None, None) => Self::Everything,
        }
    }

    fn meets_action(&self, action: &str) -> bool {
        let action = action.to_lowercase();
        let met = |patterns: &[String]| {
            patterns
                .iter()
                .any(|pattern| matches_wildcard(&pattern.to_lowercase(), &action))
        };
        match self {
            Self::Any(patterns) => met(patterns),
            Self::NoneOf(patterns) => !met(patterns),
            Self::Everything => true,
        }
    }

    fn meets_resource(&self, resource: &Resource, effect: Effect, context: &Context) -> bool {
        let met = |patterns: &[String]| {
            patterns.iter().any(|pattern| {
                let pattern = condition::with_variables(pattern, context);
                match effect {
                    Effect::Allow => resource.may_match(&pattern),
                    Effect::Deny => resource.must_match(&pattern),
                }
            })
        };
        match self {
            Self::Any(patterns) => met(patterns),
            Self::NoneOf(patterns) => !met(patterns),
            Self::Everything => true,
        }
    }
}

/// Reads one text or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Bool(flag) => vec![flag.to_string()],
        Value::Number(number) => vec![number.to_string()],
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
