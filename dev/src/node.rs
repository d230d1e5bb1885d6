//! A real Kubernetes node in a world: kubelet, containerd and runc, in namespaces of their own.
//!
//! The whole world runs in the node's network, so that pods reach everything in it and nothing outside; its processes and files
//! stay those of this machine. When the node ends, its namespaces, control groups and processes are gone, and no setting of
//! the machine is another than before.

pub mod door;
pub mod enter;
mod group;
pub mod inside;
mod kubelet;
mod names;
pub mod preflight;
mod runtime;
pub mod trace;

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::failure::{Doing, Failure};
use crate::progress::Progress;
use crate::tools::cache::empty;
use crate::tools::{Cache, NodePrograms, PauseImage, Tools};
use crate::world::environment;
use crate::world::layout::Layout;
use crate::world::part::{Part, Recipe};
use crate::world::process::with_environment;
use crate::world::rise::Rise;
use crate::world::{Options, World, program};
use enter::Visit;
use group::Group;

pub use runtime::PAUSE;

/// What the node is called in Kubernetes.
pub const NAME: &str = "node";
/// The address of the node, at which pods reach the world.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
/// The name under which pods reach GitLab. It speaks plain HTTP, and the controller sends its token in the clear to no other
/// name.
pub const GITLAB: &str = "gitlab.localhost";
/// The name under which pods reach AWS.
pub const AWS: &str = "aws.internal";
const BRIDGE: &str = "node0";
/// The addresses of pods.
const PODS: &str = "10.244.0.0/24";
/// How long the first process may take to make the node's surroundings.
const LIMIT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A world with a node.
#[derive(Debug)]
pub struct Node {
    /// The world, which listens on the node's loopback.
    pub world: World,
    /// The first process of the node, by its id outside.
    pub pid: i32,
    folder: PathBuf,
    program: PathBuf,
    tools: NodePrograms,
    visit: Visit,
}

impl Node {
    /// Brings a world with a node up; this thread, and whatever it starts, is in the node's network from then on, until the
    /// node is taken down. To be called in a runtime of one thread.
    ///
    /// # Errors
    /// What is missing on this machine, or did not start.
    pub async fn up(
        name: &str,
        options: Options,
        tools: NodePrograms,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        if Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread {
            return Err(Failure::new(
                "a node is entered by one thread, so the runtime may have no other: use the flavour current_thread",
            ));
        }
        // Whatever has to come from outside comes before: in the node there is no way out.
        let all = Tools::ensure(progress).await?;
        let pause = PauseImage::ensure(&all.cache, progress).await?;
        down(name, progress).await?;
        let folder = all.cache.path("nodes").join(name);
        empty(&folder)?;
        let program = program::find("harmonix-dev", "HARMONIX_DEV")?;
        let task = progress.task("node");
        Group::of(name).make()?;
        let pid = match first_process(&all.cache, name, &folder, &program).await {
            Ok(pid) => pid,
            Err(failure) => {
                down(name, progress).await?;
                return Err(failure);
            }
        };
        let visit = enter::network(pid)?;
        task.done();
        let (world, _made) = match World::up(name, options, progress).await {
            Ok(up) => up,
            Err(failure) => {
                down(name, progress).await?;
                visit.end()?;
                return Err(failure);
            }
        };
        let node = Self {
            world,
            pid,
            folder,
            program: program.clone(),
            tools,
            visit,
        };
        let rise = Rise::new(&node.world, &all, progress, program);
        match node.rise(&rise, &pause, progress).await {
            Ok(()) => Ok(node),
            Err(failure) => {
                node.down(progress).await?;
                Err(failure)
            }
        }
    }

    async fn rise(
        &self,
        rise: &Rise<'_>,
        pause: &PauseImage,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let task = progress.task("kubelet");
        self.open_the_door(rise).await?;
        self.start_runtime(rise).await?;
        self.import(&pause.archive()).await?;
        self.start_kubelet(rise).await?;
        task.done();
        Ok(())
    }

