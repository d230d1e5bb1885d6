//! Requests that fail on request.

use std::process::{Child, Command};
use std::time::Instant;

use serde_json::{Value, json};

use super::upstream::{CART, Chaos, SOON};

#[tokio::test]
async fn a_request_is_passed_on_with_its_token_and_written_down_with_its_label() {
    let chaos = Chaos::start().await;
    let answer: Value = chaos.hold().await.unwrap().json().await.unwrap();
    assert_eq!(answer["metadata"]["resourceVersion"], "77");
    let written = chaos.server.written.lock().unwrap().clone();
    assert_eq!(written[0].0, "Bearer t");
    assert_eq!(written[0].1["metadata"]["resourceVersion"], "76");
    let journal = chaos.journal();
    let [entry] = journal.as_slice() else {
        panic!("{journal:?}")
    };
    let label = entry.label.as_ref().unwrap().to_string();
    assert_eq!(label, "Application/kubernetes/hold/CreateProject");
    assert_eq!(
        (
            entry.service.as_str(),
            entry.action.as_str(),
            entry.path.as_str(),
            entry.status
        ),
        ("kubernetes", "hold", CART, 200)
    );
    assert_eq!(entry.resource.as_deref(), Some("shop/cart"));
    assert_eq!(
        Value::Object(entry.detail.clone()),
        json!({ "resourceVersion": "76", "intents": ["i1"], "written": "77" })
    );
}

#[tokio::test]
async fn each_fault_does_what_its_name_says_once() {
    let chaos = Chaos::start().await;
    let rule = |fault: Value| json!({ "match": { "label": "Application/kubernetes/hold/*" }, "fault": fault });

    chaos.fault(rule(json!({ "kind": "refuse" }))).await;
    assert!(chaos.hold().await.is_err());
    assert_eq!(chaos.written(), 0);

    for (status, reason) in [
        (409, "Conflict"),
        (410, "Expired"),
        (503, "ServiceUnavailable"),
    ] {
        chaos
            .fault(rule(json!({ "kind": "status", "status": status })))
            .await;
        let answer = chaos.hold().await.unwrap();
        assert_eq!(answer.status(), status);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(
            (&answer["kind"], &answer["reason"]),
            (&json!("Status"), &json!(reason))
        );
    }
    chaos
        .fault(rule(
            json!({ "kind": "status", "status": 429, "retry_after": 3 }),
        ))
        .await;
    let answer = chaos.hold().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "3");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["details"]["retryAfterSeconds"], 3);
    chaos.fault(rule(json!({ "kind": "deny" }))).await;
    assert_eq!(chaos.hold().await.unwrap().status(), 403);
    chaos.fault(rule(json!({ "kind": "garbage" }))).await;
    let garbage = chaos.hold().await.unwrap();
    assert_eq!(garbage.status(), 200);
    assert!(garbage.json::<Value>().await.is_err());
    chaos.fault(rule(json!({ "kind": "redirect" }))).await;
    assert_eq!(chaos.hold().await.unwrap().status(), 302);
    assert_eq!(chaos.written(), 0);

    chaos.fault(rule(json!({ "kind": "lost_answer" }))).await;
    assert!(chaos.hold().await.is_err());
    assert_eq!(chaos.written(), 1);
    chaos.fault(rule(json!({ "kind": "half_answer" }))).await;
    assert!(chaos.hold().await.unwrap().bytes().await.is_err());
    assert_eq!(chaos.written(), 2);
    for late in ["delay", "late"] {
        chaos
            .fault(rule(json!({ "kind": late, "millis": 300 })))
            .await;
        let since = Instant::now();
        assert_eq!(chaos.hold().await.unwrap().status(), 200);
        assert!(since.elapsed().as_millis() >= 300);
    }
    assert_eq!(chaos.written(), 4);

    let said: Vec<(String, u16)> = chaos
        .journal()
        .into_iter()
        .map(|entry| (entry.fault.unwrap(), entry.status))
        .collect();
    let said: Vec<(&str, u16)> = said
        .iter()
        .map(|(fault, status)| (fault.as_str(), *status))
        .collect();
    let expected = [
        ("refuse", 0),
        ("status", 409),
        ("status", 410),
        ("status", 503),
        ("status", 429),
        ("deny", 403),
        ("garbage", 200),
        ("redirect", 302),
        ("lost_answer", 200),
        ("half_answer", 200),
        ("delay", 200),
        ("late", 200),
    ];
    assert_eq!(said, expected);
}

