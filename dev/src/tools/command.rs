//! Runs one command of an installation: bounded, its output in a log, its last lines shown when it fails.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::failure::{Doing, Failure};

/// Finds a program in `$PATH`.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Answers the command as a person would type it.
#[must_use]
pub fn spoken(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs the command to its end, hands each line of output to `on_line` and appends it to the log.
pub async fn run(
    mut command: Command,
    log: &Path,
    limit: Duration,
    mut on_line: impl FnMut(&str),
) -> Result<(), Failure> {
    let name = spoken(&command);
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(log)
        .doing(|| format!("write the log {}", log.display()))?;
    // A log that cannot be written to (a full disk) must not hide what the command itself says.
    drop(writeln!(file, "$ {name}"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().doing(|| format!("start `{name}`"))?;
    let (sender, mut lines) = mpsc::channel::<String>(64);
    if let Some(output) = child.stdout.take() {
        tokio::spawn(forward(output, sender.clone()));
    }
    if let Some(output) = child.stderr.take() {
        tokio::spawn(forward(output, sender.clone()));
    }
    drop(sender);
    let work = async {
        while let Some(line) = lines.recv().await {
            drop(writeln!(file, "{line}"));
            on_line(line.trim());
        }
        child.wait().await
    };
    let status = tokio::time::timeout(limit, work)
        .await
        .map_err(|_| {
            let minutes = limit.as_secs() / 60;
            Failure::new(format!(
                "`{name}` did not end within {minutes} min; its output is in {}",
                log.display()
            ))
            .with_log(log)
        })?
        .doing(|| format!("wait for `{name}`"))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "`{name}` failed ({status}); its output is in {}",
        log.display()
    ))
    .with_log(log))
}

async fn forward(output: impl AsyncRead + Unpin, lines: mpsc::Sender<String>) {
    let mut reader = BufReader::new(output).split(b'\n');
    while let Ok(Some(line)) = reader.next_segment().await {
        if lines
            .send(String::from_utf8_lossy(&line).into_owned())
            .await
            .is_err()
        {
            return;
        }
    }
}

/// Runs the command to its end and answers what it wrote to standard output.
pub async fn output(mut command: Command, limit: Duration) -> Result<String, Failure> {
    let name = spoken(&command);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(limit, command.output())
        .await
        .map_err(|_| Failure::new(format!("`{name}` did not end within {} s", limit.as_secs())))?
        .doing(|| format!("start `{name}`"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!(
        "`{name}` failed ({}): {}",
        output.status,
        said.trim()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn a_failed_command_shows_its_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let told = run(
            shell("echo one; echo two >&2; exit 3"),
            &log,
            Duration::from_secs(10),
            |_| {},
        )
        .await
        .unwrap_err()
        .to_string();
        assert!(told.contains("exit status: 3"), "{told}");
        assert!(
            told.contains("  | one") && told.contains("  | two"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let told = run(
            shell("exec sleep 600"),
            &log,
            Duration::from_millis(200),
            |_| {},
        )
        .await
        .unwrap_err();
        assert!(told.sentence().contains("did not end"), "{told}");
    }

    #[tokio::test]
    async fn what_a_command_answers_is_its_standard_output() {
        let said = output(shell("echo yes; echo no >&2"), Duration::from_secs(10))
            .await
            .unwrap();
        assert_eq!(said, "yes\n");
    }
}
