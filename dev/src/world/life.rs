//! How a world comes up, is found up again, and ends.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::account::Identities;
use super::layout::Layout;
use super::part::{Part, Register, write_whole};
use super::port::{self, Ports};
use super::rise::Rise;
use super::{
    Options, Tokens, World, apichaos, aws, environment, gitlab, kubernetes, name, program,
    registry, secret, setup, stop, usage,
};
use crate::failure::{Doing, Failure};
use crate::progress::{Progress, Task};
use crate::tools::cache::{empty, hold};
use crate::tools::{Cache, Tools, command};

/// What stays of a world that has ended, for whoever wants to know what happened.
const KEPT: [&str; 2] = ["logs", "journal"];
/// moto keeps what AWS has in memory: without it nothing of the accounts is left.
const IRREPLACEABLE: &str = "moto";

/// How [`World::up`] found the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was made.
    Made,
    /// It was up already.
    Up,
    /// It was up, and parts of it had stopped; they were started again.
    Repaired,
}

impl World {
    /// Brings the world of this name up, with all that is in it from the start; one that is up is left as it is, save
    /// that parts which have stopped are started again.
    pub async fn up(
        name: &str,
        options: Options,
        progress: &Progress,
    ) -> Result<(Self, Found), Failure> {
        name::check(name)?;
        let tools = Tools::ensure(progress).await?;
        let program = program::find("harmonix-dev", "HARMONIX_DEV")?;
        let layout = Layout::of(&tools.cache, name);
        let task = progress.task("world");
        let _held = hold_world(&tools.cache, name, &task).await?;
        if let Some(world) = Self::read(&layout)? {
            if layout.ready().exists()
                && world
                    .register()
                    .parts()?
                    .iter()
                    .any(|part| part.process.is_alive())
            {
                let found = world.find_up(&tools, options, progress, program).await?;
                return Ok((world, found));
            }
            // Something that never came up whole, or that ended with the machine, is of no use.
            world.end(&task).await?;
        }
        let world = Self::found(&tools, name, layout, options, &task).await?;
        drop(task);
        let rise = Rise::new(&world, &tools, progress, program);
        if let Err(failure) = rise_all(&rise).await {
            let _ = world.end(&progress.task("stopping what was started")).await;
            return Err(failure);
        }
        Ok((world, Found::Made))
    }

    /// Ends the world of this name: every process that belongs to it, and its files save logs and journals. Answers
    /// whether there was one.
    pub async fn down(name: &str, progress: &Progress) -> Result<bool, Failure> {
        name::check(name)?;
        let cache = Cache::of_user()?;
        let layout = Layout::of(&cache, name);
        if !layout.folder().exists() {
            return Ok(false);
        }
        let task = progress.task("stopping");
        let _held = hold_world(&cache, name, &task).await?;
        let Some(world) = Self::read(&layout)? else {
            return Ok(false);
        };
        world.end(&task).await?;
        Ok(true)
    }

    /// Answers the register of the world's parts.
    #[must_use]
    pub fn register(&self) -> Register {
        Register::of(self.layout.folder())
    }

    /// Writes down a new world, with ports that nobody has.
    async fn found(
        tools: &Tools,
        name: &str,
        layout: Layout,
        options: Options,
        task: &Task,
    ) -> Result<Self, Failure> {
        empty(layout.folder())?;
        for folder in ["logs", "journal", environment::HOME, environment::TEMPORARY] {
            let path = layout.path(folder);
            fs::create_dir_all(&path).doing(|| format!("make {}", path.display()))?;
        }
        let worlds = tools.cache.path("worlds");
        let _held = hold(&worlds.join(".ports.lock"), task).await?;
        let taken: BTreeSet<u16> = port::taken(&worlds);
        let ports = Ports::choose(&taken)?;
        let world = Self {
            name: name.to_owned(),
            layout,
            options,
            ports,
            tokens: Tokens {
                kubernetes: secret::text(32),
                gitlab_controller: format!("glpat-{}", secret::text(20)),
                gitlab_developer: format!("glpat-{}", secret::text(20)),
                gitlab_administrator: format!("glpat-{}", secret::text(20)),
                installation_key: secret::text(52),
            },
            identities: Identities::random(),
            node_image: format!(
                "127.0.0.1:{}/library/node@{}",
                ports.registry,
                tools.node_image.digest()?
            ),
        };
        write_whole(&world.layout.record(), &world)?;
        Ok(world)
    }