/// A process that can be killed, and the file with its id.
struct Victim(Child);

impl Victim {
    fn new(chaos: &Chaos) -> Self {
        let child = Command::new("sleep").arg("600").spawn().unwrap();
        std::fs::write(chaos.folder.path().join("pid"), child.id().to_string()).unwrap();
        Self(child)
    }

    async fn dies(mut self) {
        let since = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(since.elapsed() < SOON, "it lives");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_process_dies_at_each_moment_of_a_request() {
    let chaos = Chaos::start().await;
    for (at, written) in [("before", 0), ("applied", 1), ("half", 2), ("answered", 3)] {
        let victim = Victim::new(&chaos);
        let pid_file = chaos.folder.path().join("pid");
        let fault = json!({ "kind": "kill", "at": at, "pid_file": pid_file });
        chaos.fault(json!({ "fault": fault })).await;
        let answer = match chaos.hold().await {
            Ok(answer) => Some(answer.bytes().await.is_ok()),
            Err(_) => None,
        };
        let expected = match at {
            "half" => Some(false),
            "answered" => Some(true),
            _ => None,
        };
        assert_eq!(answer, expected, "{at}");
        victim.dies().await;
        assert_eq!(chaos.written(), written, "{at}");
    }
}

#[tokio::test]
async fn a_process_dies_of_a_watch_when_its_first_event_is_half_told() {
    let chaos = Chaos::start().await;
    let victim = Victim::new(&chaos);
    let pid_file = chaos.folder.path().join("pid");
    let fault = json!({ "kind": "kill", "at": "half", "pid_file": pid_file });
    chaos
        .fault(json!({ "match": { "action": "watch" }, "fault": fault }))
        .await;
    let path = format!("{}?watch=true", super::upstream::APPLICATIONS);
    let open = chaos.get(&path);
    let happens = async {
        // Before anybody follows, nothing can be told.
        while chaos.journal().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        chaos.happens("cart", "4");
    };
    let (answer, ()) = tokio::join!(open, happens);
    assert!(answer.unwrap().bytes().await.is_err());
    victim.dies().await;
}

#[tokio::test]
async fn what_was_asked_is_written_down_also_when_the_api_server_is_gone_or_the_client_has_left() {
    let chaos = Chaos::start().await;
    chaos
        .fault(json!({ "fault": { "kind": "delay", "millis": 200 } }))
        .await;
    let gone = tokio::time::timeout(std::time::Duration::from_millis(50), chaos.hold()).await;
    assert!(gone.is_err());
    let since = Instant::now();
    while chaos.journal().is_empty() {
        assert!(since.elapsed() < SOON);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(chaos.written(), 1);

    let folder = tempfile::tempdir().unwrap();
    let journal = harmonix_dev::journal::Journal::open(folder.path().join("j.jsonl")).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = kube::Config::new(
        format!("http://{}", nobody.local_addr().unwrap())
            .parse()
            .unwrap(),
    );
    drop(nobody);
    let address = format!("http://{}/version", listener.local_addr().unwrap());
    tokio::spawn(harmonix_dev::apichaos::run(config, journal.clone(), listener).unwrap());
    assert!(chaos.client.get(address).send().await.is_err());
    let entries = journal.entries().unwrap();
    assert_eq!((entries.len(), entries[0].status), (1, 0));
    assert!(entries[0].detail.contains_key("error"));
}
