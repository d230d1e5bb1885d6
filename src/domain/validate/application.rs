//! Rules of an Application, and of the values it gives its template.

use serde_json::{Map, Value};

use crate::api::{Application, ApplicationEnvironment, Variable};
use crate::domain::catalogue::ApplicationTemplate;
use crate::domain::finding::Finding;

use super::{check_keys, check_name, schema};

/// Every mistake in an application's name and spec that shows without looking at anything else.
pub fn application(application: &Application) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = application.metadata.name.as_deref().unwrap_or_default();
    let spec = &application.spec;
    schema::APPLICATION.check(spec, &mut findings);
    check_name(name, &mut findings);
    check_keys(
        "spec.environments",
        spec.environments.iter().map(|e| e.name.as_str()),
        &mut findings,
    );
    for environment in &spec.environments {
        let field = format!("spec.environments[{}].variables", environment.name);
        check_keys(
            &field,
            environment.variables.iter().map(|v| v.name.as_str()),
            &mut findings,
        );
        for variable in &environment.variables {
            check_variable(&field, variable, &mut findings);
        }
    }
    findings
}

fn check_variable(field: &str, variable: &Variable, findings: &mut Vec<Finding>) {
    let field = format!("{field}[{}]", variable.name);
    if variable.value.is_some() == variable.secret_arn.is_some() {
        findings.push(Finding::new(
            field.clone(),
            "set exactly one of value and secretArn",
        ));
    }
    let reserved = ["PORT", "PATH", "BASH_ENV", "ENV", "GIT_SSH_COMMAND"];
    let prefixes = ["HARMONIX_", "LD_", "CI_", "AWS_CONTAINER_"];
    if reserved.contains(&variable.name.as_str())
        || prefixes
            .iter()
            .any(|prefix| variable.name.starts_with(prefix))
    {
        findings.push(Finding::new(
            field,
            "this variable is set by the platform or would change how programs start; choose another name",
        ));
    }
}

/// The template's values in one environment (the application's, overridden there, with the
/// template's defaults), and every mistake in them.
pub fn parameters(
    template: &ApplicationTemplate,
    common: &Map<String, Value>,
    environment: &ApplicationEnvironment,
) -> (Map<String, Value>, Vec<Finding>) {
    let mut values = template.defaults();
    for (key, value) in common.iter().chain(&environment.parameters) {
        values.insert(key.clone(), value.clone());
    }
    let whole = Value::Object(values.clone());
    let findings = template
        .validator()
        .map(|validator| {
            let root = |finding: Finding| {
                let key = finding
                    .field
                    .split('.')
                    .nth(1)
                    .unwrap_or_default()
                    .to_owned();
                let field = if environment.parameters.contains_key(&key) {
                    finding.field.replacen(
                        "parameters",
                        &format!("spec.environments[{}].parameters", environment.name),
                        1,
                    )
                } else {
                    finding.field.replacen("parameters", "spec.parameters", 1)
                };
                Finding { field, ..finding }
            };
            schema::schema_findings(validator, &whole, "parameters")
                .into_iter()
                .map(root)
                .collect()
        })
        .unwrap_or_default();
    (values, findings)
}
