//! The instance as a whole: its token, its address, how many requests it gets at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gitlab::api::{ApiError, AsyncClient, RestClient};
use harmonix::adapters::gitlab::{GitlabHost, WireError};
use harmonix::domain::failure::FailureKind;
use harmonix::ports::Projects;
use http::{Response, request::Builder};
use url::Url;

use crate::stub::{CANARY, Reply, Stub};

fn absent() -> Reply {
    Reply::new(404, r#"{"message":"404 Project Not Found"}"#)
}

#[tokio::test]
async fn a_rotated_token_is_used_within_two_seconds_and_at_once_after_a_401() {
    let refused = Reply::new(401, r#"{"message":"401 Unauthorized"}"#);
    let stub = Stub::answering([absent(), refused, absent(), absent()]).await;
    let host = stub.host();
    let ask = || host.project_at("apps/shop/cart");
    ask().await.unwrap();
    let failure = ask().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    std::fs::write(stub.token_file(), "second-token").unwrap();
    ask().await.unwrap();
    std::fs::write(stub.token_file(), "third-token").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    ask().await.unwrap();
    let tokens: Vec<String> = stub.asked().into_iter().map(|asked| asked.token).collect();
    assert_eq!(tokens, [CANARY, CANARY, "second-token", "third-token"]);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_it_heals_by_itself() {
    let stub = Stub::answering([absent()]).await;
    std::fs::remove_file(stub.token_file()).unwrap();
    let host = stub.host();
    let failure = host.project_at("apps/shop/cart").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unsent);
    assert!(
        failure
            .message
            .contains(&stub.token_file().display().to_string())
    );
    assert!(stub.lines().is_empty());
    std::fs::write(stub.token_file(), CANARY).unwrap();
    host.project_at("apps/shop/cart").await.unwrap();
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let thief = Stub::answering([]).await;
    let stub = Stub::answering([]).await;
    let host = stub.host();
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = format!("{}/api/v4/projects/7", thief.url);
        stub.then(Reply::new(status, "").with("location", elsewhere));
        let failure = host.project_at("apps/shop/cart").await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Denied, "{failure}");
        assert!(failure.message.contains(&thief.url), "{failure}");
    }
    assert!(thief.lines().is_empty());
    assert_eq!(stub.lines().len(), 5);
}

#[tokio::test]
async fn a_renamed_project_is_no_longer_at_its_path() {
    let stub = Stub::answering([]).await;
    let number = format!("{}/api/v4/projects/42", stub.url);
    stub.then(Reply::new(301, "").with("location", number));
    assert_eq!(stub.host().project_at("apps/shop/old").await.unwrap(), None);
}

#[tokio::test]
async fn an_unusable_ca_bundle_is_one_sentence_at_the_start() {
    let stub = Stub::answering([]).await;
    let mut address = stub.address();
    address.ca_bundle = Some(stub.folder().join("none.pem"));
    let refused = GitlabHost::new(address.clone()).err().unwrap();
    assert!(refused.contains("none.pem cannot be read"), "{refused}");
    std::fs::write(stub.folder().join("none.pem"), "not a certificate").unwrap();
    let refused = GitlabHost::new(address).err().unwrap();
    assert!(
        refused.contains("must hold certificates in PEM"),
        "{refused}"
    );
}

/// A client under the wire that counts how many requests are under way.
#[derive(Clone, Default)]
struct Turnstile {
    inside: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl RestClient for Turnstile {
    type Error = WireError;

    fn rest_endpoint(&self, endpoint: &str) -> Result<Url, ApiError<WireError>> {
        Ok(Url::parse("https://gitlab.example.com/api/v4/")?.join(endpoint)?)
    }
}

#[async_trait]
impl AsyncClient for Turnstile {
    async fn rest_async(
        &self,
        _: Builder,
        _: Vec<u8>,
    ) -> Result<Response<Bytes>, ApiError<WireError>> {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(inside, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.inside.fetch_sub(1, Ordering::SeqCst);
        let absent = Bytes::from_static(br#"{"message":"404 Project Not Found"}"#);
        Ok(Response::builder().status(404).body(absent).unwrap())
    }
}

#[tokio::test]
async fn at_most_sixteen_requests_are_under_way_at_once() {
    let turnstile = Turnstile::default();
    let client = Box::new(turnstile.clone());
    let host = Arc::new(GitlabHost::over(client, Duration::from_secs(5)));
    let asking = (0..50).map(|_| {
        let host = Arc::clone(&host);
        tokio::spawn(async move { host.project_at("apps/shop/cart").await.unwrap() })
    });
    for asked in asking.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), None);
    }
    assert_eq!(turnstile.most.load(Ordering::SeqCst), 16);
}
