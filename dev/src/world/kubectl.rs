//! kubectl, as people use it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::World;

/// kubectl with somebody's access.
#[derive(Debug, Clone)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// Any kubectl, with this kubeconfig.
    #[must_use]
    pub fn of(program: PathBuf, kubeconfig: PathBuf) -> Self {
        Self {
            program,
            kubeconfig,
        }
    }

    /// That of the world's administrator.
    #[must_use]
    pub fn of_administrator(world: &World) -> Self {
        Self::of(world.kubectl(), world.layout.administrator_kubeconfig())
    }

    /// The same program, with a kubeconfig of somebody's own.
    #[must_use]
    pub fn with(&self, kubeconfig: &Path) -> Self {
        Self::of(self.program.clone(), kubeconfig.to_owned())
    }

    /// Answers what it prints.
    ///
    /// # Errors
    /// What it says where it does not do it.
    pub fn run(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = Command::new(&self.program)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", self.program.display()))?;
        if let Some(mut stdin) = child.stdin.take() {
            // Whoever is refused may not have read it.
            drop(stdin.write_all(input.as_bytes()));
        }
        let output = child
            .wait_with_output()
            .map_err(|error| format!("kubectl cannot be waited for: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}
