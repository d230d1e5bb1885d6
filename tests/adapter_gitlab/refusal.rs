//! Refusals and broken answers, as they come over the wire.

use std::sync::Arc;
use std::time::Duration;

use harmonix::adapters::gitlab::GitlabHost;
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::file::{File, FileAction};
use harmonix::domain::forge::{Commit, PipelineStart};
use harmonix::ports::{Files, Pipelines, Projects};
use serde_json::json;

use crate::stub::{CANARY, Reply, Stub};

async fn commit(host: &GitlabHost) -> Result<String, Failure> {
    host.commit(&Commit {
        project: "apps/shop/cart".into(),
        branch: "main".into(),
        message: "Put".into(),
        actions: vec![FileAction::Create(File::new("a", "b"))],
    })
    .await
}

async fn start(host: &GitlabHost) -> Failure {
    let start = PipelineStart {
        project: "apps/shop/cart".into(),
        branch: "main".into(),
        variables: Vec::new(),
    };
    host.start(&start).await.unwrap_err()
}

#[tokio::test]
async fn a_refusal_is_one_sentence_of_what_was_tried_on_what_and_what_gitlab_said() {
    let stub = Stub::answering([
        Reply::new(400, r#"{"message":"A file with this name already exists"}"#),
        Reply::new(
            400,
            r#"{"message":"Commit message does not follow the pattern 'X'"}"#,
        ),
        Reply::new(503, "<html>maintenance</html>"),
    ])
    .await;
    let host = stub.host();
    let failure = commit(&host).await.unwrap_err();
    assert_eq!(
        (failure.party, failure.kind),
        (Party::GitLab, FailureKind::Conflict)
    );
    assert_eq!(
        failure.message,
        "committing 1 file to the branch main of apps/shop/cart: 400 A file with this name already exists"
    );
    let failure = commit(&host).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(
        failure
            .message
            .contains("does not follow the pattern 'X'; let the access token's user")
    );
    let failure = commit(&host).await.unwrap_err();
    assert!(failure.may_have_happened());
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_never_taken_for_absence_or_success() {
    let mut broken = Reply::json(json!({ "id": "c0ffee" }));
    broken.broken = true;
    broken.body.truncate(5);
    let stub = Stub::answering([
        broken,
        Reply::new(200, "<html>Sign in</html>"),
        Reply::json(json!({ "sha": "c0ffee" })),
        Reply::new(201, ""),
    ])
    .await;
    let host = stub.host();
    for _ in 0..4 {
        let failure = commit(&host).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Retryable, "{failure}");
        assert!(failure.may_have_happened());
    }
    stub.then(Reply::new(404, "default backend - 404"));
    let failure = host.project_at("apps/shop/cart").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retryable, "{failure}");
}

#[tokio::test]
async fn an_answer_of_more_than_4_mib_is_not_swallowed() {
    let stub = Stub::answering([Reply::new(200, vec![b' '; 4 * 1024 * 1024 + 1])]).await;
    let failure = stub.host().project_at("apps/shop/cart").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Invalid, "{failure}");
}

#[tokio::test]
async fn a_host_that_does_not_answer_in_time_or_at_all_may_be_tried_again() {
    let mut late = Reply::json(json!({ "id": "c0ffee" }));
    late.after = Duration::from_secs(30);
    let stub = Stub::answering([late]).await;
    let mut address = stub.address();
    address.timeout = Duration::from_millis(200);
    let failure = commit(&GitlabHost::new(address).unwrap())
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retryable);
    assert!(failure.message.contains("within 200ms"), "{failure}");

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut address = stub.address();
    address.base_url = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);
    let failure = commit(&GitlabHost::new(address).unwrap())
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retryable);
    assert!(failure.message.contains("refused"), "{failure}");
}

