//! Building and running a proof in the copy, and reading what it says.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use crate::chaos::seeded::copy::Copy;
use crate::failure::{Doing, Failure};
use crate::progress::Task;

use super::Judgement;

/// A proof that takes longer than this does not end: a bug may well keep the controller going round for ever.
const LONGEST: Duration = Duration::from_mins(20);

/// How many findings of one proof are told.
const TOLD: usize = 3;

/// Cargo tells two checkouts of one package apart by nothing but how they are built: without this, what is built of the
/// copy would pass for the checkout's own, bug and all.
const APART: &str = "--config=profile.dev.package.harmonix.debug=\"line-directives-only\"";

/// Ours is optimized a little where a proof takes a while; other people's code is as the tests have it, so that none of
/// it is compiled again.
const QUICK: [&str; 3] = [
    "--config=profile.dev.package.harmonix.opt-level=1",
    "--config=profile.dev.package.harmonix-miniature.opt-level=1",
    "--config=profile.dev.package.harmonix-proof.opt-level=1",
];

/// One failure is enough, and that tests end at the first is not yet stable. The tests alone are told so: what is built
/// with another environment is built again.
const UNSTABLE: &str = r#"target.'cfg(all())'.runner=["env", "RUSTC_BOOTSTRAP=1"]"#;

/// Tests of a package.
#[derive(Clone, Copy)]
pub(super) struct Tests<'a> {
    pub(super) copy: &'a Copy,
    /// What cargo is told of them.
    pub(super) target: &'a [&'a str],
    /// Those with this in their names.
    pub(super) filter: &'a str,
}

fn cargo(copy: &Copy, verb: &str, quick: bool) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .arg(verb)
        .arg(APART)
        .args(if quick { &QUICK[..] } else { &[] })
        .current_dir(copy.folder())
        .env("CARGO_TARGET_DIR", copy.target());
    command
}

impl Tests<'_> {
    fn command(self) -> Command {
        let mut command = cargo(self.copy, "test", false);
        command.args(self.target);
        command
    }

    /// Runs them, and answers which fail.
    pub(super) async fn failing(self, task: &Task) -> Result<Judgement, Failure> {
        task.note("cargo test --no-run");
        let mut build = self.command();
        build.arg("--no-run");
        compile(build).await?;
        task.note("cargo test");
        let mut tests = self.command();
        tests
            .args(["--config", UNSTABLE, "--", self.filter])
            .args(["-Zunstable-options", "--fail-fast"]);
        let Some(output) = run(tests).await? else {
            return Ok(endless());
        };
        if output.status.success() {
            return Ok(Judgement::Sound);
        }
        let told = String::from_utf8_lossy(&output.stdout);
        let failing = told
            .lines()
            .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
        Ok(faulty(failing, &output))
    }
}

/// Builds the simulation and the model check.
pub(super) async fn proof(copy: &Copy, task: &Task) -> Result<PathBuf, Failure> {
    task.note("cargo build -p harmonix-proof");
    let mut build = cargo(copy, "build", true);
    build.args(["-p", "harmonix-proof"]);
    compile(build).await?;
    Ok(copy.target().join("debug/harmonix-proof"))
}

/// Runs the simulation or the model check, and answers what it finds violated.
pub(super) async fn violations(program: &Path, words: &[&str]) -> Result<Judgement, Failure> {
    let mut command = Command::new(program);
    command.args(words);
    let Some(output) = run(command).await? else {
        return Ok(endless());
    };
    if output.status.success() {
        return Ok(Judgement::Sound);
    }
    let told = String::from_utf8_lossy(&output.stdout);
    let violated = told
        .lines()
        .filter(|line| line.starts_with("seed ") || line.contains("VIOLATION"));
    Ok(faulty(violated, &output))
}

fn endless() -> Judgement {
    Judgement::Faulty(vec![format!("no end within {} s", LONGEST.as_secs())])
}

fn faulty<'a>(found: impl Iterator<Item = &'a str>, output: &Output) -> Judgement {
    let mut found: Vec<String> = found.take(TOLD).map(str::to_owned).collect();
    if found.is_empty() {
        found.push(format!("it ended with {}", output.status));
    }
    Judgement::Faulty(found)
}

/// Builds the copy. A compiler ends, however long the first build takes on a busy machine.
async fn compile(build: Command) -> Result<(), Failure> {
    let output = ended(build).await?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the copy does not compile:\n{}",
        String::from_utf8_lossy(&output.stderr)
    )))
}

/// Runs a command; none where it does not end.
async fn run(command: Command) -> Result<Option<Output>, Failure> {
    match tokio::time::timeout(LONGEST, ended(command)).await {
        Ok(output) => output.map(Some),
        Err(_) => Ok(None),
    }
}

/// Runs a command to its end, however long that takes.
async fn ended(mut command: Command) -> Result<Output, Failure> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let shown = format!("run {}", command.as_std().get_program().display());
    command.output().await.doing(|| shown)
}
