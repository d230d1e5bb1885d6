//! The AWS accounts, prepared as a person would: `examples/account`, applied by each account's administrator.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::failure::{Doing, Failure};
use crate::tools::command;
use crate::world::account::{DEVELOPMENT, PREFIX, PRODUCTION, REGION, ROLES};
use crate::world::environment;
use crate::world::gitlab::{ISSUER, PROVIDERS_GROUP};
use crate::world::name::checkout;
use crate::world::rise::Rise;

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Sets the accounts up.
pub async fn set_up(rise: &Rise<'_>) -> Result<(), Failure> {
    let layout = &rise.world.layout;
    let task = rise.progress.task("accounts");
    let folder = layout.path("accounts");
    let module = checkout().join("examples/account");
    let text = serde_json::to_vec_pretty(&configuration(rise, &module)?)
        .doing(|| "write the accounts' configuration".into())?;
    layout.write(&folder.join("main.tf.json"), text)?;

    task.note("terraform init");
    terraform(rise, &folder, &["init", "-no-color", "-input=false"]).await?;
    task.note("terraform apply");
    terraform(
        rise,
        &folder,
        &["apply", "-no-color", "-input=false", "-auto-approve"],
    )
    .await?;
    task.done();
    Ok(())
}

/// The module once for each account, with the account's administrator; one run makes both.
fn configuration(rise: &Rise<'_>, module: &Path) -> Result<Value, Failure> {
    let accounts = [("development", DEVELOPMENT), ("production", PRODUCTION)];
    let mut providers = Vec::new();
    let mut modules = Map::new();
    for (alias, account) in accounts {
        let administrator = rise
            .world
            .identities
            .administrator(account)
            .ok_or_else(|| {
                Failure::new(format!(
                    "account {account} has no administrator in {}",
                    rise.world.layout.record().display()
                ))
            })?;
        providers.push(json!({
            "alias": alias,
            "region": REGION,
            "access_key": administrator.key.id,
            "secret_key": administrator.key.secret,
        }));
        modules.insert(
            alias.to_owned(),
            json!({
                "source": module,
                "providers": { "aws": format!("aws.{alias}") },
                "gitlab_issuer": ISSUER,
                "providers_group": PROVIDERS_GROUP,
                "prefix": PREFIX,
                "roles": ROLES,
            }),
        );
    }
    Ok(json!({
        "terraform": { "required_providers": { "aws": { "source": "hashicorp/aws" } } },
        "provider": { "aws": providers },
        "module": modules,
    }))
}

async fn terraform(rise: &Rise<'_>, folder: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let layout = &rise.world.layout;
    let terraform = &rise.tools.terraform;
    let configuration = terraform.configuration(
        &folder.join("terraform.rc"),
        &rise.tools.cache.path("terraform-plugins"),
    )?;
    let mut command = Command::new(&terraform.program);
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment::base(layout.folder()))
        .env("AWS_ENDPOINT_URL", rise.world.aws_url())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("TF_CLI_CONFIG_FILE", configuration)
        .env("TF_IN_AUTOMATION", "true");
    command::run(command, &layout.log("setup"), LIMIT, |_| {}).await
}