    /// Looks after a world that is up.
    async fn find_up(
        &self,
        tools: &Tools,
        options: Options,
        progress: &Progress,
        program: PathBuf,
    ) -> Result<Found, Failure> {
        if self.options != options {
            return Err(Failure::new(format!(
                "the world {0:?} is up with other options ({1}): end it first with `cargo dev down --name {0}`",
                self.name, self.options
            )));
        }
        // A controller is started by whoever wants one, and ends when it is told to.
        let stopped: Vec<Part> = self
            .register()
            .parts()?
            .into_iter()
            .filter(|part| {
                !part.process.is_alive() && !super::controller::is_controller(&part.recipe.name)
            })
            .collect();
        if let Some(part) = stopped
            .iter()
            .find(|part| part.recipe.name == IRREPLACEABLE)
        {
            return Err(Failure::new(format!(
                "{IRREPLACEABLE} has stopped by itself, and what was in AWS is gone with it: make the world anew with \
                 `cargo dev down --name {0} && cargo dev up --name {0}`; its log is {1}",
                self.name,
                part.recipe.log.display()
            ))
            .with_log(&part.recipe.log));
        }
        let rise = Rise::new(self, tools, progress, program);
        for part in &stopped {
            let task = progress.task(&part.recipe.name);
            task.note("starting it again");
            let started = rise.start(part.recipe.clone())?;
            for port in &part.recipe.ports {
                rise.listens(&started, *port).await?;
            }
            task.done();
        }
        Ok(if stopped.is_empty() {
            Found::Up
        } else {
            Found::Repaired
        })
    }

    /// Stops everything and removes what nobody will read.
    async fn end(&self, task: &Task) -> Result<(), Failure> {
        let folder = self.layout.folder();
        // From here on the world is not up, whatever comes.
        remove(&self.layout.ready()).await?;
        task.note("processes");
        let left = stop::stop(&self.register().parts()?, folder).await;
        if !left.is_empty() {
            let ids: Vec<String> = left.iter().map(|process| process.pid.to_string()).collect();
            return Err(Failure::new(format!(
                "these processes of the world {:?} do not end even when they are killed: {}; look at what they wait for (ps -o pid,stat,wchan,args -p PID)",
                self.name,
                ids.join(", ")
            )));
        }
        task.note("files");
        let what = || format!("remove what is in {}", folder.display());
        for entry in fs::read_dir(folder).doing(what)? {
            let entry = entry.doing(what)?;
            if !KEPT.iter().any(|kept| entry.file_name() == *kept) {
                remove(&entry.path()).await?;
            }
        }
        Ok(())
    }
}

/// Brings everything up, at the same time what does not wait for each other.
async fn rise_all(rise: &Rise<'_>) -> Result<(), Failure> {
    let cluster = async {
        kubernetes::rise(rise).await?;
        apichaos::rise(rise).await?;
        setup::cluster::set_up(rise).await
    };
    let accounts = async {
        aws::rise(rise).await?;
        setup::accounts::set_up(rise).await
    };
    tokio::try_join!(cluster, accounts, registry::rise(rise), gitlab::rise(rise))?;
    usage::write(rise.world)?;
    let ready = rise.world.layout.ready();
    fs::write(&ready, "").doing(|| format!("write {}", ready.display()))
}

async fn hold_world(
    cache: &Cache,
    name: &str,
    task: &Task,
) -> Result<crate::tools::cache::Held, Failure> {
    let worlds = cache.path("worlds");
    fs::create_dir_all(&worlds).doing(|| format!("make the folder {}", worlds.display()))?;
    hold(&worlds.join(format!(".{name}.lock")), task).await
}

/// Removes a file or a folder. What containers wrote may belong to other users of the container's own; then buildah, who
/// made it, removes it.
async fn remove(path: &Path) -> Result<(), Failure> {
    let removed = if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let mut unshare = Command::new("buildah");
            unshare.args(["unshare", "rm", "-rf"]).arg(path);
            command::output(unshare, Duration::from_secs(60))
                .await
                .map(drop)
        }
        Err(error) => Err(error).doing(|| format!("remove {}", path.display())),
    }
}
