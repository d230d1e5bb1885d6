//! `cargo dev node`.

use std::process::ExitCode;
use std::thread;

use harmonix_dev::failure::{Doing, Failure};
use harmonix_dev::image::Image;
use harmonix_dev::node::{self, Node, preflight};
use harmonix_dev::progress::Progress;
use harmonix_dev::tools::{Cache, NodePrograms};
use harmonix_dev::world::name::{checkout, of_checkout};
use harmonix_dev::world::{Executor, Options, Tasks};
use tokio::process::Command;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::NodeOptions;

/// The variables by which a command finds the world.
const KUBECONFIG: &str = "KUBECONFIG";

/// Brings a world with a node up, runs a command in it, and takes both down again.
pub async fn run(asked: NodeOptions) -> Result<ExitCode, Failure> {
    let obstacles = preflight::obstacles();
    if !obstacles.is_empty() {
        return Err(Failure::new(format!(
            "this machine cannot have a node: {}",
            obstacles.join("; ")
        )));
    }
    // Only the thread that enters a network is in it, so all of this is done by one.
    let (sender, ended) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        let told = Builder::new_current_thread()
            .enable_all()
            .build()
            .doing(|| "start a runtime".into())
            .and_then(|runtime| runtime.block_on(with_node(&asked)));
        // Whoever asked has gone where this cannot be told.
        let _ = sender.send(told);
    });
    ended.await.doing(|| "wait for the node".into())?
}

async fn with_node(asked: &NodeOptions) -> Result<ExitCode, Failure> {
    let progress = Progress::on_standard_error();
    let cache = Cache::of_user()?;
    let name = format!("node-{}", of_checkout(checkout()));
    let programs = NodePrograms::ensure(&cache, &progress).await?;
    let image = match &asked.image {
        Some(_) => Some(Image::ensure(&cache, &progress).await?),
        None => None,
    };
    let options = Options {
        executor: Executor::Scripted,
        tasks: Tasks::None,
    };
    let mut terminate =
        signal(SignalKind::terminate()).doing(|| "listen for the end of the command".into())?;
    let done = async {
        let node = Node::up(&name, options, programs, &progress).await?;
        let ended = command(asked, &node, image.as_ref()).await;
        node.down(&progress).await?;
        ended
    };
    tokio::select! {
        ended = done => return ended,
        _ = terminate.recv() => {}
    }
    progress.say("interrupted: ending what was started");
    node::down(&name, &progress).await?;
    Ok(ExitCode::FAILURE)
}

async fn command(
    asked: &NodeOptions,
    node: &Node,
    image: Option<&Image>,
) -> Result<ExitCode, Failure> {
    if let (Some(image), Some(name)) = (image, &asked.image) {
        let archive = node.world.layout.path("image.tar");
        image.layout.archive(name, &archive).await?;
        node.import(&archive).await?;
    }
    let (program, arguments) = asked
        .command
        .split_first()
        .ok_or_else(|| Failure::new("there is no command"))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![node.world.layout.programs()];
    folders.extend(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).doing(|| "extend PATH".into())?;
    let status = Command::new(program)
        .args(arguments)
        .env("PATH", path)
        .env(KUBECONFIG, node.world.layout.administrator_kubeconfig())
        .env("GITLAB_URL", node.world.gitlab_url())
        .env("AWS_ENDPOINT_URL", node.world.aws_url())
        .status()
        .await
        .doing(|| format!("start {}", program.display()))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
