//! The user's cache folder: what is made once and used by every checkout and every world.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};

use crate::failure::{Doing, Failure};
use crate::progress::{Progress, Task};

const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The folder `harmonix` in the user's cache folder.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

/// One tool while it is being made.
#[derive(Debug)]
pub struct Making<'a> {
    /// Where it is put together; renamed to [`Making::home`] when it is complete.
    pub folder: &'a Path,
    /// Where it will live.
    pub home: &'a Path,
    /// Where the output of what makes it goes.
    pub log: &'a Path,
    /// The line that says how far it is.
    pub task: &'a Task,
}

/// A lock file held; released when dropped, and by the kernel when the process ends.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "held for its drop")] Flock<File>);

impl Cache {
    /// Finds the folder: below `$XDG_CACHE_HOME` where that is an absolute path, else below `~/.cache`.
    pub fn of_user() -> Result<Self, Failure> {
        let named = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let base = named.or_else(|| std::env::home_dir().map(|home| home.join(".cache"))).ok_or_else(|| {
            Failure::new("there is no home folder to keep tools in: set HOME, or XDG_CACHE_HOME to an absolute path")
        })?;
        Ok(Self {
            root: base.join("harmonix"),
        })
    }

    /// Answers a folder or file below the cache folder.
    #[must_use]
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// Answers where a tool is, or will be.
    #[must_use]
    pub fn tool_home(&self, name: &str, pins: &[&[u8]]) -> PathBuf {
        self.root.join("tools").join(full_name(name, pins))
    }

    /// Answers the folder of a tool, making the tool where it is absent. What is pinned is part of the folder's name, so
    /// a changed pin is a new folder, and the folder appears in one rename, so what exists is complete.
    pub async fn tool<F>(
        &self,
        progress: &Progress,
        name: &str,
        pins: &[&[u8]],
        make: F,
    ) -> Result<PathBuf, Failure>
    where
        F: AsyncFnOnce(Making<'_>) -> Result<(), Failure>,
    {
        let home = self.tool_home(name, pins);
        if home.is_dir() {
            return Ok(home);
        }
        let tools = self.root.join("tools");
        let full_name = full_name(name, pins);
        fs::create_dir_all(&tools).doing(|| format!("make the folder {}", tools.display()))?;
        let task = progress.task(&format!("tool {name}"));
        let _held = hold(&tools.join(format!(".{full_name}.lock")), &task).await?;
        if home.is_dir() {
            // Another process made it while this one waited.
            return Ok(home);
        }
        let folder = tools.join(format!(".{full_name}.new"));
        let log = tools.join(format!("{full_name}.log"));
        empty(&folder)?;
        File::create(&log).doing(|| format!("make the log {}", log.display()))?;
        make(Making {
            folder: &folder,
            home: &home,
            log: &log,
            task: &task,
        })
        .await?;
        fs::rename(&folder, &home).doing(|| format!("move {name} to {}", home.display()))?;
        task.done();
        Ok(home)
    }
}

/// Takes the lock file at `path`, waiting for whoever holds it.
pub async fn hold(path: &Path, task: &Task) -> Result<Held, Failure> {
    loop {
        if let Some(held) = try_hold(path)? {
            return Ok(held);
        }
        task.note("waiting for another cargo dev that does the same");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn try_hold(path: &Path) -> Result<Option<Held>, Failure> {
    let what = || format!("lock {}", path.display());
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .doing(what)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(Held(lock))),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(errno).doing(what),
    }
}

/// Makes `folder` exist and be empty.
pub fn empty(folder: &Path) -> Result<(), Failure> {
    let what = || format!("make the empty folder {}", folder.display());
    match fs::remove_dir_all(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).doing(what),
    }
    fs::create_dir_all(folder).doing(what)
}

fn full_name(name: &str, pins: &[&[u8]]) -> String {
    format!("{name}-{}", digest(pins))
}

/// Answers twelve hexadecimal digits for what is pinned.
fn digest(pins: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for pin in pins {
        hash.update(u64::try_from(pin.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(pin);
    }
    hash.finalize()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &Path) -> Cache {
        Cache {
            root: folder.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_tool_is_made_once_and_only_whole() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let progress = Progress::silent();

        let failed = cache
            .tool(&progress, "saw", &[b"1"], async |making| {
                fs::write(making.folder.join("half"), "").unwrap();
                Err(Failure::new("the blade broke"))
            })
            .await;
        assert_eq!(failed.unwrap_err().sentence(), "the blade broke");

        let make = async |making: Making<'_>| {
            assert!(!making.folder.join("half").exists());
            fs::write(making.folder.join("blade"), "").doing(|| "write".into())
        };
        let home = cache.tool(&progress, "saw", &[b"1"], make).await.unwrap();
        assert!(home.join("blade").exists());

        let again = cache
            .tool(&progress, "saw", &[b"1"], async |_| {
                Err(Failure::new("made twice"))
            })
            .await;
        assert_eq!(again.unwrap(), home);
    }

    #[tokio::test]
    async fn a_changed_pin_is_another_folder() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let progress = Progress::silent();
        let one = cache
            .tool(&progress, "saw", &[b"1", b"23"], async |_| Ok(()))
            .await
            .unwrap();
        let other = cache
            .tool(&progress, "saw", &[b"12", b"3"], async |_| Ok(()))
            .await
            .unwrap();
        assert_ne!(one, other);
    }
}
