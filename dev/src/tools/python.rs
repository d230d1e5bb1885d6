//! What runs in Python: moto and the AWS command line, in a virtual environment of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::cache::{Cache, Making};
use super::command::{find, output, run};
use crate::failure::{Doing, Failure};
use crate::progress::Progress;

const REQUIREMENTS: &str = include_str!("../../python/requirements.txt");
const NAMES: [&str; 5] = [
    "python3",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
];
const OLDEST: (u32, u32) = (3, 10);
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// The virtual environment.
#[derive(Debug, Clone)]
pub struct Python {
    folder: PathBuf,
}

/// A Python of this machine.
struct Interpreter {
    program: String,
    /// Version and place, part of what the environment is made from: it links to the interpreter.
    identity: String,
}

impl Python {
    /// Answers the environment, making it where absent.
    pub async fn ensure(cache: &Cache, progress: &Progress) -> Result<Self, Failure> {
        let interpreter = interpreter().await?;
        let pins = [REQUIREMENTS.as_bytes(), interpreter.identity.as_bytes()];
        let folder = cache
            .tool(progress, "aws", &pins, async |making| {
                make(&making, &interpreter.program).await
            })
            .await?;
        Ok(Self { folder })
    }

    /// Answers the path of a program of the environment: `aws`, `moto_server`.
    #[must_use]
    pub fn binary(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }
}

async fn interpreter() -> Result<Interpreter, Failure> {
    let question = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)";
    for name in NAMES.into_iter().filter(|name| find(name).is_some()) {
        let mut command = Command::new(name);
        command.args(["-c", question]);
        // A name that answers nothing (a shim without a version behind it) is passed over.
        let Ok(identity) = output(command, Duration::from_secs(30)).await else {
            continue;
        };
        let mut words = identity.split_whitespace();
        let mut number = || {
            words
                .next()
                .and_then(|word| word.parse::<u32>().ok())
                .unwrap_or(0)
        };
        if (number(), number()) >= OLDEST {
            return Ok(Interpreter {
                program: name.to_owned(),
                identity,
            });
        }
    }
    Err(Failure::new(format!(
        "no Python {}.{} or later is in PATH: install python3 and python3-venv, they run the stand-in for AWS",
        OLDEST.0, OLDEST.1
    )))
}

async fn make(making: &Making<'_>, program: &str) -> Result<(), Failure> {
    making.task.note("making the virtual environment");
    let mut venv = Command::new(program);
    venv.args(["-m", "venv"]).arg(making.folder);
    run(venv, making.log, LIMIT, |_| {})
        .await
        .map_err(|failure| {
            Failure::new(format!(
                "{}; on Debian the module is in the package python3-venv",
                failure.sentence()
            ))
            .with_log(making.log)
        })?;

    let file = making.folder.join("requirements.txt");
    fs::write(&file, REQUIREMENTS).doing(|| format!("write {}", file.display()))?;
    let total = REQUIREMENTS
        .lines()
        .filter(|line| line.contains("=="))
        .count();
    let mut seen = 0;
    let mut pip = Command::new(making.folder.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--no-input",
        "--disable-pip-version-check",
    ])
    .args(["--progress-bar", "off", "--requirement"])
    .arg(&file);
    run(pip, making.log, LIMIT, |line| {
        if line.starts_with("Collecting ") {
            seen += 1;
            making
                .task
                .note(format!("downloading, {seen} of at most {total} packages"));
        } else if line.starts_with("Installing ") {
            making.task.note("installing");
        }
    })
    .await?;
    move_scripts(making.folder, making.home)
}

/// Scripts name the interpreter of the folder they were made in; the folder is about to be renamed.
fn move_scripts(from: &Path, to: &Path) -> Result<(), Failure> {
    let bin = from.join("bin");
    let what = || format!("rewrite the scripts in {}", bin.display());
    let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
    for entry in fs::read_dir(&bin).doing(what)? {
        let path = entry.doing(what)?.path();
        // Links to the interpreter and compiled programs are not scripts.
        if path.is_symlink() {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        if text.contains(from.as_ref()) {
            fs::write(&path, text.replace(from.as_ref(), &to)).doing(what)?;
        }
    }
    Ok(())
}
