//! Everything the demo needs before anything can be shown: tools, the controller's binary, a fresh world.

use std::path::Path;
use std::time::{Duration, Instant};

use kube::Client;
use tokio::process::Command;

use crate::failure::{Doing, Failure};
use crate::progress::Progress;
use crate::tools::{Cache, Tools, command};
use crate::world::controller::binary::{self, Profile};
use crate::world::controller::{Controller, Start};
use crate::world::layout::Layout;
use crate::world::name::checkout;
use crate::world::{Options, World, kubernetes};

const LIMIT: Duration = Duration::from_secs(60);
const EXAMPLE: &str = "examples/first-light";
const DEFINITIONS: &str = "crds";

/// The world with the controller in it.
#[derive(Debug)]
pub struct Stage {
    /// The tools it was made with.
    pub tools: Tools,
    /// The world.
    pub world: World,
    /// The controller.
    pub controller: Controller,
    /// How long tools and binary took; seconds where the caches are warm, many minutes where they are cold.
    pub preparation: Duration,
}

impl Stage {
    /// Sets everything up, in a fresh world of this kind.
    pub async fn set(name: &str, options: Options, progress: &Progress) -> Result<Self, Failure> {
        check_checkout()?;
        let since = Instant::now();
        let cache = Cache::of_user()?;
        let (tools, controller) = tokio::try_join!(
            Tools::ensure(progress),
            binary::given_or_built(&cache, Profile::Release, progress)
        )?;
        let preparation = since.elapsed();
        if Layout::of(&cache, name).ready().exists() {
            progress.say(&format!(
                "the world {name} is still there from before; it ends now, and a fresh one begins"
            ));
        }
        World::down(name, progress).await?;
        let (world, _made) = World::up(name, options, progress).await?;
        let controller = match world.start_controller(Start::of(controller)) {
            Ok(controller) => controller,
            Err(failure) => {
                World::down(name, progress).await?;
                return Err(failure);
            }
        };
        progress.say(&format!(
            "controller: started as process {}, with the rights of its own service account",
            controller.pid()
        ));
        Ok(Self {
            tools,
            world,
            controller,
            preparation,
        })
    }

    /// Answers a client with the administrator's rights.
    pub async fn client(&self) -> Result<Client, Failure> {
        kubernetes::client(&self.world.layout.administrator_kubeconfig()).await
    }

    /// Applies the example; answers what kubectl says of each object.
    pub async fn apply(&self) -> Result<Vec<String>, Failure> {
        let folder = checkout().join(EXAMPLE);
        let said = self
            .kubectl(&["apply", "--filename", &folder.to_string_lossy()])
            .await?;
        Ok(said.lines().map(str::to_owned).collect())
    }

    /// Runs kubectl as the administrator and answers what it says.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new(self.world.kubectl());
        command
            .arg("--kubeconfig")
            .arg(self.world.layout.administrator_kubeconfig())
            .args(arguments);
        command::output(command, LIMIT).await
    }
}

fn check_checkout() -> Result<(), Failure> {
    for (folder, what) in [
        (EXAMPLE, "the objects to apply"),
        (DEFINITIONS, "the resource definitions"),
    ] {
        let folder = checkout().join(folder);
        if !has_yaml(&folder).doing(|| format!("read {what} in {}", folder.display()))? {
            return Err(Failure::new(format!(
                "{what} are missing: there is no .yaml file in {}; restore the folder from the repository",
                folder.display()
            )));
        }
    }
    Ok(())
}

fn has_yaml(folder: &Path) -> std::io::Result<bool> {
    Ok(folder.read_dir()?.any(|entry| {
        entry.is_ok_and(|entry| entry.path().extension().is_some_and(|kind| kind == "yaml"))
    }))
}
