//! Building the copy, and reading what the compiler says against it.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::Failure;
use crate::workshop::Workshop;

/// Where the compiler finds fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) file: String,
    pub(crate) offset: usize,
    pub(crate) message: String,
}

/// What a build came to.
#[derive(Debug)]
pub(crate) enum Built {
    /// These programs, library's tests first.
    Programs(Vec<PathBuf>),
    Faults(Vec<Fault>),
}

/// Looks whether the library compiles.
pub(crate) fn check(workshop: &Workshop, scope: &[String]) -> Result<Built, Failure> {
    cargo(workshop, "check", scope, &["--lib"])
}

/// Builds the tests that are asked.
pub(crate) fn tests(workshop: &Workshop, scope: &[String]) -> Result<Built, Failure> {
    let targets = ["--no-run", "--lib", "--test", "domain"];
    cargo(workshop, "test", scope, &targets)
}

/// Cargo tells two checkouts of one package apart by nothing but how they are built: without this, what is built in the copy
/// would pass for the checkout's own.
const APART: &str = "--config=profile.dev.package.harmonix.debug=false";

fn cargo(
    workshop: &Workshop,
    verb: &str,
    scope: &[String],
    targets: &[&str],
) -> Result<Built, Failure> {
    let mut command = workshop.cargo(&[verb, "--message-format=json", APART]);
    command.args(scope).args(targets);
    command.stdin(Stdio::null());
    let output = command
        .output()
        .map_err(|e| format!("cannot start cargo: {e}"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<Value> = told
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    if output.status.success() {
        return Ok(Built::Programs(programs(&messages)));
    }
    let faults: Vec<Fault> = messages.iter().filter_map(fault).collect();
    if faults.is_empty() {
        return Err(format!(
            "cargo {verb} failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(Built::Faults(faults))
}

fn programs(messages: &[Value]) -> Vec<PathBuf> {
    let mut found: Vec<(bool, PathBuf)> = messages
        .iter()
        .filter_map(|message| {
            let program = message.get("executable")?.as_str()?;
            let tests = message.pointer("/profile/test")?.as_bool()?;
            let kind = message.pointer("/target/kind/0")?.as_str()?;
            tests.then(|| (kind == "test", PathBuf::from(program)))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, program)| program).collect()
}

fn fault(message: &Value) -> Option<Fault> {
    let told = message.get("message")?;
    if told.get("level")?.as_str()? != "error" {
        return None;
    }
    let spans = told.get("spans")?.as_array()?;
    let primary = |span: &&Value| span.get("is_primary").and_then(Value::as_bool) == Some(true);
    let span = spans.iter().find(primary).or_else(|| spans.first())?;
    Some(Fault {
        file: span.get("file_name")?.as_str()?.to_owned(),
        offset: usize::try_from(span.get("byte_start")?.as_u64()?).ok()?,
        message: told.get("message")?.as_str()?.to_owned(),
    })
}
