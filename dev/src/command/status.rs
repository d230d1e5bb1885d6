//! `cargo dev status`.

use std::process::ExitCode;

use comfy_table::{Table, presets};
use harmonix_dev::failure::Failure;
use harmonix_dev::world::World;
use harmonix_dev::world::status::{PartStatus, State};

const MEBIBYTE: u64 = 1024 * 1024;

/// Shows the parts; succeeds where all of them run.
pub async fn run(name: &str) -> Result<ExitCode, Failure> {
    let world = World::load(name)?;
    let parts = world.status().await?;
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["PART", "STATE", "PID", "PORTS", "MEMORY"]);
    for part in &parts {
        table.add_row(row(part));
    }
    println!("{}\n", table.trim_fmt());
    println!("{}", world.usage());
    let broken: Vec<&PartStatus> = parts
        .iter()
        .filter(|part| part.state != State::Running)
        .collect();
    for part in &broken {
        eprintln!("\nerror: {}", failure(part));
    }
    if !broken.is_empty() {
        eprintln!("\nWhat has stopped is started again by `cargo dev up --name {name}`.");
    }
    Ok(if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn failure(status: &PartStatus) -> Failure {
    let recipe = &status.part.recipe;
    match status.state {
        State::Running | State::Stopped => recipe.died(),
        State::Deaf(port) => {
            let log = recipe.log.display();
            Failure::new(format!(
                "{} runs and does not serve on 127.0.0.1:{port}; its log is {log}",
                recipe.name
            ))
            .with_log(&recipe.log)
        }
    }
}

fn row(status: &PartStatus) -> [String; 5] {
    let recipe = &status.part.recipe;
    let state = match status.state {
        State::Running => "running".to_owned(),
        State::Deaf(port) => format!("not serving on {port}"),
        State::Stopped => "stopped".to_owned(),
    };
    let ports: Vec<String> = recipe.ports.iter().map(u16::to_string).collect();
    let memory = status
        .memory
        .map(|memory| format!("{} MiB", memory.resident / MEBIBYTE));
    [
        recipe.name.clone(),
        state,
        status.part.process.pid.to_string(),
        ports.join(","),
        memory.unwrap_or_default(),
    ]
}
