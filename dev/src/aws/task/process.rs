//! The process of a container: changed root, own process and mount namespace, dead when the gate is.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::image;
use super::plan::Plan;

/// A running container.
#[derive(Debug)]
pub struct Container {
    child: Child,
}

/// The first process of the container's namespace. It lends the container a few devices, starts the program in the
/// changed root as the image's user, hands SIGTERM on to it, and ends with its code; when it dies, so does everything
/// in the namespace.
const INIT: &str = r#"
root=$1 dir=$2 uid=$3 gid=$4 path=$5; shift 5
mkdir -p "$root/dev" "$root/proc" "$root/tmp"; chmod 1777 "$root/tmp"
mount -t proc proc "$root/proc"
for device in null zero full random urandom; do
    : > "$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device"
done
unshare=$(command -v unshare)
trap 'kill -TERM "$child" 2>/dev/null' TERM
PATH=$path "$unshare" --root="$root" --wd="$dir" --setgid "$gid" --setuid "$uid" "$@" &
child=$!
while :; do
    wait "$child"; code=$?
    kill -0 "$child" 2>/dev/null || exit "$code"
done
"#;

/// How long a container may take to end by itself.
const GRACE: Duration = Duration::from_secs(3);

/// Finds a port on loopback that nobody listens on.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Container {
    /// Starts the program of a plan in `root`, with its output in `log`.
    pub fn start(plan: &Plan, root: &Path, port: u16, log: &Path) -> io::Result<Self> {
        let image = image::config(root)?;
        let program: Vec<String> = match (&plan.entry_point, &plan.command) {
            (Some(entry), command) => [entry.clone(), command.clone().unwrap_or_default()].concat(),
            (None, command) => {
                let arguments = command.clone().or(image.cmd).unwrap_or_default();
                [image.entrypoint.unwrap_or_default(), arguments].concat()
            }
        };
        if program.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "neither image nor task definition names a command",
            ));
        }
        let mut environment: BTreeMap<String, String> = image
            .env
            .unwrap_or_default()
            .iter()
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        // Containers share the machine's loopback: they are asked to stay on it, on a port of their own.
        environment.insert("HOST".into(), "127.0.0.1".into());
        environment.extend(plan.environment.clone());
        environment.insert("PORT".into(), port.to_string());
        let path = environment.remove("PATH").unwrap_or_else(|| {
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()
        });
        let user = plan
            .user
            .clone()
            .or(image.user)
            .filter(|user| !user.is_empty());
        let (uid, gid) = ids(root, user.as_deref())?;
        let directory = plan
            .directory
            .clone()
            .or(image.working_dir)
            .filter(|dir| !dir.is_empty());
        let output = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)?;
        let mut command = Command::new("setpriv");
        command.args([
            "--pdeathsig",
            "KILL",
            "unshare",
            "--pid",
            "--mount",
            "--fork",
            "--kill-child=KILL",
        ]);
        if !nix::unistd::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command
            .args(["sh", "-c", INIT, "task"])
            .arg(root)
            .arg(directory.unwrap_or_else(|| "/".into()))
            .args([uid.to_string(), gid.to_string(), path])
            .args(program)
            .env_clear()
            .envs(environment)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true);
        Ok(Self {
            child: command.spawn()?,
        })
    }

    /// Waits for the end and answers the exit code.
    pub async fn wait(&mut self) -> io::Result<i32> {
        self.child.wait().await.map(code)
    }

    /// Asks the container to end, and ends it after a while.
    pub async fn stop(&mut self) -> Option<i32> {
        if let Some(first) = self.child.id().and_then(first_process) {
            // It may have ended in between, which is what was wanted.
            let _ = kill(first, Signal::SIGTERM);
        }
        match tokio::time::timeout(GRACE, self.child.wait()).await {
            Ok(ended) => ended.ok().map(code),
            Err(_) => {
                let _ = self.child.kill().await;
                Some(137)
            }
        }
    }
}

/// Answers the first process of the namespace: the one child of the process that made it.
fn first_process(outer: u32) -> Option<Pid> {
    let children = std::fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).ok()?;
    Some(Pid::from_raw(
        children.split_whitespace().next()?.parse().ok()?,
    ))
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1)
}

/// Reads `user[:group]` of an image: numbers, or names that the image's own files know.
fn ids(root: &Path, user: Option<&str>) -> io::Result<(u32, u32)> {
    let Some(user) = user else { return Ok((0, 0)) };
    let (user, group) = user
        .split_once(':')
        .map_or((user, None), |(user, group)| (user, Some(group)));
    let field = |file: &str, name: &str, at: usize| {
        let text = std::fs::read_to_string(root.join("etc").join(file)).unwrap_or_default();
        text.lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| {
                fields.first() == Some(&name) || (file == "passwd" && fields.get(2) == Some(&name))
            })
            .and_then(|fields| fields.get(at)?.parse::<u32>().ok())
    };
    let unknown = |name: &str| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the image does not know the user {name}"),
        )
    };
    let uid = user
        .parse()
        .ok()
        .or_else(|| field("passwd", user, 2))
        .ok_or_else(|| unknown(user))?;
    let gid = match group {
        Some(group) => group
            .parse()
            .ok()
            .or_else(|| field("group", group, 2))
            .ok_or_else(|| unknown(group))?,
        None => field("passwd", user, 3).unwrap_or(0),
    };
    Ok((uid, gid))
}
