//! A copy of the checkout, in which bugs are seeded: the checkout itself is never touched.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Doing, Failure};

/// The copy. Its files are written only where they differ, so that little is compiled again for one bug.
#[derive(Debug)]
pub(super) struct Copy {
    origin: PathBuf,
    folder: PathBuf,
}

impl Copy {
    /// Makes the copy of what git knows or would know of `checkout`, beside what is compiled there.
    pub(super) fn of(checkout: &Path) -> Result<Self, Failure> {
        let copy = Self {
            origin: checkout.to_owned(),
            folder: checkout.join("target/seeded/checkout"),
        };
        copy.refresh()?;
        Ok(copy)
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where what is compiled goes: dependencies are shared with the checkout.
    pub(super) fn target(&self) -> PathBuf {
        self.origin.join("target")
    }

    /// Makes it equal to the checkout again.
    pub(super) fn refresh(&self) -> Result<(), Failure> {
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(&self.origin)
            .output()
            .doing(|| "start git".into())?;
        if !listed.status.success() {
            return Err(Failure::new(format!(
                "git lists no files of {}: {}",
                self.origin.display(),
                String::from_utf8_lossy(&listed.stderr).trim()
            )));
        }
        let names = listed.stdout.split(|byte| *byte == 0);
        let names: BTreeSet<&Path> = names
            .filter(|name| !name.is_empty())
            .map(|name| Path::new(OsStr::from_bytes(name)))
            .collect();
        for name in &names {
            self.bring(name)?;
        }
        self.sweep(&self.folder, &names)
    }

    /// Takes away what the checkout no longer has.
    fn sweep(&self, folder: &Path, names: &BTreeSet<&Path>) -> Result<(), Failure> {
        let shown = || format!("list {}", folder.display());
        for entry in fs::read_dir(folder).doing(shown)? {
            let path = entry.doing(shown)?.path();
            if path.is_dir() {
                self.sweep(&path, names)?;
            } else if path
                .strip_prefix(&self.folder)
                .is_ok_and(|name| !names.contains(name))
            {
                fs::remove_file(&path).doing(|| format!("remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    fn bring(&self, name: &Path) -> Result<(), Failure> {
        let (from, to) = (self.origin.join(name), self.folder.join(name));
        let shown = || format!("copy {}", from.display());
        let Ok(content) = fs::read(&from) else {
            // Taken away, and git has not been told yet.
            drop(fs::remove_file(&to));
            return Ok(());
        };
        if fs::read(&to).is_ok_and(|standing| standing == content) {
            return Ok(());
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).doing(shown)?;
        }
        fs::copy(&from, &to).doing(shown).map(drop)
    }

    /// Seeds a bug.
    pub(super) fn apply(&self, patch: &Path) -> Result<(), Failure> {
        let applied = Command::new("git")
            .args(["apply", "--whitespace=nowarn"])
            .arg(patch)
            .current_dir(&self.folder)
            // The copy lies in the checkout's own repository, in which git would look for the files.
            .env("GIT_CEILING_DIRECTORIES", self.target())
            .output()
            .doing(|| "start git".into())?;
        if applied.status.success() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{} does not apply: {}",
            patch.display(),
            String::from_utf8_lossy(&applied.stderr).trim()
        )))
    }
}
