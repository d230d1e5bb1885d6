//! The ways into a node.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use nix::sched::{CloneFlags, setns};

use super::group::Group;
use crate::failure::{Doing, Failure};

/// Which node is entered, and what for.
#[derive(Debug, Clone, Args)]
pub struct EnterArgs {
    /// Name of the world that the node is in
    #[arg(long)]
    world: String,
    /// Id of its first process, as it is seen from outside
    #[arg(long)]
    pid: i32,
    /// What is run there
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

/// Answers the arguments that run a command in a node.
#[must_use]
pub fn arguments(world: &str, pid: i32) -> Vec<String> {
    let pid = pid.to_string();
    ["enter-node", "--world", world, "--pid", &pid, "--"]
        .map(str::to_owned)
        .into()
}

/// Becomes a process of the node, in its control groups and all its namespaces.
pub fn enter(arguments: &EnterArgs) -> Result<(), Failure> {
    // Whoever is not in the groups sees them from outside, at places that do not exist in the node.
    Group::of(&arguments.world).join()?;
    let folder = std::env::current_dir().doing(|| "find this folder".into())?;
    let mut here = OsString::from("--wd=");
    here.push(folder);
    let error = Command::new("nsenter")
        .args(["--target", &arguments.pid.to_string()])
        .args(["--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup"])
        .arg(here)
        .arg("--")
        .args(&arguments.command)
        .exec();
    Err(error).doing(|| "start nsenter".into())
}

/// A thread that is in the network of a node.
#[derive(Debug)]
pub struct Visit {
    home: File,
}

/// Brings this thread, and whatever it starts from now on, into the network of the node whose first process this is. Files
/// and processes stay those of this machine.
pub fn network(pid: i32) -> Result<Visit, Failure> {
    let home = File::open("/proc/thread-self/ns/net").doing(|| "open this network".into())?;
    let path = PathBuf::from(format!("/proc/{pid}/ns/net"));
    let what = || format!("enter the network {}", path.display());
    let file = File::open(&path).doing(what)?;
    setns(file, CloneFlags::CLONE_NEWNET).doing(what)?;
    Ok(Visit { home })
}

impl Visit {
    /// Brings this thread back to where it was.
    pub fn end(self) -> Result<(), Failure> {
        setns(self.home, CloneFlags::CLONE_NEWNET).doing(|| "leave the node's network".into())
    }
}
