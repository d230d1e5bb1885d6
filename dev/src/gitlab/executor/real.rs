//! Runs a job's script with gitlab-ci-local.
//!
//! The stand-in schedules; gitlab-ci-local gets a file with this one job, whose script is the rendered pipeline's own,
//! and runs it in the working copy with its shell executor. It would put variables of its own making over GitLab's, so
//! ours are read by the job's shell itself.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeekExt};
use tokio::process::Command;
use tokio::task::JoinHandle;

use super::super::instance::Instance;
use super::process::{Group, runner_environment, shell_exports};
use super::{Assignment, Outcome, checkout};

/// The name that the job has in its own file.
const JOB: &str = "job";

/// Runs a job.
pub async fn execute(instance: &Arc<Instance>, assignment: &Assignment) -> io::Result<Outcome> {
    checkout::prepare(instance, assignment).await?;
    let build = instance.build_folder(assignment.job.id);
    let exports = build.join("variables.sh");
    tokio::fs::write(&exports, shell_exports(assignment)).await?;
    let state = assignment.folder.join(".gitlab-ci-local");
    tokio::fs::create_dir_all(&state).await?;
    tokio::fs::write(state.join("job.yml"), job_file(assignment)).await?;
    let settings = &instance.executor;
    let mut command = Command::new(&settings.node);
    command
        .arg(&settings.gitlab_ci_local)
        .args([
            JOB,
            "--file",
            ".gitlab-ci-local/job.yml",
            "--force-shell-executor",
        ])
        .current_dir(&assignment.folder)
        .env_clear()
        .envs(runner_environment(settings, &build).await?)
        .env("BASH_ENV", &exports)
        .env("NO_COLOR", "1");
    let mut group = Group::start(&mut command)?;
    let said = [
        read(group.child.stdout.take()),
        read(group.child.stderr.take()),
    ];
    let log = state.join("output").join(format!("{JOB}.log"));
    let mut shown = 0;
    let code = loop {
        let pause = Duration::from_millis(200);
        match tokio::time::timeout(pause, group.wait()).await {
            Ok(code) => break code?,
            Err(_) => shown = show(assignment, &log, shown).await,
        }
    };
    let mut text = String::new();
    for pipe in said {
        // A background process may hold a pipe open for ever; the job itself is over.
        if let Ok(Ok(part)) = tokio::time::timeout(Duration::from_secs(1), pipe).await {
            text.push_str(&part);
        }
    }
    shown = show(assignment, &log, shown).await;
    if shown == 0 && code != 0 {
        // Nothing of the script ran: what gitlab-ci-local itself says is the reason.
        assignment.trace.text(&text);
    }
    Ok(Outcome::of_exit(exit_code(&text, code)))
}

/// Reads a pipe to its end, beside everything else: a full pipe would stop the job.
fn read(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still told.
            let _what_there_is = pipe.read_to_end(&mut bytes).await;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Writes the file with the one job.
fn job_file(assignment: &Assignment) -> String {
    let spec = &assignment.job.spec;
    // JSON is YAML; every line of a script is one text, whatever it holds.
    json!({ JOB: {
        "before_script": spec.before_script,
        "script": spec.script,
        "after_script": spec.after_script,
    } })
    .to_string()
}

/// Copies what is new in gitlab-ci-local's log to the job's; answers how far it is copied.
async fn show(assignment: &Assignment, log: &std::path::Path, shown: u64) -> u64 {
    let Ok(mut file) = tokio::fs::File::open(log).await else {
        return shown;
    };
    let mut new = Vec::new();
    let read = async {
        file.seek(io::SeekFrom::Start(shown)).await?;
        file.read_to_end(&mut new).await
    };
    if read.await.is_err() {
        return shown;
    }
    // Only whole lines, so that no character is cut in two.
    let whole = new
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let lines = new.get(..whole).unwrap_or_default();
    assignment.trace.text(&String::from_utf8_lossy(lines));
    shown + whole as u64
}

/// gitlab-ci-local itself ends with 1; the script's own exit code is in what it prints.
fn exit_code(text: &str, code: i32) -> i32 {
    if code == 0 {
        return 0;
    }
    Regex::new(r"FAIL\s+(\d+)")
        .ok()
        .and_then(|pattern| pattern.captures(text)?.get(1)?.as_str().parse().ok())
        .unwrap_or(code)
}

#[cfg(test)]
mod tests {
    use super::exit_code;

    #[test]
    fn the_scripts_own_exit_code_is_told() {
        assert_eq!(exit_code("job finished in 12 ms  FAIL 3 \n", 1), 3);
        assert_eq!(exit_code("anything", 0), 0);
        assert_eq!(exit_code("schema invalid", 1), 1);
    }
}
