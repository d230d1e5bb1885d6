//! A job's processes: one group, ended as a whole.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::Assignment;

/// How long processes get between the request to end and the end.
const GRACE: Duration = Duration::from_secs(3);

/// A running group of processes; dropping it ends the group.
#[derive(Debug)]
pub struct Group {
    /// The first process.
    pub child: Child,
    leader: Option<Pid>,
}

impl Group {
    /// Starts a command as the leader of a group of its own.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let leader = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .map(Pid::from_raw);
        Ok(Self { child, leader })
    }

    /// Waits for the first process and answers its exit code.
    pub async fn wait(&mut self) -> io::Result<i32> {
        let status = self.child.wait().await?;
        Ok(status.code().unwrap_or(137))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(leader) = self.leader else { return };
        // What a job left in the background ends with the job. An error means that nothing is left.
        if killpg(leader, Signal::SIGTERM).is_ok() {
            std::thread::spawn(move || {
                std::thread::sleep(GRACE);
                let _nothing_left = killpg(leader, Signal::SIGKILL);
            });
        }
    }
}

/// Answers the environment that a runner gives every job: ours is never handed on.
pub async fn runner_environment(
    settings: &super::Settings,
    build: &Path,
) -> io::Result<BTreeMap<String, String>> {
    let mut environment = BTreeMap::new();
    for (name, folder) in [("HOME", "home"), ("TMPDIR", "tmp")] {
        let path = build.join(folder);
        tokio::fs::create_dir_all(&path).await?;
        environment.insert(name.into(), path.to_string_lossy().into_owned());
    }
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".into());
    environment.insert("PATH".into(), path);
    environment.insert("LANG".into(), "C.UTF-8".into());
    environment.extend(settings.environment.clone());
    Ok(environment)
}

/// Writes the job's variables as a file that a shell reads.
pub fn shell_exports(assignment: &Assignment) -> String {
    // The file is read once, by the first shell: what a script changes afterwards stays changed below it.
    let mut text = String::from("unset BASH_ENV\n");
    for (name, value) in &assignment.variables {
        text.push_str(&format!(
            "export {name}='{}'\n",
            value.replace('\'', "'\\''")
        ));
    }
    text
}
