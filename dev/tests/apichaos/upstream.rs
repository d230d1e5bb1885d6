//! An API server of applications, as small as can be, and the proxy in front of it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use harmonix_dev::apichaos;
use harmonix_dev::journal::{Entry, Journal};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast;

pub const APPLICATIONS: &str = "/apis/harmonix.io/v1alpha1/applications";
pub const CART: &str = "/apis/harmonix.io/v1alpha1/namespaces/shop/applications/cart";
/// Long enough for anything that is to happen, and longer than what is to happen at once.
pub const SOON: Duration = Duration::from_secs(5);
/// As long as nothing is to happen.
pub const QUIET: Duration = Duration::from_millis(300);

pub struct Server {
    pub names: Mutex<Vec<String>>,
    /// Bearer tokens, and what was written with them.
    pub written: Mutex<Vec<(String, Value)>>,
    events: broadcast::Sender<Bytes>,
}

#[derive(Deserialize)]
struct Wish {
    watch: Option<bool>,
}

async fn follow(State(server): State<Arc<Server>>, Query(wish): Query<Wish>) -> Response {
    if wish.watch == Some(true) {
        let events = server.events.subscribe();
        let lines = futures::stream::unfold(events, |mut events| async {
            let line = events.recv().await.ok()?;
            Some((Ok::<Bytes, Infallible>(line), events))
        });
        return Body::from_stream(lines).into_response();
    }
    let names = server.names.lock().unwrap().clone();
    let items: Vec<Value> = names.iter().map(|name| object(name, "1")).collect();
    let version = names.len().to_string();
    Json(json!({ "metadata": { "resourceVersion": version }, "items": items })).into_response()
}

async fn write(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Json<Value> {
    let token = headers["authorization"].to_str().unwrap().to_owned();
    server.written.lock().unwrap().push((token, body));
    Json(object("cart", "77"))
}

fn object(name: &str, version: &str) -> Value {
    json!({ "metadata": { "namespace": "shop", "name": name, "resourceVersion": version } })
}

/// The proxy with its API server.
pub struct Chaos {
    pub server: Arc<Server>,
    pub address: String,
    pub client: reqwest::Client,
    journal: Journal,
    pub folder: tempfile::TempDir,
}

impl Chaos {
    pub async fn start() -> Self {
        let server = Arc::new(Server {
            names: Mutex::new(["cart", "till", "shelf"].map(str::to_owned).to_vec()),
            written: Mutex::default(),
            events: broadcast::channel(64).0,
        });
        let router = Router::new()
            .route(APPLICATIONS, get(follow))
            .route(CART, get(follow).patch(write))
            .with_state(Arc::clone(&server));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });

        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path().join("apichaos.jsonl")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let config = kube::Config::new(upstream.parse().unwrap());
        tokio::spawn(apichaos::run(config, journal.clone(), listener).unwrap());
        Self {
            server,
            address,
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            journal,
            folder,
        }
    }

    pub async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        let asked = self.client.get(format!("{}{path}", self.address));
        asked.bearer_auth("t").send().await
    }

    /// Writes an intent.
    pub async fn hold(&self) -> reqwest::Result<reqwest::Response> {
        let intents =
            json!([{ "id": "i1", "action": { "do": "createProject", "path": "shop/cart" } }]);
        let annotations = json!({ "harmonix.io/intents": intents.to_string() });
        let body = json!({ "metadata": { "resourceVersion": "76", "annotations": annotations } });
        let asked = self.client.patch(format!("{}{CART}", self.address));
        asked.bearer_auth("t").json(&body).send().await
    }

    pub fn written(&self) -> usize {
        self.server.written.lock().unwrap().len()
    }

    pub async fn fault(&self, rule: Value) {
        self.post("__faults", rule).await;
    }

    pub async fn order(&self, order: Value) {
        self.post("__watches", order).await;
    }

    async fn post(&self, to: &str, body: Value) {
        let address = format!("{}/{to}", self.address);
        let answer = self.client.post(address).json(&body).send().await.unwrap();
        let status = answer.status();
        assert!(
            status.is_success(),
            "{status}: {}",
            answer.text().await.unwrap()
        );
    }

    pub fn journal(&self) -> Vec<Entry> {
        self.journal.entries().unwrap()
    }

    /// Opens a watch.
    pub async fn watch(&self) -> Watch {
        let before = self.server.events.receiver_count();
        let path = format!("{APPLICATIONS}?watch=true&resourceVersion=3");
        let answer = self.get(&path).await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        assert!(self.server.events.receiver_count() > before);
        Watch(Box::pin(answer.bytes_stream()))
    }

    /// Lets something happen to an application.
    pub fn happens(&self, name: &str, version: &str) {
        let event = json!({ "type": "MODIFIED", "object": object(name, version) });
        self.server
            .events
            .send(Bytes::from(event.to_string() + "\n"))
            .unwrap();
    }
}

/// An open watch.
pub struct Watch(std::pin::Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>);

impl Watch {
    /// Answers what comes next, as `TYPE NAME VERSION` each.
    pub async fn next(&mut self) -> Vec<String> {
        let next = tokio::time::timeout(SOON, self.0.next()).await.unwrap();
        told(&next.unwrap().unwrap())
    }

    /// Says that nothing comes.
    pub async fn is_quiet(&mut self) {
        let next = tokio::time::timeout(QUIET, self.0.next()).await;
        assert!(next.is_err(), "{next:?}");
    }

    /// Answers how it ends, next.
    pub async fn end(&mut self) -> Option<reqwest::Error> {
        let next = tokio::time::timeout(SOON, self.0.next()).await.unwrap();
        next.map(|next| next.unwrap_err())
    }
}

fn told(lines: &[u8]) -> Vec<String> {
    let lines = std::str::from_utf8(lines).unwrap();
    let event = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        let of = |pointer: &str| {
            let value = event.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or("-").to_owned()
        };
        format!(
            "{} {} {}",
            of("/type"),
            of("/object/metadata/name"),
            of("/object/metadata/resourceVersion")
        )
    };
    lines.lines().map(event).collect()
}
