//! The target of an Environment: what its providers add up to. It causes no effects.

use kube::ResourceExt;

use crate::api::condition::Reason;
use crate::api::{Environment, EnvironmentMemberStatus, EnvironmentProvider, NamespacesFrom};
use crate::domain::finding::Finding;
use crate::domain::identity::{Identity, Kind};
use crate::domain::settings::Settings;
use crate::domain::validate;
use crate::domain::version::NamespaceFacts;

use super::{Blocked, Scope, is_ready, scope};

/// What an environment's target is made from.
pub struct EnvironmentInput<'a> {
    /// The object.
    pub environment: &'a Environment,
    /// Its providers, in the order of the spec; none where one does not exist.
    pub providers: Vec<(String, Option<std::sync::Arc<EnvironmentProvider>>)>,
    /// How many applications name it.
    pub applications: usize,
}

/// An environment, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentSummary {
    /// Its providers.
    pub members: Vec<EnvironmentMemberStatus>,
    /// How many applications name it.
    pub applications: i32,
}

/// The scope of an environment.
pub fn scope_of(environment: &Environment, settings: &Settings) -> Scope {
    let identity = Identity {
        kind: Kind::Environment,
        namespace: String::new(),
        name: environment.name_any(),
    };
    scope(
        environment,
        identity,
        false,
        environment.spec.owner.as_deref(),
        settings,
    )
}

/// The target, or why there is none.
///
/// # Errors
/// Every mistake in the spec, and every provider that is missing or of another type.
pub fn environment(input: &EnvironmentInput<'_>) -> Result<EnvironmentSummary, Blocked> {
    let spec = &input.environment.spec;
    let findings = validate::environment(input.environment);
    if !findings.is_empty() {
        return Err(Blocked::invalid(&findings));
    }
    let mut mismatched = Vec::new();
    let mut missing = Vec::new();
    let mut members = Vec::new();
    for (name, provider) in &input.providers {
        let Some(provider) = provider else {
            missing.push(name.as_str());
            continue;
        };
        if provider.spec.r#type != spec.r#type {
            mismatched.push(Finding::new(
                format!("spec.providers[{name}]"),
                format!(
                    "is of type {}, the environment of type {}; use a provider of the same type",
                    provider.spec.r#type.as_str(),
                    spec.r#type.as_str()
                ),
            ));
        }
        let status = provider.status.as_ref();
        members.push(EnvironmentMemberStatus {
            name: name.clone(),
            ready: status.is_some_and(|s| is_ready(&s.conditions, provider.metadata.generation)),
            account: provider.spec.account.clone(),
            region: provider.spec.region.clone(),
        });
    }
    if !mismatched.is_empty() {
        return Err(Blocked::invalid(&mismatched));
    }
    if !missing.is_empty() {
        return Err(Blocked {
            stalled: false,
            reason: Reason::ReferenceNotFound,
            message: format!(
                "the EnvironmentProvider {} does not exist; create it, or take it out of spec.providers",
                missing.join(", ")
            ),
        });
    }
    let applications = i32::try_from(input.applications).unwrap_or(i32::MAX);
    Ok(EnvironmentSummary {
        members,
        applications,
    })
}

/// Whether applications of a namespace may use the environment.
pub fn admits(environment: &Environment, namespace: &NamespaceFacts) -> bool {
    let allowed = &environment.spec.allowed_namespaces;
    match allowed.from {
        NamespacesFrom::All => true,
        NamespacesFrom::None => false,
        NamespacesFrom::Selector => allowed.selector.as_ref().is_some_and(|selector| {
            let labels = &namespace.labels;
            let equal = selector
                .match_labels
                .iter()
                .flatten()
                .all(|(key, value)| labels.get(key) == Some(value));
            let expressions = selector
                .match_expressions
                .iter()
                .flatten()
                .all(|expression| {
                    let value = labels.get(&expression.key);
                    let listed = || {
                        value.is_some_and(|v| expression.values.iter().flatten().any(|x| x == v))
                    };
                    match expression.operator.as_str() {
                        "In" => listed(),
                        "NotIn" => !listed(),
                        "Exists" => value.is_some(),
                        "DoesNotExist" => value.is_none(),
                        // An operator we do not know admits nobody.
                        _ => false,
                    }
                });
            equal && expressions
        }),
    }
}
