//! A proxy as companies have one, which keeps what it is asked. Whoever opens a tunnel through it is listened to until it
//! says for whom its TLS is, and left alone then: nothing here could answer.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

/// What it was asked, in order.
type Seen = Arc<Mutex<Vec<String>>>;

/// The proxy, listening. It can stand for a server as well: what is sent to it in a server's form, it answers, too.
pub struct Proxy {
    pub url: String,
    seen: Seen,
}

impl Proxy {
    /// A proxy that answers requests in the clear with this body.
    pub fn answering(body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Seen::default();
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(&mut stream.unwrap(), body, &kept));
            }
        });
        Self { url, seen }
    }

    /// The first line of each request, and `TLS for NAME` for what came through a tunnel; each once.
    pub fn seen(&self) -> Vec<String> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.dedup();
        seen
    }
}

fn serve(stream: &mut TcpStream, body: &str, kept: &Seen) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().to_owned();
    kept.lock().unwrap().push(line.clone());
    let Some(target) = line.strip_prefix("CONNECT ") else {
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        return;
    };
    let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
    let host = target.split(':').next().unwrap_or_default();
    // The first record of a handshake names the server in the clear.
    let mut hello = vec![0; 4096];
    let length = stream.read(&mut hello).unwrap_or(0);
    let hello = String::from_utf8_lossy(&hello[..length]);
    if hello.starts_with('\u{16}') && hello.contains(host) {
        kept.lock().unwrap().push(format!("TLS for {host}"));
    }
}

/// Runs another test of this program in a process of its own, with these variables and hardly any others: what is read from
/// the environment once is read anew there.
pub fn alone(test: &str, variables: &[(&str, &str)]) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// What such a test printed.
pub fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
