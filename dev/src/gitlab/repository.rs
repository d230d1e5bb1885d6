//! A project's bare repository, through `git` itself.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

mod commit;
mod history;
mod seen;
mod tree;

pub use commit::{Action, ActionKind, Change, Refused};
pub use history::{Commit, Query};
pub use seen::Seen;

/// The object name that stands for "nothing".
pub const ZEROS: &str = "0000000000000000000000000000000000000000";

/// A bare repository.
#[derive(Debug, Clone)]
pub struct Repository {
    path: PathBuf,
    seen: Arc<Seen>,
}

impl Repository {
    /// Names the repository in this folder, and where what was read of its objects is kept.
    pub fn at(path: PathBuf, seen: &Arc<Seen>) -> Self {
        let seen = Arc::clone(seen);
        Self { path, seen }
    }

    /// Answers its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it.
    pub async fn create(&self, branch: &str) -> io::Result<()> {
        let output = isolated(Command::new("git").args([
            "init".as_ref(),
            "--quiet".as_ref(),
            "--bare".as_ref(),
            "--initial-branch".as_ref(),
            OsStr::new(branch),
            self.path.as_os_str(),
        ]))
        .output()
        .await?;
        checked("init", &output)
    }

    /// Removes it.
    pub async fn remove(&self) -> io::Result<()> {
        match tokio::fs::remove_dir_all(&self.path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Makes a branch the one that a clone checks out.
    pub async fn set_head(&self, branch: &str) -> io::Result<()> {
        self.text(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")])
            .await
            .map(drop)
    }

    /// Answers the commit that a branch, tag or commit name stands for.
    pub async fn resolve(&self, name: &str) -> io::Result<Option<String>> {
        if let Some(sha) = self.loose_branch(name).await {
            return Ok(Some(sha));
        }
        // Branches come before tags and object names, as in GitLab.
        for spec in [
            format!("refs/heads/{name}"),
            format!("refs/tags/{name}"),
            name.to_owned(),
        ] {
            if spec.starts_with('-') || spec.contains("..") {
                continue;
            }
            let spec = format!("{spec}^{{commit}}");
            let output = self
                .run(&["rev-parse", "--quiet", "--verify", &spec], b"")
                .await?;
            if output.status.success() {
                return Ok(Some(
                    String::from_utf8_lossy(&output.stdout).trim().to_owned(),
                ));
            }
        }
        Ok(None)
    }

    /// Answers the commit of a branch that has a file of its own; git reads that file before anything else, too.
    async fn loose_branch(&self, name: &str) -> Option<String> {
        let plain = name
            .split('/')
            .all(|part| !matches!(part, "" | "." | "..") && !part.ends_with(".lock"));
        if !plain {
            return None;
        }
        let path = self.path.join("refs/heads").join(name);
        let text = tokio::fs::read_to_string(path).await.ok()?;
        let sha = text.trim_end();
        seen::is_object_name(sha).then(|| sha.to_owned())
    }

    /// Answers all branches with their commits.
    pub async fn branches(&self) -> io::Result<Vec<(String, String)>> {
        let format = "--format=%(refname:strip=2)%00%(objectname)";
        let text = self.text(&["for-each-ref", format, "refs/heads"]).await?;
        Ok(text
            .lines()
            .filter_map(|line| line.split_once('\0'))
            .map(|(name, sha)| (name.to_owned(), sha.to_owned()))
            .collect())
    }

    /// Points a branch at a commit.
    pub async fn set_branch(&self, branch: &str, sha: &str) -> io::Result<()> {
        self.text(&["update-ref", &format!("refs/heads/{branch}"), sha])
            .await
            .map(drop)
    }

    /// Removes a branch.
    pub async fn remove_branch(&self, branch: &str) -> io::Result<()> {
        self.text(&["update-ref", "-d", &format!("refs/heads/{branch}")])
            .await
            .map(drop)
    }

    /// Asks git about the object `sha`, of which the answer can never change; asked again, git is not run again.
    async fn about(&self, sha: &str, args: &[&str]) -> io::Result<Output> {
        if !seen::is_object_name(sha) {
            return self.run(args, b"").await;
        }
        let question = seen::Question::of(&self.path, args);
        if let Some(output) = self.seen.find(&question) {
            return Ok(output);
        }
        let output = self.run(args, b"").await?;
        // What is not there yet may be there later.
        if output.status.success() {
            self.seen.keep(question, &output);
        }
        Ok(output)
    }

    /// Asks git about the object `sha` and answers its text, or an error that says what git said.
    async fn text_about(&self, sha: &str, args: &[&str]) -> io::Result<String> {
        let output = self.about(sha, args).await?;
        checked(args.first().copied().unwrap_or_default(), &output)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs git and answers its text, or an error that says what git said.
    async fn text(&self, args: &[&str]) -> io::Result<String> {
        let output = self.run(args, b"").await?;
        checked(args.first().copied().unwrap_or_default(), &output)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    async fn run(&self, args: &[&str], input: &[u8]) -> io::Result<Output> {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&self.path).args(args);
        fed(isolated(&mut command), input).await
    }
}

/// Keeps the caller's own Git configuration and identity out of what the server does.
pub fn isolated(command: &mut Command) -> &mut Command {
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
    ] {
        command.env_remove(name);
    }
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .kill_on_drop(true)
}

async fn fed(command: &mut Command, input: &[u8]) -> io::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pipe = child.stdin.take();
    let feed = async move {
        if let Some(mut pipe) = pipe {
            // A child that ends early closes the pipe; its exit status tells more than the write's error.
            let _closed_early = pipe.write_all(input).await;
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    output
}

fn checked(what: &str, output: &Output) -> io::Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "git {what} failed: {}",
        said.trim()
    )))
}
