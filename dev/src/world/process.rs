//! Processes as /proc shows them.
//!
//! A process is known by its id *and* the time it was started: an id alone may belong to a stranger by the time one
//! looks again, and a stranger must never be signalled.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// One process, recognized again after any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id, and that of its process group.
    pub pid: i32,
    /// When it was started, in the kernel's ticks since boot.
    pub started: u64,
}

/// How much memory a process has, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Resident now (VmRSS).
    pub resident: u64,
    /// The most that ever was resident (VmHWM).
    pub peak: u64,
}

/// The facts of /proc/PID/stat that matter here.
struct Stat {
    state: char,
    threads: u64,
    started: u64,
}

impl Process {
    /// Recognizes the process that has this id now; nothing where none has.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        Some(Self {
            pid,
            started: stat(pid)?.started,
        })
    }

    /// Answers whether it still runs; one that has ended and that its parent has not looked at yet does not. One whose
    /// first thread has ended before the others does: it still holds its ports.
    #[must_use]
    pub fn is_alive(self) -> bool {
        match stat(self.pid) {
            Some(stat) if stat.started == self.started => match stat.state {
                'Z' => stat.threads > 1,
                state => state != 'X',
            },
            Some(_) | None => false,
        }
    }

    /// Sends a signal to this process alone, if it is still the same.
    pub fn signal(self, signal: Signal) {
        if self.is_alive() {
            // It may end between the look and the signal.
            let _ = kill(Pid::from_raw(self.pid), signal);
        }
    }

    /// Sends a signal to its process group, if it is still the same; groups are made by us, one for each part.
    pub fn signal_group(self, signal: Signal) {
        if self.is_alive() && killpg(Pid::from_raw(self.pid), signal) == Err(Errno::ESRCH) {
            self.signal(signal);
        }
    }

    /// Takes the process off the kernel's table when it has ended and was started by this program; whoever else started
    /// it does so itself.
    pub fn reap(self) {
        let _ = waitpid(Pid::from_raw(self.pid), Some(WaitPidFlag::WNOHANG));
    }

    /// Waits until it has ended; answers whether it has.
    pub async fn ended_within(self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            if !self.is_alive() {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Answers how much memory it has.
    #[must_use]
    pub fn memory(self) -> Option<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let bytes = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
        };
        Some(Memory {
            resident: bytes("VmRSS:")?,
            peak: bytes("VmHWM:")?,
        })
    }
}

/// Answers the processes whose environment has exactly this entry: `NAME=value`.
#[must_use]
pub fn with_environment(entry: &str) -> Vec<Process> {
    let own = std::process::id();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|found| found.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| u32::try_from(*pid) != Ok(own) && has_environment(*pid, entry))
        .filter_map(Process::of)
        .filter(|process| process.is_alive())
        .collect()
}

fn has_environment(pid: i32, entry: &str) -> bool {
    // Somebody else's process cannot be read, and is not ours.
    fs::read(Path::new("/proc").join(pid.to_string()).join("environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|found| found == entry.as_bytes())
    })
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; what follows the last one is in columns.
    let (_, columns) = text.rsplit_once(')')?;
    let mut columns = columns.split_whitespace();
    let state = columns.next()?.chars().next()?;
    // The state is column 3 of proc(5), the number of threads column 20, the start time column 22.
    let threads = columns.nth(16)?.parse().ok()?;
    let started = columns.nth(1)?.parse().ok()?;
    Some(Stat {
        state,
        threads,
        started,
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_process_is_stopped_and_a_stranger_with_its_id_is_not() {
        let mut child = Command::new("sleep")
            .arg("600")
            .env("HARMONIX_TEST_MARK", "stop")
            .spawn()
            .unwrap();
        let process = Process::of(i32::try_from(child.id()).unwrap()).unwrap();
        let stranger = Process {
            started: process.started + 1,
            ..process
        };

        stranger.signal(Signal::SIGKILL);
        assert!(process.is_alive());
        assert!(!stranger.is_alive());
        assert!(process.memory().unwrap().resident > 0);

        process.signal_group(Signal::SIGTERM);
        assert!(process.ended_within(Duration::from_secs(5)).await);
        assert!(Path::new(&format!("/proc/{}", process.pid)).exists());
        process.reap();
        // Reaped already, by its id.
        let _ = child.wait();
        assert!(!Path::new(&format!("/proc/{}", process.pid)).exists());
    }

    #[tokio::test]
    async fn a_process_whose_first_thread_has_ended_runs_until_the_last_one_has() {
        // The system call ends the thread that makes it, and no other.
        let program = "import ctypes, os, threading, time\n\
                       threading.Thread(target=time.sleep, args=(600,)).start()\n\
                       ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[os.uname().machine], 0)";
        let mut child = Command::new("python3")
            .args(["-c", program])
            .spawn()
            .unwrap();
        let process = Process::of(i32::try_from(child.id()).unwrap()).unwrap();
        for _ in 0..500 {
            if stat(process.pid).unwrap().state == 'Z' {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let first_thread = stat(process.pid).unwrap();
        assert_eq!((first_thread.state, first_thread.threads), ('Z', 2));
        assert!(process.is_alive());

        process.signal(Signal::SIGKILL);
        assert!(process.ended_within(Duration::from_secs(5)).await);
        child.wait().unwrap();
    }

    #[test]
    fn processes_are_found_by_an_entry_of_their_environment() {
        let mark = format!("HARMONIX_TEST_MARK={}", std::process::id());
        let (name, value) = mark.split_once('=').unwrap();
        let mut child = Command::new("sleep")
            .arg("600")
            .env(name, value)
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();

        // The new program's environment is seen once it has been loaded.
        let found = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            with_environment(&mark)
                .iter()
                .any(|process| process.pid == pid)
        });

        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found);
        assert!(with_environment(&mark).is_empty());
    }
}
