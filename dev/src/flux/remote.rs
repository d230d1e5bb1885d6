//! A Git repository somewhere else, through `git` itself.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::process::Command;

use crate::failure::Failure;
use crate::tools::command;

const LIMIT: Duration = Duration::from_secs(60);

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Password, or token.
    pub password: String,
}

/// A branch of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Where it is.
    pub url: String,
    /// The branch.
    pub branch: String,
    /// Who asks, where that matters.
    pub login: Option<Login>,
}

impl Remote {
    /// Answers the newest commit of the branch.
    pub async fn head(&self) -> Result<String, Failure> {
        let reference = format!("refs/heads/{}", self.branch);
        let said = self
            .git(&["ls-remote", "--", &self.url, &reference])
            .await?;
        let commit = said.split_whitespace().next();
        commit.map(str::to_owned).ok_or_else(|| {
            Failure::new(format!(
                "the repository {} has no branch {}",
                self.url, self.branch
            ))
        })
    }

    /// Fetches the branch into the bare repository in `folder`, which is made where it is absent.
    pub async fn fetch(&self, folder: &Path) -> Result<(), Failure> {
        let folder = folder.to_string_lossy();
        self.git(&["init", "--quiet", "--bare", &folder]).await?;
        let reference = format!("+refs/heads/{}:refs/heads/fetched", self.branch);
        let fetch = [
            "--git-dir",
            &folder,
            "fetch",
            "--quiet",
            "--depth",
            "1",
            "--",
            &self.url,
            &reference,
        ];
        self.git(&fetch).await.map(drop)
    }

    /// Writes the files of a commit that was fetched as an archive.
    pub async fn pack(&self, folder: &Path, commit: &str, archive: &Path) -> Result<(), Failure> {
        let (folder, archive) = (folder.to_string_lossy(), archive.to_string_lossy());
        // The tree, not the commit: of a commit, git writes a header into the archive that Flux does not read.
        let tree = format!("{commit}^{{tree}}");
        let pack = [
            "--git-dir",
            &folder,
            "archive",
            "--format",
            "tar.gz",
            "--output",
            &archive,
            &tree,
        ];
        self.git(&pack).await.map(drop)
    }

    async fn git(&self, arguments: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .stdin(Stdio::null())
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        if let Some(login) = &self.login {
            let basic = STANDARD.encode(format!("{}:{}", login.user, login.password));
            // Everybody on this machine can read a command line.
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", "http.extraHeader")
                .env(
                    "GIT_CONFIG_VALUE_0",
                    format!("Authorization: Basic {basic}"),
                );
        }
        command::output(command, LIMIT).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let output = std::process::Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[tokio::test]
    async fn the_newest_commit_of_a_branch_is_found_fetched_and_packed() {
        let (source, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        git(
            source.path(),
            &["init", "--quiet", "--initial-branch", "main"],
        );
        let remote = Remote {
            url: source.path().to_string_lossy().into_owned(),
            branch: "main".into(),
            login: None,
        };
        for text in ["one", "two"] {
            std::fs::create_dir_all(source.path().join("deploy")).unwrap();
            std::fs::write(source.path().join("deploy/file"), text).unwrap();
            git(source.path(), &["add", "--all"]);
            git(source.path(), &["commit", "--quiet", "--message", text]);
            let head = remote.head().await.unwrap();
            assert_eq!(head, git(source.path(), &["rev-parse", "HEAD"]));

            let (bare, archive) = (own.path().join("bare"), own.path().join("archive"));
            remote.fetch(&bare).await.unwrap();
            remote.pack(&bare, &head, &archive).await.unwrap();
            let unpacked = std::process::Command::new("tar")
                .args(["--extract", "--to-stdout", "--gzip", "--file"])
                .arg(&archive)
                .arg("deploy/file")
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(unpacked.stdout).unwrap(), text);
        }
    }

    #[tokio::test]
    async fn a_branch_that_is_not_there_is_named() {
        let source = tempfile::tempdir().unwrap();
        git(
            source.path(),
            &["init", "--quiet", "--initial-branch", "main"],
        );
        let remote = Remote {
            url: source.path().to_string_lossy().into_owned(),
            branch: "other".into(),
            login: None,
        };
        let told = remote.head().await.unwrap_err().to_string();
        assert!(told.contains("has no branch other"), "{told}");
    }
}
