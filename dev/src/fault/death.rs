//! A process dies, or stands still, at a moment of a request.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, io, process};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a killed process may take to be gone: as long as the kernel is busy with others.
const LONGEST: Duration = Duration::from_secs(5);

/// Kills the process whose id is in `pid_file`, and waits until it runs no more.
pub async fn kill_of(pid_file: &Path) -> io::Result<()> {
    signal_of(pid_file, Signal::SIGKILL).await
}

/// Stops the process whose id is in `pid_file`, and waits until it stands still.
pub async fn stop_of(pid_file: &Path) -> io::Result<()> {
    signal_of(pid_file, Signal::SIGSTOP).await
}

async fn signal_of(pid_file: &Path, signal: Signal) -> io::Result<()> {
    let pid = pid_in(pid_file)?;
    match kill(Pid::from_raw(pid), signal) {
        // It had ended before: nobody is left to be signalled.
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => return Err(error.into()),
    }
    let since = Instant::now();
    while runs(pid) {
        if since.elapsed() > LONGEST {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("process {pid} still runs {LONGEST:?} after {signal}"),
            ));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

fn pid_in(pid_file: &Path) -> io::Result<i32> {
    let told = |why: String| {
        let sentence = format!("the process id in {}: {why}", pid_file.display());
        io::Error::new(io::ErrorKind::InvalidData, sentence)
    };
    let text = fs::read_to_string(pid_file).map_err(|error| told(error.to_string()))?;
    let pid: i32 = text.trim().parse().map_err(|_| told("no number".into()))?;
    // 0 and below mean whole groups of processes, 1 is everyone's.
    let own = i32::try_from(process::id()).is_ok_and(|own| own == pid);
    if pid <= 1 || own {
        return Err(told(format!("{pid} is not to be killed")));
    }
    Ok(pid)
}

/// Says whether a process still runs; one that stands still, or only waits for its parent to notice its end, does not.
fn runs(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // The name before it may hold anything, spaces and parentheses too.
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    !matches!(state, Some('Z' | 'X' | 'T') | None)
}
