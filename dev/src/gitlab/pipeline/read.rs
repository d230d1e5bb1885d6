//! Reads jobs, variables and rules from the configuration's tree; errors are in GitLab's words.

use serde_json::{Map, Value};

use super::super::model::Variable;
use super::config::{Inherit, Template, Workflow};
use super::rule::Rule;
use super::spec::{JobSpec, Need, When};

mod duration;
mod part;
mod section;

use part::{list, scalar, text};

const KNOWN: [&str; 28] = [
    "script",
    "before_script",
    "after_script",
    "stage",
    "needs",
    "dependencies",
    "rules",
    "variables",
    "environment",
    "resource_group",
    "interruptible",
    "timeout",
    "retry",
    "artifacts",
    "allow_failure",
    "id_tokens",
    "when",
    "tags",
    "image",
    "services",
    "cache",
    "inherit",
    "extends",
    "coverage",
    "hooks",
    "identity",
    "manual_confirmation",
    "release",
];

/// Keywords of GitLab that change what runs and that the stand-in does not have: refused, never ignored.
const ABSENT: [&str; 9] = [
    "trigger", "parallel", "only", "except", "pages", "start_in", "run", "inputs", "secrets",
];

const DEFAULTS: [&str; 12] = [
    "after_script",
    "artifacts",
    "before_script",
    "cache",
    "hooks",
    "id_tokens",
    "image",
    "interruptible",
    "retry",
    "services",
    "tags",
    "timeout",
];

/// Reads one job.
pub fn job(name: &str, value: &Value, defaults: &Map<String, Value>) -> Result<Template, String> {
    let at = format!("jobs:{name}");
    let written = value
        .as_object()
        .ok_or_else(|| format!("{at} config should be a hash"))?;
    if let Some(key) = written.keys().find(|key| ABSENT.contains(&key.as_str())) {
        return Err(format!(
            "{at}:{key} is a keyword of GitLab that this stand-in does not run"
        ));
    }
    let unknown: Vec<&str> = written
        .keys()
        .map(String::as_str)
        .filter(|key| !KNOWN.contains(key))
        .collect();
    if !unknown.is_empty() {
        return Err(format!(
            "{at} config contains unknown keys: {}",
            unknown.join(", ")
        ));
    }
    let inherit = written.get("inherit");
    let inherit_default = inheritance(inherit, "default", &at)?;
    let mut job = written.clone();
    for key in DEFAULTS
        .into_iter()
        .filter(|key| inherit_default.takes(key))
    {
        if let Some(value) = defaults.get(key) {
            job.entry(key).or_insert_with(|| value.clone());
        }
    }
    let script = part::script(job.get("script"), &format!("{at}:script"))?;
    if script.is_empty() {
        return Err(format!("{at}:script can't be blank"));
    }
    let when = when(job.get("when"), &at)?;
    let (allow_failure, allowed_exit_codes) = allow_failure(job.get("allow_failure"), &at)?;
    let rules = job
        .get("rules")
        .map(|rules| self::rules(rules, &at))
        .transpose()?;
    if rules.is_some() && job.contains_key("when") {
        return Err(format!(
            "{at} config key may not be used with `rules`: when"
        ));
    }
    let spec = JobSpec {
        name: name.into(),
        stage: text(job.get("stage"), &format!("{at}:stage"))?.unwrap_or_else(|| "test".into()),
        before_script: part::script(job.get("before_script"), &format!("{at}:before_script"))?,
        script,
        after_script: part::script(job.get("after_script"), &format!("{at}:after_script"))?,
        variables: variables(job.get("variables"), &format!("{at}:variables"))?,
        when: when.unwrap_or(When::OnSuccess),
        allowed_exit_codes,
        // A job that waits for a person blocks nobody unless it says so.
        allow_failure: allow_failure.unwrap_or(when == Some(When::Manual)),
        needs: job
            .get("needs")
            .map(|value| needs(value, &at))
            .transpose()?,
        dependencies: job
            .get("dependencies")
            .map(|value| list(Some(value), &format!("{at}:dependencies")))
            .transpose()?,
        resource_group: text(job.get("resource_group"), &format!("{at}:resource_group"))?,
        interruptible: part::flag(job.get("interruptible"), &format!("{at}:interruptible"))?
            .unwrap_or(false),
        timeout: duration::read(job.get("timeout"), &format!("{at}:timeout"))?,
        retry: section::retry(job.get("retry"), &at)?,
        artifacts: section::artifacts(job.get("artifacts"), &at)?,
        id_tokens: section::id_tokens(job.get("id_tokens"), &at)?,
        environment: section::environment(job.get("environment"), &at)?,
        tags: list(job.get("tags"), &format!("{at}:tags"))?,
        image: match job.get("image") {
            Some(Value::Object(image)) => text(image.get("name"), &format!("{at}:image:name"))?,
            other => text(other, &format!("{at}:image"))?,
        },
    };
    Ok(Template {
        spec,
        rules,
        inherit_variables: inheritance(inherit, "variables", &at)?,
        allow_failure_given: job.contains_key("allow_failure"),
    })
}

