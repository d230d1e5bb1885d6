//! A developer's clone.

use std::path::Path;
use std::process::Command;

use harmonix_dev::world::World;
use tempfile::TempDir;

pub struct Worktree(TempDir);

impl Worktree {
    pub fn clone(world: &World, project: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = format!("127.0.0.1:{}", world.ports.gitlab);
        let token = &world.tokens.gitlab_developer;
        let url = format!("http://developer:{token}@{host}/{project}.git");
        let worktree = Self(folder);
        worktree.git(&["clone", "--quiet", &url, "."]);
        worktree
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder().join(path)).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        std::fs::write(self.folder().join(path), text).unwrap();
    }

    /// Commits everything and pushes; answers the commit.
    pub fn push(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["push", "--quiet", "origin", "HEAD:main"]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn pull(&self) {
        self.git(&["pull", "--quiet", "--rebase", "origin", "main"]);
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=A developer",
                "-c",
                "user.email=developer@example.com",
            ])
            .args(arguments)
            .current_dir(self.folder())
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}
