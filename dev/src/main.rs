//! `cargo dev`: brings the local world up and works in it.

use std::process::ExitCode;

use clap::Parser;
use harmonix_dev::failure::Failure;
use harmonix_dev::node;

mod cli;
mod command;

use cli::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Up(up) => command::up::run(&up).await,
        Command::Down(world) => command::down::run(&world.name).await,
        Command::Status(world) => command::status::run(&world.name).await,
        Command::Logs(logs) => command::logs::run(&logs).await,
        Command::Tools(asked) => command::tools::run(&asked).await,
        Command::Demo(demo) => command::demo::run(&demo).await,
        Command::Settled(settled) => command::settled::run(&settled).await,
        Command::Chaos(chaos) => command::chaos::run(&chaos).await,
        Command::Image(image) => command::image::run(&image).await,
        Command::Node(node) => command::node::run(node).await,
        Command::Test(test) => command::test::run(test.arguments).await,
        Command::ServeApichaos(arguments) => command::serve::apichaos(&arguments).await,
        Command::ServeAws(arguments) => command::serve::aws(&arguments).await,
        Command::ServeFluxSource(arguments) => command::serve::flux_source(&arguments).await,
        Command::ServeNode(arguments) => done(node::inside::serve(&arguments).await),
        Command::ServeDoor(arguments) => done(node::door::serve(&arguments).await),
        Command::EnterNode(arguments) => done(node::enter::enter(&arguments)),
        Command::ServeGitlab(arguments) => command::serve::gitlab(arguments).await,
    }
}

fn done(ended: Result<(), Failure>) -> Result<ExitCode, Failure> {
    ended.map(|()| ExitCode::SUCCESS)
}
