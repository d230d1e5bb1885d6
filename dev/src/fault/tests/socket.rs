//! What arrives over a real socket, and who is alive then.

use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::post;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::{Fault, Position};

/// What became of a request.
struct Struck {
    /// Every byte received until the connection ended.
    text: String,
    /// Whether it was served.
    served: bool,
    /// After how long the last byte, or the end, was there.
    took: Duration,
}

/// Asks a server that a fault has met.
async fn struck(fault: Fault) -> Struck {
    let served = Arc::new(AtomicBool::new(false));
    let serving = Arc::clone(&served);
    let serve = async move |body: String| {
        assert_eq!(body, "hi");
        fault.begin().await;
        if let Some((_, response)) = fault.instead() {
            return response;
        }
        serving.store(true, Ordering::SeqCst);
        fault.end(Response::new(Body::from("0123456789"))).await
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/thing", post(serve));
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let since = Instant::now();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request =
        b"POST /thing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    socket.write_all(request).await.unwrap();
    let mut received = Vec::new();
    // A reset counts as an end too: what matters is what arrived before.
    let _ = socket.read_to_end(&mut received).await;
    server.abort();
    Struck {
        text: String::from_utf8(received).unwrap(),
        served: served.load(Ordering::SeqCst),
        took: since.elapsed(),
    }
}

/// A process that a fault may kill.
struct Victim {
    child: Child,
    folder: TempDir,
}

impl Victim {
    fn start() -> Self {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pid"), format!("{}\n", child.id())).unwrap();
        Self { child, folder }
    }

    fn kill(&self, at: Position) -> Fault {
        Fault::Kill {
            at,
            pid_file: self.folder.path().join("pid"),
        }
    }

    fn stop(&self, at: Position) -> Fault {
        Fault::Stop {
            at,
            pid_file: self.folder.path().join("pid"),
        }
    }

    fn stands_still(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        stat.rsplit_once(") ").unwrap().1.starts_with('T')
    }

    fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_without_a_byte() {
    let lost = struck(Fault::LostAnswer).await;
    assert_eq!((lost.text.as_str(), lost.served), ("", true));
    let refused = struck(Fault::Refuse).await;
    assert_eq!((refused.text.as_str(), refused.served), ("", false));
}

fn is_half(text: &str) {
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    let head = text.to_lowercase();
    assert!(head.contains("content-length: 10\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n01234"), "{text}");
}

#[tokio::test]
async fn half_an_answer_ends_in_the_middle_of_the_body() {
    is_half(&struck(Fault::HalfAnswer).await.text);
}

#[tokio::test]
async fn a_late_answer_and_a_delayed_request_both_come_in_the_end() {
    for fault in [Fault::Late { millis: 200 }, Fault::Delay { millis: 200 }] {
        let late = struck(fault).await;
        assert!(late.took >= Duration::from_millis(200), "{:?}", late.took);
        assert!(late.text.ends_with("\r\n\r\n0123456789"), "{}", late.text);
    }
}

#[tokio::test]
async fn garbage_is_a_page_and_a_redirect_leads_to_one() {
    let garbage = struck(Fault::Garbage).await;
    assert!(!garbage.served);
    assert!(garbage.text.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(garbage.text.contains("text/html"), "{}", garbage.text);
    let redirect = struck(Fault::Redirect).await;
    assert!(!redirect.served);
    assert!(redirect.text.starts_with("HTTP/1.1 302 Found\r\n"));
    let head = redirect.text.to_lowercase();
    assert!(head.contains("location: /__login\r\n"), "{head}");
}

#[tokio::test]
async fn whoever_is_killed_before_or_once_applied_got_no_byte() {
    for (at, served) in [(Position::Before, false), (Position::Applied, true)] {
        let mut victim = Victim::start();
        let struck = struck(victim.kill(at)).await;
        assert!(victim.is_dead(), "{at:?}");
        assert_eq!((struck.text.as_str(), struck.served), ("", served));
    }
}

#[tokio::test]
async fn whoever_is_killed_at_half_got_half() {
    let mut victim = Victim::start();
    let struck = struck(victim.kill(Position::Half)).await;
    assert!(victim.is_dead());
    is_half(&struck.text);
}

#[tokio::test]
async fn whoever_is_killed_once_answered_got_the_whole_answer() {
    let mut victim = Victim::start();
    let struck = struck(victim.kill(Position::Answered)).await;
    assert!(
        struck.text.ends_with("\r\n\r\n0123456789"),
        "{}",
        struck.text
    );
    let since = Instant::now();
    while !victim.is_dead() {
        assert!(since.elapsed() < Duration::from_secs(5), "still alive");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn whoever_is_stopped_stands_still_and_is_sent_what_there_is() {
    let whole = "\r\n\r\n0123456789";
    for (at, served, end) in [
        (Position::Before, false, ""),
        (Position::Applied, true, whole),
        (Position::Half, true, "\r\n\r\n01234"),
        (Position::Answered, true, whole),
    ] {
        let mut victim = Victim::start();
        let struck = struck(victim.stop(at)).await;
        let since = Instant::now();
        while !victim.stands_still() {
            assert!(since.elapsed() < Duration::from_secs(5), "{at:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(!victim.is_dead(), "{at:?}");
        assert!(struck.text.ends_with(end), "{at:?}: {}", struck.text);
        assert_eq!(
            (struck.text.is_empty(), struck.served),
            (end.is_empty(), served)
        );
    }
}

#[tokio::test]
async fn nobody_else_is_killed_where_the_file_names_no_process_of_that_kind() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let own = std::process::id().to_string();
    for text in ["", "0", "1", "-1", "many", own.as_str()] {
        std::fs::write(&pid_file, text).unwrap();
        let told = super::super::death::kill_of(&pid_file).await.unwrap_err();
        assert!(told.to_string().contains("pid"), "{told}");
    }
}
