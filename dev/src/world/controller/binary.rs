//! The controller's binary: found, or built.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::failure::{Doing, Failure};
use crate::progress::Progress;
use crate::tools::cache::{Cache, hold};
use crate::world::{name, program};

/// What the binary is called.
pub const NAME: &str = "harmonix";
/// The variable that names the binary: for tests, and for whoever has built one.
pub const VARIABLE: &str = "HARMONIX_BINARY";

/// How the binary is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quickly.
    Debug,
    /// As it is shipped.
    Release,
    /// As it is shipped, save that it dies where a test says: see `HARMONIX_FAILPOINT`.
    Failpoints,
}

/// Answers the binary that `cargo dev test` has built, or that lies beside this program.
pub fn find() -> Result<PathBuf, Failure> {
    program::find(NAME, VARIABLE)
}

/// Answers the binary that the environment names; where it names none, builds that of this checkout.
pub async fn given_or_built(
    cache: &Cache,
    profile: Profile,
    progress: &Progress,
) -> Result<PathBuf, Failure> {
    match env::var_os(VARIABLE) {
        Some(_) => find(),
        None => build(cache, profile, progress).await,
    }
}

/// Builds the binary of this checkout. What is compiled is kept in the cache folder, outside of the checkout, so that
/// dependencies are compiled once for all of them.
pub async fn build(
    cache: &Cache,
    profile: Profile,
    progress: &Progress,
) -> Result<PathBuf, Failure> {
    let task = progress.task("controller");
    let target = cache.path("target");
    let (command, kind) = match profile {
        Profile::Debug => {
            let mut command = cargo(&["build", "--bin", NAME]);
            command.env("CARGO_TARGET_DIR", &target);
            (command, "debug")
        }
        Profile::Release => (shipped(name::checkout(), &target, &[])?, "release"),
        Profile::Failpoints => {
            let features = ["--features", "failpoints"];
            (shipped(name::checkout(), &target, &features)?, "failpoints")
        }
    };
    let folder = cache
        .path("controller")
        .join(name::of_checkout(name::checkout()));
    fs::create_dir_all(&folder).doing(|| format!("make the folder {}", folder.display()))?;
    // Checkouts share what is compiled, and so the path of the result: it is taken away before another one builds.
    let _held = hold(&cache.path("controller/.lock"), &task).await?;
    task.note(format!("cargo build, {kind}"));
    let mut compiled = 0;
    let built = compile(command, NAME, |package| {
        compiled += 1;
        task.note(format!(
            "compiling, {compiled} targets so far, now {package}"
        ));
    })
    .await?;
    let own = folder.join(format!("{NAME}-{kind}"));
    let new = own.with_extension("new");
    fs::copy(&built, &new).doing(|| format!("copy {}", built.display()))?;
    fs::rename(&new, &own).doing(|| format!("write {}", own.display()))?;
    task.done();
    Ok(own)
}

/// Where the binary names its own addresses, it says so in a list that is a hundredth as long: a megabyte less in the image,
/// and in memory.
const PACKED: &str = "link-arg=-Wl,-z,pack-relative-relocs";

/// Answers the command that builds the binary as it is shipped, from the sources at `source`: static, so that its image
/// needs no C library, and without the paths of whoever builds it, so that it comes out the same everywhere. `Dockerfile`
/// does likewise.
pub fn shipped(source: &Path, target: &Path, options: &[&str]) -> Result<Command, Failure> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
        .ok_or_else(|| Failure::new("there is no home folder, so it is not known where cargo keeps crates: set CARGO_HOME"))?;
    let flags = [
        "-C".to_owned(),
        "target-feature=+crt-static".to_owned(),
        format!("--remap-path-prefix={}=/cargo", home.display()),
        format!("--remap-path-prefix={}=/target", target.display()),
    ];
    // Flags are for the target only where there is one, even if it is this machine: plugins of the compiler are no
    // static programs.
    let mut command = cargo(&[
        "rustc",
        "--release",
        "--target",
        "host-tuple",
        "--bin",
        NAME,
    ]);
    command
        .args(options)
        .args(["--", "-C", PACKED])
        .current_dir(source)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    Ok(command)
}

/// Answers a cargo command in this checkout whose results [`compile`] reads.
#[must_use]
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(name::checkout());
    command
}

/// Runs a cargo command to its end and answers the binary of this name that it built.
pub async fn compile(
    mut command: Command,
    binary: &str,
    mut on_target: impl FnMut(&str),
) -> Result<PathBuf, Failure> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().doing(|| "start cargo".into())?;
    let mut found = None;
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines
            .next_line()
            .await
            .doing(|| "read what cargo says".into())?
        {
            let Ok(message) = serde_json::from_str::<Message>(&line) else {
                continue;
            };
            if let Some(target) = message.target {
                on_target(&target.name);
                if target.name == binary
                    && target.kind.iter().any(|kind| kind == "bin")
                    && !message.profile.test
                {
                    found = message.executable.or(found);
                }
            }
        }
    }
    let status = child.wait().await.doing(|| "wait for cargo".into())?;
    if !status.success() {
        return Err(Failure::new(format!(
            "{binary} does not compile: what cargo says is above"
        )));
    }
    found.filter(|path| Path::new(path).is_file()).ok_or_else(|| {
        Failure::new(format!("cargo built no binary named {binary}: is there a [[bin]] of that name in Cargo.toml?"))
    })
}

/// What matters of cargo's messages.
#[derive(Debug, Deserialize)]
struct Message {
    target: Option<Target>,
    #[serde(default)]
    profile: BuildProfile,
    executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct BuildProfile {
    #[serde(default)]
    test: bool,
}
