//! The parts of a world: processes with a name, a log and a record of how they were started.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};

use super::process::Process;
use crate::failure::{Doing, Failure};

/// How a part is started; enough to start it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// What the part is called in `status` and `logs`.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment: nothing is inherited.
    pub environment: BTreeMap<String, String>,
    /// The folder it runs in.
    pub folder: PathBuf,
    /// Where its output goes.
    pub log: PathBuf,
    /// The ports that it serves on.
    pub ports: Vec<u16>,
}

/// A part that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The process.
    pub process: Process,
    /// How it was started.
    pub recipe: Recipe,
}

impl Recipe {
    /// Starts the part in a process group of its own, so that it outlives the command that started it and can be
    /// signalled with everything it starts itself.
    pub fn start(&self) -> Result<(Part, Child), Failure> {
        let what = || format!("start {} ({})", self.name, self.program.display());
        if let Some(folder) = self.log.parent() {
            fs::create_dir_all(folder).doing(what)?;
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .doing(what)?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().doing(what)?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .doing(what)?;
        let process = i32::try_from(child.id())
            .ok()
            .and_then(Process::of)
            .ok_or_else(|| self.died())?;
        Ok((
            Part {
                process,
                recipe: self.clone(),
            },
            child,
        ))
    }

    /// Says that the part has stopped by itself, with the last lines of its log.
    #[must_use]
    pub fn died(&self) -> Failure {
        Failure::new(format!(
            "{} has stopped by itself; its log is {}",
            self.name,
            self.log.display()
        ))
        .with_log(&self.log)
    }
}

/// The parts that were started, in a file of the world's folder.
#[derive(Debug, Clone)]
pub struct Register {
    file: PathBuf,
}

impl Register {
    /// Answers the register of the world in `folder`.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self {
            file: folder.join("parts.json"),
        }
    }

    /// Answers the parts, in the order in which they were first started; none where nothing was started.
    pub fn parts(&self) -> Result<Vec<Part>, Failure> {
        match fs::read(&self.file) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).doing(|| format!("read {}", self.file.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).doing(|| format!("read {}", self.file.display())),
        }
    }

    /// Answers one part by its name.
    pub fn part(&self, name: &str) -> Result<Option<Part>, Failure> {
        Ok(self
            .parts()?
            .into_iter()
            .find(|part| part.recipe.name == name))
    }

    /// Starts a part and writes it down, in the place of an earlier one of the same name.
    pub fn start(&self, recipe: &Recipe) -> Result<(Part, Child), Failure> {
        let (part, child) = recipe.start()?;
        let mut parts = self.parts()?;
        match parts
            .iter_mut()
            .find(|known| known.recipe.name == recipe.name)
        {
            Some(known) => known.clone_from(&part),
            None => parts.push(part.clone()),
        }
        write_whole(&self.file, &parts)?;
        Ok((part, child))
    }
}

/// Writes a value as JSON so that a reader sees the old file or the new one and nothing between.
pub fn write_whole(file: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let what = || format!("write {}", file.display());
    let text = serde_json::to_vec_pretty(value).doing(what)?;
    let new = file.with_extension("new");
    fs::write(&new, text).doing(what)?;
    fs::rename(&new, file).doing(what)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use nix::sys::signal::Signal;

    use super::*;

    #[tokio::test]
    async fn a_part_is_written_down_and_says_why_it_died() {
        let folder = tempfile::tempdir().unwrap();
        let register = Register::of(folder.path());
        let recipe = Recipe {
            name: "clock".into(),
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), "echo \"ticks: $TICKS\"; exec sleep 600".into()],
            environment: BTreeMap::from([
                ("TICKS".into(), "7".into()),
                ("PATH".into(), "/usr/bin:/bin".into()),
            ]),
            folder: folder.path().into(),
            log: folder.path().join("logs/clock.log"),
            ports: Vec::new(),
        };

        let (part, _child) = register.start(&recipe).unwrap();
        assert_eq!(register.part("clock").unwrap(), Some(part.clone()));
        for _ in 0..500 {
            if fs::metadata(&recipe.log).unwrap().len() > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        part.process.signal_group(Signal::SIGKILL);
        assert!(part.process.ended_within(Duration::from_secs(5)).await);

        let told = recipe.died().to_string();
        assert!(told.starts_with("clock has stopped by itself"), "{told}");
        assert!(told.ends_with("| ticks: 7"), "{told}");
    }
}