#[tokio::test]
async fn after_a_429_nobody_asks_until_the_time_has_passed() {
    let stub = Stub::answering([
        Reply::new(429, "Retry later\n").with("retry-after", "1"),
        Reply::new(404, r#"{"message":"404 Project Not Found"}"#),
    ])
    .await;
    let host = stub.host();
    let failure = start(&host).await;
    assert_eq!(failure.kind, FailureKind::Throttled(Duration::from_secs(1)));
    assert!(failure.message.contains("429 Retry later"), "{failure}");
    let failure = host.project_at("apps/shop/cart").await.unwrap_err();
    let FailureKind::Throttled(remaining) = failure.kind else {
        panic!("{failure}");
    };
    assert!(remaining <= Duration::from_secs(1));
    assert_eq!(stub.lines().len(), 1, "the second was not sent");
    tokio::time::sleep(remaining + Duration::from_millis(10)).await;
    assert_eq!(host.project_at("apps/shop/cart").await.unwrap(), None);
}

#[tokio::test]
async fn whoever_cannot_serve_and_says_when_it_can_is_left_alone_until_then() {
    let stub = Stub::answering([
        Reply::new(503, "Service unavailable\n").with("retry-after", "1"),
        Reply::new(404, r#"{"message":"404 Project Not Found"}"#),
    ])
    .await;
    let host = stub.host();
    let failure = start(&host).await;
    assert_eq!(
        failure.kind,
        FailureKind::Retryable,
        "it may have happened: {failure}"
    );
    let failure = host.project_at("apps/shop/cart").await.unwrap_err();
    assert!(
        matches!(failure.kind, FailureKind::Throttled(_)),
        "{failure}"
    );
    assert_eq!(stub.lines().len(), 1, "the second was not sent");
}

#[tokio::test]
async fn a_request_that_waits_for_its_token_when_the_429_comes_is_not_sent() {
    let mut slow = Reply::new(429, "Retry later\n").with("retry-after", "5");
    slow.after = Duration::from_secs(2);
    let absent = Reply::new(404, r#"{"message":"404 Project Not Found"}"#);
    let stub = Stub::answering([slow, absent]).await;
    let host = Arc::new(stub.host());
    let first = tokio::spawn({
        let host = Arc::clone(&host);
        async move { start(&host).await }
    });
    // The token is read again after a second; then this file lets its reader wait.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    std::fs::remove_file(stub.token_file()).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(stub.token_file())
        .status();
    assert!(made.unwrap().success());
    let second = tokio::spawn({
        let host = Arc::clone(&host);
        async move { host.project_at("apps/shop/cart").await }
    });
    let failure = first.await.unwrap();
    assert!(
        matches!(failure.kind, FailureKind::Throttled(_)),
        "{failure}"
    );
    let file = stub.token_file();
    tokio::task::spawn_blocking(move || std::fs::write(file, CANARY).unwrap())
        .await
        .unwrap();
    let failure = second.await.unwrap().unwrap_err();
    assert!(
        matches!(failure.kind, FailureKind::Throttled(_)),
        "{failure}"
    );
    assert_eq!(stub.lines().len(), 1, "the second was not sent");
}

#[tokio::test]
async fn no_failure_repeats_the_token() {
    let said = format!("you sent {CANARY} and glpat-0123456789abcdefghij");
    let bodies = [400, 401, 403, 404, 409, 422, 429, 500, 502];
    for status in bodies {
        let stub = Stub::answering([
            Reply::new(status, json!({ "message": said }).to_string()),
            Reply::new(status, said.clone()),
        ])
        .await;
        for _ in 0..2 {
            // A host of its own each time, or the gate of the 429 would answer.
            let failure = start(&stub.host()).await;
            let shown = format!("{failure} {failure:?}");
            assert!(!shown.contains(CANARY), "{shown}");
            assert!(!shown.contains("glpat-"), "{shown}");
            assert!(shown.contains("[token]"), "{shown}");
        }
    }
    let stub = Stub::answering([Reply::new(200, said)]).await;
    let trace = stub
        .host()
        .trace_tail("apps/shop/cart", 1, 5)
        .await
        .unwrap();
    assert_eq!(trace, "you sent [token] and [token]");
}
