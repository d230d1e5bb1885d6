//! Ends the world when this process ends, however it ends.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

use harmonix_dev::world::World;

/// A process that waits for the end of its standard input, which ends with this process at the latest. It ends the world
/// then, and removes what is left of it unless a test failed.
pub struct Guardian {
    pipe: Mutex<ChildStdin>,
    /// It outlives this process, so nobody waits for it.
    _process: Child,
}

impl Guardian {
    /// A scripted world of this process' own, and who ends it.
    pub fn bring_up(purpose: &str) -> (Self, World) {
        let name = format!("test-{purpose}-{}", std::process::id());
        let guardian = Self::of(&name);
        let up = Command::new(env!("CARGO_BIN_EXE_harmonix-dev"))
            .args(["up", "--executor", "scripted", "--tasks", "none"])
            .args(["--name", &name])
            .output()
            .unwrap();
        assert!(
            up.status.success(),
            "{}",
            String::from_utf8_lossy(&up.stderr)
        );
        (guardian, World::load(&name).unwrap())
    }

    fn of(world: &str) -> Self {
        let script = r#"
            said=$(cat)
            "$0" down --name "$1" >/dev/null 2>&1
            [ -n "$said" ] || rm -rf "$2"
        "#;
        let folder = harmonix_dev::world::layout::Layout::of(
            &harmonix_dev::tools::Cache::of_user().unwrap(),
            world,
        );
        let mut child = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_harmonix-dev"), world])
            .arg(folder.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // An interrupt from the terminal is not for it.
            .process_group(0)
            .spawn()
            .unwrap();
        Self {
            pipe: Mutex::new(child.stdin.take().unwrap()),
            _process: child,
        }
    }

    /// Has logs and journals kept.
    pub fn keep(&self) {
        let mut pipe = self
            .pipe
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = pipe.write_all(b"keep\n");
    }
}
