//! moto and the registry, started once.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

pub struct Backend {
    pub moto: String,
    pub registry: String,
}

/// Answers the backends, starting them where they do not run yet.
pub fn backend() -> &'static Backend {
    static BACKEND: OnceLock<Backend> = OnceLock::new();
    BACKEND.get_or_init(|| {
        let moto = std::env::var_os("HARMONIX_MOTO").map(PathBuf::from).expect(
            "HARMONIX_MOTO must name the moto_server to test against: run `cargo dev tools`, which installs one, or `cargo dev test`, which sets it",
        );
        assert!(moto.is_file(), "HARMONIX_MOTO names {}, which is not a file", moto.display());
        let (moto_port, registry_port) = (free_port(), free_port());
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(moto).args(["-H", "127.0.0.1", "-p"]);
        start(command.arg(moto_port.to_string()));
        let folder = tempfile::tempdir().unwrap().keep();
        let file = folder.join("registry.yml");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\nhttp: {{addr: 127.0.0.1:{registry_port}, relativeurls: true}}\n",
            folder.display()
        );
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "docker-registry", "serve"]);
        start(command.arg(file));
        wait_for(moto_port, "moto");
        wait_for(registry_port, "docker-registry");
        Backend {
            moto: format!("http://127.0.0.1:{moto_port}"),
            registry: format!("127.0.0.1:{registry_port}"),
        }
    })
}

/// Starts a process that dies with this one. Its parent in the kernel's eyes is the thread that started it, so that
/// thread must not end before the tests do.
fn start(command: &mut Command) {
    let mut command = std::mem::replace(command, Command::new("true"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let (sender, started) = std::sync::mpsc::channel();
    thread::spawn(move || match command.spawn() {
        Ok(mut child) => {
            sender.send(Ok(())).unwrap();
            // It runs until the tests are over; where it ends before, whoever needs it will say so.
            let _ = child.wait();
        }
        Err(error) => sender
            .send(Err(format!("{command:?} did not start: {error}")))
            .unwrap(),
    });
    started.recv().unwrap().unwrap();
}

fn wait_for(port: u16, what: &str) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{what} does not answer on port {port}"
        );
        thread::sleep(Duration::from_millis(50));
    }
}

/// Finds a port on loopback that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