fn inheritance(value: Option<&Value>, key: &str, at: &str) -> Result<Inherit, String> {
    match value.and_then(|inherit| inherit.get(key)) {
        None | Some(Value::Bool(true)) => Ok(Inherit::All),
        Some(Value::Bool(false)) => Ok(Inherit::None),
        names => Ok(Inherit::Named(list(names, &format!("{at}:inherit:{key}"))?)),
    }
}

fn when(value: Option<&Value>, at: &str) -> Result<Option<When>, String> {
    let Some(word) = text(value, &format!("{at}:when"))? else {
        return Ok(None);
    };
    match When::read(&word) {
        Some(when) => Ok(Some(when)),
        None => Err(format!(
            "{at} when should be one of: on_success, on_failure, always, manual, never"
        )),
    }
}

fn allow_failure(value: Option<&Value>, at: &str) -> Result<(Option<bool>, Vec<i32>), String> {
    match value {
        None | Some(Value::Null) => Ok((None, Vec::new())),
        Some(Value::Bool(flag)) => Ok((Some(*flag), Vec::new())),
        Some(Value::Object(object)) => {
            let codes = part::numbers(
                object.get("exit_codes"),
                &format!("{at}:allow_failure:exit_codes"),
            )?;
            Ok((Some(false), codes))
        }
        Some(_) => Err(format!(
            "{at}:allow_failure config should be a hash or a boolean value"
        )),
    }
}

/// Reads variables, in the file's order.
pub fn variables(value: Option<&Value>, at: &str) -> Result<Vec<Variable>, String> {
    let wrong = || format!("{at} config should be a hash");
    let object = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(value) => value.as_object().ok_or_else(wrong)?,
    };
    object
        .iter()
        .map(|(key, value)| {
            let (content, raw) = match value {
                Value::Object(detail) => (
                    detail
                        .get("value")
                        .cloned()
                        .unwrap_or_else(|| Value::String(String::new())),
                    detail.get("expand") == Some(&Value::Bool(false)),
                ),
                plain => (plain.clone(), false),
            };
            let value = scalar(&content).ok_or_else(|| {
                format!(
                    "{at}:{key} config should be a string, a number or a hash with value and expand"
                )
            })?;
            Ok(Variable {
                key: key.clone(),
                value,
                raw,
                file: false,
            })
        })
        .collect()
}

/// Reads the `workflow` section.
pub fn workflow(value: Option<&Value>) -> Result<Workflow, String> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(Workflow::default());
    };
    Ok(Workflow {
        name: text(value.get("name"), "workflow:name")?,
        rules: value
            .get("rules")
            .map(|rules| self::rules(rules, "workflow"))
            .transpose()?,
        auto_cancel: value
            .pointer("/auto_cancel/on_new_commit")
            .map(|value| text(Some(value), "workflow:auto_cancel:on_new_commit"))
            .transpose()?
            .flatten(),
    })
}

/// Reads a list of rules.
pub fn rules(value: &Value, at: &str) -> Result<Vec<Rule>, String> {
    let at = format!("{at}:rules");
    part::flat(value)
        .into_iter()
        .enumerate()
        .map(|(number, rule)| {
            let at = format!("{at}:rule{}", number + 1);
            let wrong = || format!("{at} config should be a hash");
            let rule = rule.as_object().ok_or_else(wrong)?;
            Ok(Rule {
                condition: text(rule.get("if"), &format!("{at}:if"))?,
                exists: part::paths(rule.get("exists"), &format!("{at}:exists"))?,
                changes: part::paths(rule.get("changes"), &format!("{at}:changes"))?,
                when: when(rule.get("when"), &at)?,
                allow_failure: part::flag(
                    rule.get("allow_failure"),
                    &format!("{at}:allow_failure"),
                )?,
                variables: variables(rule.get("variables"), &format!("{at}:variables"))?,
                needs: rule
                    .get("needs")
                    .map(|value| needs(value, &at))
                    .transpose()?,
                interruptible: part::flag(
                    rule.get("interruptible"),
                    &format!("{at}:interruptible"),
                )?,
                auto_cancel: rule
                    .get("auto_cancel")
                    .and_then(|value| value.get("on_new_commit"))
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            })
        })
        .collect()
}

fn needs(value: &Value, at: &str) -> Result<Vec<Need>, String> {
    let wrong = || format!("{at}:needs config has an invalid need");
    part::flat(value)
        .into_iter()
        .map(|need| match need {
            Value::String(job) => Ok(Need {
                job: job.clone(),
                artifacts: true,
                optional: false,
            }),
            Value::Object(need)
                if !need.contains_key("pipeline") && !need.contains_key("project") =>
            {
                Ok(Need {
                    job: text(need.get("job"), &format!("{at}:needs:job"))?.ok_or_else(wrong)?,
                    artifacts: part::flag(need.get("artifacts"), &format!("{at}:needs:artifacts"))?
                        .unwrap_or(true),
                    optional: part::flag(need.get("optional"), &format!("{at}:needs:optional"))?
                        .unwrap_or(false),
                })
            }
            _ => Err(wrong()),
        })
        .collect()
}
