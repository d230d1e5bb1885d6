//! Settled: a world in which nobody changes anything costs no writes anywhere, for minutes and across a restart of the
//! controller.
//!
//! What is counted stands in the journals of GitLab, AWS and Kubernetes; the controller says nothing meanwhile.

mod count;
pub mod log;
mod report;

use std::time::{Duration, Instant};

use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client};

use crate::demo::feed::KINDS;
use crate::demo::follow::follow;
use crate::demo::object::Object;
use crate::demo::stage::Stage;
use crate::failure::{Doing, Failure};
use crate::progress::Progress;
use crate::world::name::{checkout, of_checkout};
use crate::world::{self, Executor, Tasks, World, kubernetes};
use count::Journals;
use log::Log;

pub use report::Found;

/// A status that is written wakes its object once more; that belongs to what was before.
const SETTLING: Duration = Duration::from_secs(5);
/// How often the world is looked after meanwhile.
const LOOK: Duration = Duration::from_secs(1);

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name of the world; one that runs already is used as it is and left up.
    pub name: String,
    /// How long nothing is to be written.
    pub time: Duration,
}

/// Answers the name of this checkout's world for this.
#[must_use]
pub fn default_name() -> String {
    format!("settled-{}", of_checkout(checkout()))
}

/// Answers what a settled world cost. A world that had to be made for it ends with it; whoever drops the future has to
/// end it.
pub async fn run(options: &Options, progress: &Progress) -> Result<Found, Failure> {
    if let Ok(world) = World::load(&options.name) {
        return watch(&world, options.time, progress).await;
    }
    let scripted = world::Options {
        executor: Executor::Scripted,
        tasks: Tasks::None,
    };
    let mut stage = Stage::set(&options.name, scripted, progress).await?;
    let found = match follow(&mut stage, progress).await {
        Ok(_) => watch(&stage.world, options.time, progress).await,
        Err(failure) => Err(failure),
    };
    let ended = World::down(&options.name, progress).await;
    let found = found?;
    ended?;
    Ok(found)
}

async fn watch(world: &World, time: Duration, progress: &Progress) -> Result<Found, Failure> {
    let client = kubernetes::client(&world.layout.administrator_kubeconfig()).await?;
    all_ready(&client, "before").await?;
    tokio::time::sleep(SETTLING).await;
    let objects = all_ready(&client, "before").await?;
    let journals = Journals::of(world, &objects);

    let since = Instant::now();
    let begin = journals.length()?;
    let log = Log::of(world)?;
    let half = time / 2;
    wait(world, half, "until the restart of the controller", progress).await?;
    world.restart_controller().await?;
    progress.say("the controller was ended and started again");
    let rest = time.saturating_sub(since.elapsed());
    wait(world, rest, "until the end", progress).await?;
    let calls = journals.after(&begin)?;
    let lines = log.lines()?;
    let took = since.elapsed();

    Ok(Found {
        world: world.name.clone(),
        objects: all_ready(&client, "after").await?.len(),
        restarted: half,
        took,
        calls,
        lines,
    })
}

/// Waits, and fails at once when a part of the world does.
async fn wait(
    world: &World,
    time: Duration,
    until: &str,
    progress: &Progress,
) -> Result<(), Failure> {
    let task = progress.task("settled");
    let since = Instant::now();
    loop {
        let left = time.saturating_sub(since.elapsed());
        if left.is_zero() {
            task.done();
            return Ok(());
        }
        world.check()?;
        task.note(format!("{} s {until}", left.as_secs()));
        tokio::time::sleep(left.min(LOOK)).await;
    }
}

/// Answers all objects, each of which has to be Ready.
async fn all_ready(client: &Client, when: &str) -> Result<Vec<Object>, Failure> {
    let mut objects = Vec::new();
    for kind in KINDS {
        let resource =
            ApiResource::from_gvk(&GroupVersionKind::gvk("harmonix.io", "v1alpha1", kind));
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let found = api.list(&kube::api::ListParams::default()).await;
        let found = found.doing(|| format!("list objects of kind {kind}"))?;
        objects.extend(found.items.into_iter().map(|mut object| {
            // A list says once what its items are.
            object.types = Some(kube::core::TypeMeta {
                api_version: resource.api_version.clone(),
                kind: kind.to_owned(),
            });
            Object::of(&object)
        }));
    }
    let unready: Vec<String> = objects
        .iter()
        .filter(|object| !object.is_ready())
        .map(Object::title)
        .collect();
    if objects.is_empty() {
        return Err(Failure::new(
            "there is no object of ours in this world, so there is nothing that could be settled: apply examples/first-light first",
        ));
    }
    if !unready.is_empty() {
        return Err(Failure::new(format!(
            "the world is not settled {when}: {} not Ready",
            unready.join(", ")
        )));
    }
    Ok(objects)
}
