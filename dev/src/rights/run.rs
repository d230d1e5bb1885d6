//! A whole run of tests: the audit logs of all its worlds, judged together.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Asked, CONTROLLER, EVERYBODY, Granted, Verdict, asked, judge};
use crate::failure::{Doing, Failure};
use crate::tools::Cache;

/// The variable that names the folder in which audit logs outlive their worlds.
pub const VARIABLE: &str = "HARMONIX_AUDIT_LOGS";

/// Gives the audit log of a world a second name in the folder, where one is named: what the API server writes into it from
/// now on is there for whoever judges the run, also when the world is gone.
pub fn keep(log: &Path, folder: Option<&Path>) -> Result<(), Failure> {
    let Some(folder) = folder else { return Ok(()) };
    let what = || format!("keep the audit log {}", log.display());
    fs::File::options()
        .create(true)
        .append(true)
        .open(log)
        .doing(what)?;
    // Worlds of one name come one after the other.
    let number = fs::read_dir(folder).doing(what)?.count();
    fs::hard_link(log, folder.join(format!("{}-{number}", std::process::id()))).doing(what)
}

/// The run.
#[derive(Debug)]
pub struct Run {
    folder: PathBuf,
}

impl Run {
    /// Begins, with an empty folder beside the worlds.
    pub fn begin(cache: &Cache) -> Result<Self, Failure> {
        let folder = cache.path("audit").join(std::process::id().to_string());
        fs::create_dir_all(&folder).doing(|| format!("make the folder {}", folder.display()))?;
        Ok(Self { folder })
    }

    /// Answers the folder, for [`VARIABLE`].
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Judges what all worlds saw, and forgets it.
    pub fn judge(self) -> Result<Verdict, Failure> {
        let verdict = judge(
            &Granted::read(CONTROLLER)?,
            &Granted::read(EVERYBODY)?,
            self.requests()?,
        );
        let _ = fs::remove_dir_all(&self.folder);
        Ok(verdict)
    }

    fn requests(&self) -> Result<Vec<Asked>, Failure> {
        let what = || format!("read the folder {}", self.folder.display());
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.folder).doing(what)? {
            all.extend(asked::read(&entry.doing(what)?.path(), asked::ACCOUNT)?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_worlds_saw_is_judged_when_they_are_gone() {
        let cache = tempfile::tempdir().unwrap();
        let run = Run {
            folder: cache.path().join("run"),
        };
        fs::create_dir(run.folder()).unwrap();
        let line = |resource: &str| {
            format!(
                "{{\"user\":{{\"username\":\"{}\"}},\"verb\":\"list\",\"objectRef\":{{\"resource\":\"{resource}\"}}}}\n",
                asked::ACCOUNT
            )
        };
        for resource in ["namespaces", "secrets"] {
            let world = tempfile::tempdir().unwrap();
            let log = world.path().join("log");
            keep(&log, Some(run.folder())).unwrap();
            keep(&log, None).unwrap();
            fs::write(&log, line(resource)).unwrap();
        }
        let verdict = run.judge().unwrap();
        assert_eq!(verdict.requests, 2);
        let missing: Vec<String> = verdict.missing.keys().map(ToString::to_string).collect();
        assert_eq!(missing, ["list secrets"]);
        assert_eq!(verdict.unused.len(), verdict.granted - 1);
    }
}
