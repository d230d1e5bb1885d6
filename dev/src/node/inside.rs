//! The first process of a node: makes what is around it the node's own, and waits for the end.
//!
//! It runs in new namespaces, so that what it mounts, and which addresses it takes, is seen by nobody else, and all of it ends
//! with it.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use nix::mount::{MsFlags, mount};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, sethostname};
use tokio::signal::unix::{SignalKind, signal};

use super::group::{Group, Hierarchy, hierarchies};
use super::{ADDRESS, BRIDGE, NAME};
use crate::failure::{Doing, Failure};

/// Settings of the whole machine that a kubelet sets. It finds what it wants in files that lie above them, so that the
/// machine keeps its own.
const SETTINGS: [(&str, &str); 6] = [
    ("/proc/sys/vm/overcommit_memory", "1"),
    ("/proc/sys/vm/panic_on_oom", "0"),
    ("/proc/sys/kernel/panic", "10"),
    ("/proc/sys/kernel/panic_on_oops", "1"),
    ("/proc/sys/kernel/keys/root_maxkeys", "1000000"),
    ("/proc/sys/kernel/keys/root_maxbytes", "25000000"),
];
/// Folders in which a kubelet, containerd and network plugins write to fixed places.
const FOLDERS: [&str; 3] = ["/run", "/var/log", "/var/lib"];
/// The file that says that the node's first process is ready.
pub const READY: &str = "ready";

/// How the first process is started.
#[derive(Debug, Clone, Args)]
pub struct NodeArgs {
    /// Folder of the node
    #[arg(long)]
    folder: PathBuf,
    /// Name of the world that it is in
    #[arg(long)]
    world: String,
    /// In namespaces of its own already
    #[arg(long)]
    inside: bool,
}

/// Answers the arguments that start the first process of the node in this folder.
#[must_use]
pub fn arguments(world: &str, folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy().into_owned();
    ["serve-node", "--world", world, "--folder", &folder]
        .map(str::to_owned)
        .into()
}

/// Becomes the first process of a node: goes into its control groups and then into new namespaces, where this is called
/// once more; answers only at the end of the node.
pub async fn serve(arguments: &NodeArgs) -> Result<(), Failure> {
    if arguments.inside {
        settle(&arguments.folder)?;
        return wait().await;
    }
    Group::of(&arguments.world).join()?;
    let program = std::env::current_exe().doing(|| "find this program".into())?;
    let error = unshare()
        .args(["--propagation", "private", "--mount-proc"])
        .arg(program)
        .args(self::arguments(&arguments.world, &arguments.folder))
        .arg("--inside")
        .exec();
    Err(error).doing(|| "start unshare, which makes namespaces".into())
}

/// The command that makes a node's namespaces, and ends what is in them when it ends.
pub(super) fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup"])
        .args(["--fork", "--kill-child"]);
    command
}

fn settle(folder: &Path) -> Result<(), Failure> {
    sethostname(NAME).doing(|| "name the node".into())?;
    let hierarchies = hierarchies()?;
    mounted("sysfs", "sysfs", "/sys", "")?;
    mounted("tmpfs", "tmpfs", "/sys/fs/cgroup", "mode=755")?;
    for hierarchy in &hierarchies {
        group(hierarchy)?;
    }
    for place in FOLDERS {
        mounted("tmpfs", "tmpfs", place, "mode=755")?;
    }
    for below in ["/var/log/pods", "/var/log/containers"] {
        fs::create_dir_all(below).doing(|| format!("make {below}"))?;
    }
    // A kubelet mounts volumes that containers have to see.
    let shared = MsFlags::MS_REC | MsFlags::MS_SHARED;
    mount(None::<&str>, "/", None::<&str>, shared, None::<&str>)
        .doing(|| "let mounts be seen in containers".into())?;
    for (place, value) in SETTINGS {
        if !Path::new(place).exists() {
            continue;
        }
        let file = Path::new("/run").join(place.replace('/', "-").trim_start_matches('-'));
        fs::write(&file, format!("{value}\n")).doing(|| format!("write {}", file.display()))?;
        let what = || format!("cover {place}");
        mount(
            Some(&file),
            place,
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        )
        .doing(what)?;
    }
    network()?;
    let ready = folder.join(READY);
    fs::write(&ready, "").doing(|| format!("write {}", ready.display()))
}

fn mounted(kind: &str, source: &str, place: &str, options: &str) -> Result<(), Failure> {
    mount(
        Some(source),
        place,
        Some(kind),
        MsFlags::empty(),
        Some(options),
    )
    .doing(|| format!("mount {kind} at {place}"))
}

/// Mounts a hierarchy anew: what is seen of it is then the node's own subtree.
fn group(hierarchy: &Hierarchy) -> Result<(), Failure> {
    let place = hierarchy.place.to_string_lossy();
    fs::create_dir_all(&hierarchy.place).doing(|| format!("make {place}"))?;
    let options = match hierarchy.options.strip_prefix("name=") {
        Some(name) => format!("none,name={name}"),
        None => hierarchy.options.clone(),
    };
    mounted("cgroup", "cgroup", &place, &options)
}

/// One address on a bridge that leads nowhere: pods reach it, and nothing leaves the namespace.
fn network() -> Result<(), Failure> {
    let address = format!("{ADDRESS}/24");
    let steps: [&[&str]; 4] = [
        &["link", "set", "lo", "up"],
        &["link", "add", BRIDGE, "type", "bridge"],
        &["address", "add", &address, "dev", BRIDGE],
        &["link", "set", BRIDGE, "up"],
    ];
    for arguments in steps {
        let made = Command::new("ip")
            .args(arguments)
            .output()
            .doing(|| "start ip (of the package iproute2)".into())?;
        if !made.status.success() {
            return Err(Failure::new(format!(
                "`ip {}` failed: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&made.stderr).trim()
            )));
        }
    }
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").doing(|| "let packets of pods through".into())
}

/// Takes processes that have lost their parents off the kernel's table, until this one is told to end: with it the kernel
/// ends every other process of the node.
async fn wait() -> Result<(), Failure> {
    let listen = |kind| signal(kind).doing(|| "listen for signals".into());
    let mut terminate = listen(SignalKind::terminate())?;
    let mut ended = listen(SignalKind::child())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = ended.recv() => while matches!(
                waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)),
                Ok(status) if status != WaitStatus::StillAlive
            ) {},
        }
    }
}
