//! A GitLab of few words: answers what the test laid out, in order, and keeps what it was asked.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use harmonix::adapters::gitlab::{GitlabAddress, GitlabHost};
use serde_json::Value;
use tokio::net::TcpListener;

/// The token of every test. It must never be seen anywhere but in the header.
pub const CANARY: &str = "canary-3f9c1d";

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// Path and query below `/api/v4`, as sent.
    pub path: String,
    pub token: String,
    pub body: String,
}

impl Asked {
    /// `METHOD path`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The fields of a form, in order.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect()
    }

    /// One field of a form.
    pub fn field(&self, name: &str) -> String {
        let form = self.form();
        let field = form.iter().find(|(key, _)| key == name);
        field.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// How long it takes.
    pub after: Duration,
    /// Whether the connection breaks before the end of the body.
    pub broken: bool,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            after: Duration::ZERO,
            broken: false,
        }
    }

    pub fn json(body: Value) -> Self {
        Self::new(200, body.to_string()).with("content-type", "application/json")
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn respond(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        let body = if self.broken {
            let parts = [
                Ok(self.body),
                Err(std::io::Error::other("the connection breaks")),
            ];
            Body::from_stream(futures::stream::iter(parts))
        } else {
            Body::from(self.body)
        };
        response.body(body).unwrap()
    }
}

#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    asked: Vec<Asked>,
}

/// The stub, listening.
pub struct Stub {
    script: Arc<Mutex<Script>>,
    pub url: String,
    folder: tempfile::TempDir,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Stub {
    pub async fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Arc::new(Mutex::new(Script {
            replies: replies.into_iter().collect(),
            asked: Vec::new(),
        }));
        let held = Arc::clone(&script);
        let app =
            Router::new().fallback(move |request: Request| answer(Arc::clone(&held), request));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), format!("{CANARY}\n")).unwrap();
        Self {
            script,
            url,
            folder,
            server,
        }
    }

    pub fn then(&self, reply: Reply) {
        self.script.lock().unwrap().replies.push_back(reply);
    }

    pub fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn address(&self) -> GitlabAddress {
        GitlabAddress {
            base_url: self.url.parse().unwrap(),
            token_file: self.token_file(),
            ca_bundle: None,
            timeout: Duration::from_secs(5),
        }
    }

    pub fn host(&self) -> GitlabHost {
        GitlabHost::new(self.address()).unwrap()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

async fn answer(script: Arc<Mutex<Script>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path_and_query().unwrap().as_str();
    let token = parts.headers.get("private-token");
    let reply = {
        let mut script = script.lock().unwrap();
        script.asked.push(Asked {
            method: parts.method.to_string(),
            path: path.strip_prefix("/api/v4").unwrap_or(path).to_owned(),
            token: token.map_or_else(String::new, |t| t.to_str().unwrap().to_owned()),
            body: String::from_utf8(body.to_vec()).unwrap(),
        });
        script.replies.pop_front()
    };
    let reply = reply.unwrap_or_else(|| Reply::new(500, "the test laid out no answer for this"));
    tokio::time::sleep(reply.after).await;
    reply.respond()
}
