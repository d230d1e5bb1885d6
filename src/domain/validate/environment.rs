//! Rules of an Environment.

use crate::api::{Environment, NamespacesFrom};
use crate::domain::finding::Finding;

use super::{check_keys, check_name, schema};

/// Every mistake in an environment's name and spec.
pub fn environment(environment: &Environment) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = environment.metadata.name.as_deref().unwrap_or_default();
    let spec = &environment.spec;
    schema::ENVIRONMENT.check(spec, &mut findings);
    check_name(name, &mut findings);
    if name.len() > 32 {
        findings.push(Finding::new(
            "",
            "metadata.name must be at most 32 characters, since names in AWS and GitLab are made of it; choose a shorter one",
        ));
    }
    check_keys(
        "spec.providers",
        spec.providers.iter().map(|p| p.name.as_str()),
        &mut findings,
    );
    let allowed = &spec.allowed_namespaces;
    if (allowed.from == NamespacesFrom::Selector) != allowed.selector.is_some() {
        findings.push(Finding::new(
            "",
            "spec.allowedNamespaces.selector goes with from: Selector, and only with it; set from to Selector, or take the selector out",
        ));
    }
    let expressions = allowed
        .selector
        .iter()
        .flat_map(|s| s.match_expressions.iter().flatten());
    for expression in expressions {
        let takes_values = matches!(expression.operator.as_str(), "In" | "NotIn");
        if takes_values
            != expression
                .values
                .as_ref()
                .is_some_and(|values| !values.is_empty())
        {
            findings.push(Finding::new(
                format!("spec.allowedNamespaces.selector.matchExpressions[{}]", expression.key),
                "values goes with the operators In and NotIn, and only with them: add values, or use Exists or DoesNotExist",
            ));
        }
    }
    findings
}
