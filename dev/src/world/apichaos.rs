//! The proxy in front of the API server.
//!
//! It is a part of every scripted world: those are for tests, it is up in a moment, and whoever does not go through it
//! does not notice it. A world that really builds and runs is for people, and has no use for it.

use super::part::Recipe;
use super::rise::Rise;
use super::{Executor, Options};
use crate::failure::Failure;

/// Whether a world of this kind has the proxy.
pub fn is_wanted(options: Options) -> bool {
    match options.executor {
        Executor::Scripted => true,
        Executor::Real => false,
    }
}

/// Brings the proxy up, once the API server answers.
pub async fn rise(rise: &Rise<'_>) -> Result<(), Failure> {
    if !is_wanted(rise.world.options) {
        return Ok(());
    }
    let task = rise.progress.task("apichaos");
    let proxy = rise.start(recipe(rise))?;
    rise.listens(&proxy, rise.world.ports.apichaos).await?;
    task.done();
    Ok(())
}

fn recipe(rise: &Rise<'_>) -> Recipe {
    let layout = &rise.world.layout;
    let port = rise.world.ports.apichaos;
    let options = [
        ("--listen", format!("127.0.0.1:{port}")),
        (
            "--kubeconfig",
            layout
                .administrator_kubeconfig()
                .to_string_lossy()
                .into_owned(),
        ),
        (
            "--journal",
            layout.journal("apichaos").to_string_lossy().into_owned(),
        ),
    ];
    let arguments = options
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value]);
    rise.recipe(
        "apichaos",
        rise.program.clone(),
        std::iter::once("serve-apichaos".to_owned()).chain(arguments),
        &[port],
    )
}
