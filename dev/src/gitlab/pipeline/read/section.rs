//! Sections of a job that have a shape of their own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::spec::{Artifacts, EnvironmentSpec, RetryOn};
use super::part::{list, text};

/// Reads how often and for what a failed job is run again.
pub fn retry(value: Option<&Value>, at: &str) -> Result<RetryOn, String> {
    let at = format!("{at}:retry");
    let count = |value: Option<&Value>| match value.map(|value| value.as_u64()) {
        None => Ok(0),
        Some(Some(number @ 0..=2)) => Ok(u32::try_from(number).unwrap_or(0)),
        Some(Some(_)) => Err(format!("{at} config must be less than or equal to 2")),
        Some(None) => Err(format!("{at} config should be a hash or an integer")),
    };
    match value {
        None | Some(Value::Null) => Ok(RetryOn::default()),
        Some(Value::Object(object)) => Ok(RetryOn {
            max: count(object.get("max"))?,
            when: list(object.get("when"), &format!("{at}:when"))?
                .into_iter()
                .filter(|reason| reason != "always")
                .collect(),
            exit_codes: super::part::numbers(
                object.get("exit_codes"),
                &format!("{at}:exit_codes"),
            )?,
        }),
        number => Ok(RetryOn {
            max: count(number)?,
            ..RetryOn::default()
        }),
    }
}

/// Reads what a job leaves behind.
pub fn artifacts(value: Option<&Value>, at: &str) -> Result<Artifacts, String> {
    let at = format!("{at}:artifacts");
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(Artifacts::default());
    };
    let wrong = || format!("{at} config should be a hash");
    let object = value.as_object().ok_or_else(wrong)?;
    Ok(Artifacts {
        paths: list(object.get("paths"), &format!("{at}:paths"))?,
        exclude: list(object.get("exclude"), &format!("{at}:exclude"))?,
        when: text(object.get("when"), &format!("{at}:when"))?.unwrap_or_default(),
        dotenv: list(
            value.pointer("/reports/dotenv"),
            &format!("{at}:reports:dotenv"),
        )?,
    })
}

/// Reads the audiences of id tokens by variable.
pub fn id_tokens(value: Option<&Value>, at: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    let at = format!("{at}:id_tokens");
    let wrong = || format!("{at} config should be a hash");
    let object = match value {
        None | Some(Value::Null) => return Ok(Default::default()),
        Some(value) => value.as_object().ok_or_else(wrong)?,
    };
    object
        .iter()
        .map(|(name, token)| {
            let audiences = list(token.get("aud"), &format!("{at}:{name}:aud"))?;
            if audiences.is_empty() {
                return Err(format!("{at}:{name} config missing required keys: aud"));
            }
            Ok((name.clone(), audiences))
        })
        .collect()
}

/// Reads the environment a job works for.
pub fn environment(value: Option<&Value>, at: &str) -> Result<Option<EnvironmentSpec>, String> {
    let at = format!("{at}:environment");
    let plain = |name: String| EnvironmentSpec {
        name,
        url: None,
        action: "start".into(),
        tier: None,
    };
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(plain(name.clone()))),
        Some(Value::Object(object)) => {
            let name = text(object.get("name"), &format!("{at}:name"))?
                .ok_or_else(|| format!("{at}:name can't be blank"))?;
            Ok(Some(EnvironmentSpec {
                url: text(object.get("url"), &format!("{at}:url"))?,
                action: text(object.get("action"), &format!("{at}:action"))?
                    .unwrap_or_else(|| "start".into()),
                tier: text(
                    object.get("deployment_tier"),
                    &format!("{at}:deployment_tier"),
                )?,
                ..plain(name)
            }))
        }
        Some(_) => Err(format!("{at} config should be a hash or a string")),
    }
}
