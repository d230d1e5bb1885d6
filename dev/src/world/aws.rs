//! AWS: moto, and the gate in front of it.

use serde_json::json;

use super::Tasks;
use super::gitlab::ISSUER;
use super::part::Recipe;
use super::rise::Rise;
use crate::failure::{Doing, Failure};

/// Brings moto and the gate up; when this is done AWS answers.
pub async fn rise(rise: &Rise<'_>) -> Result<(), Failure> {
    let ports = rise.world.ports;
    let task = rise.progress.task("aws");
    write_configuration(rise)?;
    let moto = rise.start(moto(rise))?;
    let gate = rise.start(gate(rise))?;
    task.note("waiting for moto");
    rise.answers(&moto, &format!("http://127.0.0.1:{}/moto-api/", ports.moto))
        .await?;
    task.note("waiting for the gate");
    rise.listens(&gate, ports.aws).await?;
    rise.listens(&gate, ports.ecr).await?;
    task.done();
    Ok(())
}

fn write_configuration(rise: &Rise<'_>) -> Result<(), Failure> {
    let world = rise.world;
    let ports = world.ports;
    let identities: Vec<_> = world
        .identities
        .all()
        .map(|identity| {
            json!({
                "accessKeyId": identity.key.id,
                "secretAccessKey": identity.key.secret,
                "principal": identity.principal,
                "account": identity.account,
            })
        })
        .collect();
    let mode = match world.options.tasks {
        Tasks::Real => "run",
        Tasks::None => "none",
    };
    let configuration = json!({
        "listen": format!("127.0.0.1:{}", ports.aws),
        "moto": format!("http://127.0.0.1:{}", ports.moto),
        "registry": {
            "upstream": format!("127.0.0.1:{}", ports.registry),
            "listen": format!("127.0.0.1:{}", ports.ecr),
        },
        "identities": identities,
        "issuers": { ISSUER: format!("{}/oauth/discovery/keys", world.gitlab_url()) },
        "journal": world.layout.journal("aws"),
        "tasks": {
            "mode": mode,
            "folder": world.layout.path("tasks"),
            "logs": world.layout.path("logs"),
        },
    });
    let text = serde_json::to_vec_pretty(&configuration)
        .doing(|| "write the gate's configuration".into())?;
    world
        .layout
        .write(&world.layout.path("aws/gate.json"), text)
}

fn moto(rise: &Rise<'_>) -> Recipe {
    let port = rise.world.ports.moto;
    let arguments = ["-H", "127.0.0.1", "-p", &port.to_string()];
    rise.recipe(
        "moto",
        rise.tools.python.binary("moto_server"),
        arguments,
        &[port],
    )
}

fn gate(rise: &Rise<'_>) -> Recipe {
    let ports = rise.world.ports;
    let configuration = rise.world.layout.path("aws/gate.json");
    let arguments = ["serve-aws", "--config", &configuration.to_string_lossy()];
    rise.recipe(
        "gate",
        rise.program.clone(),
        arguments,
        &[ports.aws, ports.ecr],
    )
}
