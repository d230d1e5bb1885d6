//! Secrets of a container, read with the rights of its execution role.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::End;
use super::plan::require;
use crate::aws::Gate;
use crate::aws::ecs::Key;
use crate::aws::identity::Principal;
use crate::aws::moto::Place;
use crate::aws::resource::Resource;

const FAILED: &str = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed";

/// Reads every secret a container definition names.
pub(super) async fn resolve(
    gate: &Gate,
    key: &Key,
    role: Option<&Principal>,
    secrets: &Value,
) -> Result<BTreeMap<String, String>, End> {
    let mut resolved = BTreeMap::new();
    for secret in secrets.as_array().into_iter().flatten() {
        let (name, from) = (secret["name"].as_str(), secret["valueFrom"].as_str());
        let (Some(name), Some(from)) = (name, from) else {
            continue;
        };
        let value = if from.starts_with("arn:") && from.contains(":secretsmanager:") {
            of_secrets_manager(gate, role, from).await?
        } else {
            of_ssm(gate, key, role, from).await?
        };
        resolved.insert(name.to_owned(), value);
    }
    Ok(resolved)
}

/// `arn:aws:secretsmanager:<region>:<account>:secret:<name>[:<json key>:<stage>:<version>]`
async fn of_secrets_manager(
    gate: &Gate,
    role: Option<&Principal>,
    from: &str,
) -> Result<String, End> {
    let fields: Vec<&str> = from.split(':').collect();
    let field = |at: usize| fields.get(at).copied().unwrap_or_default();
    let arn = fields.iter().take(7).copied().collect::<Vec<_>>().join(":");
    let action = "secretsmanager:GetSecretValue";
    require(gate, role, action, Resource::Arn(arn.clone()), FAILED).await?;
    let place = Place {
        region: field(3).to_owned(),
        account: field(4).to_owned(),
    };
    let mut asked = json!({ "SecretId": arn });
    for (at, name) in [(8, "VersionStage"), (9, "VersionId")] {
        if !field(at).is_empty() {
            asked[name] = field(at).into();
        }
    }
    let found = gate
        .moto
        .json(
            &place,
            "secretsmanager",
            "secretsmanager.GetSecretValue",
            &asked,
        )
        .await;
    let found = found.map_err(|refusal| missing(&arn, &refusal.message))?;
    let text = found["SecretString"].as_str().unwrap_or_default();
    if field(7).is_empty() {
        return Ok(text.to_owned());
    }
    let document: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    match &document[field(7)] {
        Value::Null => Err(missing(
            &arn,
            &format!("retrieved secret did not contain json key {}", field(7)),
        )),
        Value::String(text) => Ok(text.clone()),
        other => Ok(other.to_string()),
    }
}

/// A parameter's name, or its ARN.
async fn of_ssm(
    gate: &Gate,
    key: &Key,
    role: Option<&Principal>,
    from: &str,
) -> Result<String, End> {
    let (place, name) = match from.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "ssm", region, account, parameter] => {
            let name = parameter.strip_prefix("parameter").unwrap_or(parameter);
            (
                Place {
                    region: region.to_owned(),
                    account: account.to_owned(),
                },
                name,
            )
        }
        _ => (key.place.clone(), from),
    };
    let arn = format!(
        "arn:aws:ssm:{}:{}:parameter/{}",
        place.region,
        place.account,
        name.trim_start_matches('/')
    );
    require(
        gate,
        role,
        "ssm:GetParameters",
        Resource::Arn(arn.clone()),
        FAILED,
    )
    .await?;
    // A parameter without a path is named without the slash that its ARN has.
    let named = if name.matches('/').count() > 1 {
        name
    } else {
        name.trim_start_matches('/')
    };
    let asked = json!({ "Names": [named], "WithDecryption": true });
    let found = gate
        .moto
        .json(&place, "ssm", "AmazonSSM.GetParameters", &asked)
        .await;
    let found = found.map_err(|refusal| missing(&arn, &refusal.message))?;
    let value = found["Parameters"][0]["Value"].as_str().map(str::to_owned);
    value.ok_or_else(|| missing(&arn, "invalid ssm parameters"))
}

fn missing(arn: &str, why: &str) -> End {
    End::before_start(format!(
        "{FAILED}: unable to retrieve secret from {arn}: {why}"
    ))
}