    /// Lets pods reach the world at the node's address.
    async fn open_the_door(&self, rise: &Rise<'_>) -> Result<(), Failure> {
        let ports = self.world.ports;
        let mut arguments = vec!["serve-door".to_owned()];
        for name in [GITLAB, AWS] {
            arguments.extend(["--name".to_owned(), format!("{name}={ADDRESS}")]);
        }
        let reached = [ports.kubernetes, ports.gitlab, ports.aws];
        arguments.extend(reached.map(|port| port.to_string()));
        let door = rise.start(rise.recipe("door", self.program.clone(), arguments, &[]))?;
        rise.until(&door, "answers at the node's address", async || {
            let connected = tokio::net::TcpStream::connect((ADDRESS, ports.gitlab));
            connected.await.is_ok()
        })
        .await
    }

    /// Starts a part of the world in the node.
    fn start(
        &self,
        rise: &Rise<'_>,
        name: &str,
        program: &Path,
        arguments: &[String],
    ) -> Result<Part, Failure> {
        let program = program.to_string_lossy().into_owned();
        let arguments = self
            .way_in()
            .into_iter()
            .chain([program])
            .chain(arguments.iter().cloned());
        let mut recipe = rise.recipe(name, self.program.clone(), arguments, &[]);
        // Network tools lie where a person who is not root does not look.
        let path = recipe.environment.entry("PATH".to_owned()).or_default();
        path.push_str(":/usr/sbin:/sbin");
        rise.start(recipe)
    }

    fn way_in(&self) -> Vec<String> {
        enter::arguments(&self.world.name, self.pid)
    }

    /// Ends the node and its world: nothing of either is left but logs and journals. This thread is where it was before.
    ///
    /// # Errors
    /// What cannot be ended or removed.
    pub async fn down(self, progress: &Progress) -> Result<(), Failure> {
        let name = self.world.name.clone();
        let ended = down(&name, progress).await;
        self.visit.end()?;
        ended
    }
}

/// Ends what there is of the node of this name, and its world.
///
/// # Errors
/// What cannot be ended or removed.
pub async fn down(name: &str, progress: &Progress) -> Result<(), Failure> {
    World::down(name, progress).await?;
    let cache = Cache::of_user()?;
    // Where the world did not come up, nobody has ended the first process.
    let mark = environment::mark(Layout::of(&cache, name).folder());
    for process in with_environment(&mark) {
        process.signal(nix::sys::signal::Signal::SIGKILL);
        process.ended_within(Duration::from_secs(5)).await;
    }
    Group::of(name).remove().await?;
    let folder = cache.path("nodes").join(name);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing(|| format!("remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Starts the first process of a node; answers its id outside once its surroundings are made.
async fn first_process(
    cache: &Cache,
    world: &str,
    folder: &Path,
    program: &Path,
) -> Result<i32, Failure> {
    let layout = Layout::of(cache, world);
    let recipe = Recipe {
        name: "node".to_owned(),
        program: program.to_owned(),
        arguments: inside::arguments(world, folder),
        // It belongs to the world, and ends with it.
        environment: environment::base(layout.folder()),
        folder: folder.to_owned(),
        log: folder.join("node.log"),
        ports: Vec::new(),
    };
    let (part, _child) = recipe.start()?;
    let until = Instant::now() + LIMIT;
    while !folder.join(inside::READY).exists() {
        if !part.process.is_alive() {
            return Err(recipe.died());
        }
        if Instant::now() >= until {
            let seconds = LIMIT.as_secs();
            let sentence = format!("the node's surroundings are not made after {seconds} s");
            return Err(Failure::new(sentence).with_log(&recipe.log));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let mark = environment::mark(layout.folder());
    with_environment(&mark)
        .into_iter()
        .map(|process| process.pid)
        .find(|pid| trace::is_first(*pid))
        .ok_or_else(|| recipe.died())
}
