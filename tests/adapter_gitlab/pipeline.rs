//! Pipelines, jobs, traces and artifacts.

use std::time::Duration;

use harmonix::domain::failure::FailureKind;
use harmonix::domain::forge::PipelineStart;
use harmonix::ports::Pipelines;
use serde_json::{Value, json};

use crate::stub::{Reply, Stub};

const CART: &str = "apps/shop/cart";
const AT: &str = "/projects/apps%2Fshop%2Fcart";

fn pipeline(id: i64, name: Value) -> Value {
    json!({
        "id": id, "iid": 1, "project_id": 42, "name": name, "status": "running", "source": "api",
        "ref": "main", "sha": "c0ffee", "web_url": format!("https://gitlab.example.com/p/{id}"),
        "created_at": "2026-01-02T03:04:05.678Z"
    })
}

#[tokio::test]
async fn pipelines_are_listed_by_branch_and_by_commit_newest_first() {
    let list = json!([pipeline(8, Value::Null), pipeline(9, json!("deploy dev 1"))]);
    let stub = Stub::answering([Reply::json(list), Reply::json(json!([]))]).await;
    let host = stub.host();
    let recent = host.recent(CART, "main").await.unwrap();
    assert_eq!(recent.iter().map(|p| p.id).collect::<Vec<_>>(), [9, 8]);
    assert_eq!(
        (recent[0].name.as_str(), recent[1].name.as_str()),
        ("deploy dev 1", "")
    );
    assert_eq!(
        (recent[0].status.as_str(), recent[0].source.as_str()),
        ("running", "api")
    );
    assert_eq!(
        recent[0].created_at.unwrap().to_string(),
        "2026-01-02T03:04:05.678Z"
    );
    host.of_commit(CART, "c0ffee").await.unwrap();
    assert_eq!(
        stub.lines(),
        [
            format!("GET {AT}/pipelines?ref=main&order_by=id&per_page=100&page=1"),
            format!("GET {AT}/pipelines?sha=c0ffee&order_by=id&per_page=100&page=1"),
        ]
    );
}

#[tokio::test]
async fn a_name_finds_the_newest_pipeline_of_exactly_that_name() {
    let list = json!([
        pipeline(12, json!("deploy dev 1 again")),
        pipeline(10, json!("deploy dev 1")),
        pipeline(11, json!("deploy dev 1")),
    ]);
    let stub = Stub::answering([Reply::json(list), Reply::json(json!([]))]).await;
    let host = stub.host();
    let found = host.named(CART, "deploy dev 1").await.unwrap();
    assert_eq!(found.unwrap().id, 11);
    assert_eq!(host.named(CART, "deploy dev 2").await.unwrap(), None);
    assert_eq!(
        stub.lines()[0],
        format!("GET {AT}/pipelines?name=deploy+dev+1&order_by=id&per_page=20&page=1")
    );
}

#[tokio::test]
async fn one_pipeline_tells_why_its_file_is_invalid() {
    let mut broken = pipeline(9, Value::Null);
    broken["yaml_errors"] = "jobs config should contain at least one visible job".into();
    let stub = Stub::answering([
        Reply::json(broken),
        Reply::new(404, r#"{"message":"404 Not found"}"#),
    ])
    .await;
    let host = stub.host();
    let broken = host.pipeline(CART, 9).await.unwrap().unwrap();
    assert!(
        broken
            .yaml_errors
            .unwrap()
            .contains("at least one visible job")
    );
    assert_eq!(host.pipeline(CART, 10).await.unwrap(), None);
    assert_eq!(stub.lines()[0], format!("GET {AT}/pipelines/9"));
}

#[tokio::test]
async fn a_pipeline_is_started_with_its_variables_in_order() {
    let stub = Stub::answering([Reply::json(pipeline(9, Value::Null))]).await;
    let start = PipelineStart {
        project: CART.into(),
        branch: "main".into(),
        variables: vec![
            ("HARMONIX_ACTION".into(), "deploy".into()),
            ("EMPTY".into(), String::new()),
            ("ODD".into(), "a&b=c+d $e".into()),
        ],
    };
    assert_eq!(stub.host().start(&start).await.unwrap().id, 9);
    assert_eq!(stub.lines(), [format!("POST {AT}/pipeline")]);
    let form = stub.asked()[0].form();
    let values = |name: &str| {
        let of_name = form.iter().filter(|(key, _)| key == name);
        of_name.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(values("ref"), ["main"]);
    assert_eq!(
        values("variables[][key]"),
        ["HARMONIX_ACTION", "EMPTY", "ODD"]
    );
    assert_eq!(values("variables[][value]"), ["deploy", "", "a&b=c+d $e"]);
}

#[tokio::test]
async fn jobs_tell_how_they_stand() {
    let jobs = json!([
        { "id": 1, "name": "provision", "status": "failed", "failure_reason": "script_failure",
          "web_url": "https://gitlab.example.com/j/1", "allow_failure": false, "stage": "provision",
          "tag_list": ["harmonix", "gpu"], "queued_duration": 2.5 },
        { "id": 2, "name": "verify", "status": "skipped", "web_url": "https://gitlab.example.com/j/2", "allow_failure": true,
          "queued_duration": null },
    ]);
    let stub = Stub::answering([Reply::json(jobs)]).await;
    let jobs = stub.host().jobs(CART, 9).await.unwrap();
    assert_eq!(jobs[0].failure_reason, "script_failure");
    assert_eq!(
        (jobs[1].name.as_str(), jobs[1].allow_failure),
        ("verify", true)
    );
    assert_eq!(jobs[0].tags, ["harmonix", "gpu"]);
    assert_eq!(jobs[0].queued, Some(Duration::from_millis(2500)));
    assert_eq!((jobs[1].tags.len(), jobs[1].queued), (0, None));
    assert_eq!(
        stub.lines(),
        [format!("GET {AT}/pipelines/9/jobs?per_page=100&page=1")]
    );
}

#[tokio::test]
async fn of_a_trace_however_long_the_last_lines_are_read() {
    let mut trace = "\x1b[32;1mnoise\x1b[0m\n".repeat(400_000);
    trace.push_str("\x1b[31;1mERROR: Job failed: exit code 1\x1b[0;m\n");
    let stub = Stub::answering([Reply::new(200, trace), Reply::new(200, "")]).await;
    let host = stub.host();
    assert_eq!(
        host.trace_tail(CART, 1, 2).await.unwrap(),
        "noise\nERROR: Job failed: exit code 1"
    );
    assert_eq!(host.trace_tail(CART, 1, 2).await.unwrap(), "");
    assert_eq!(stub.lines()[0], format!("GET {AT}/jobs/1/trace"));
}

#[tokio::test]
async fn an_artifact_is_one_small_file_or_absent() {
    let stub = Stub::answering([
        Reply::new(200, r#"{"digest":"sha256:1"}"#),
        Reply::new(404, "404 page not found\n"),
        Reply::new(404, r#"{"message":"404 Not Found"}"#),
        Reply::new(200, vec![b'x'; 64 * 1024]),
        Reply::new(200, vec![b'x'; 64 * 1024 + 1]),
    ])
    .await;
    let host = stub.host();
    let read = || host.artifact(CART, 1, "out/release.json");
    assert_eq!(read().await.unwrap().unwrap(), br#"{"digest":"sha256:1"}"#);
    assert_eq!(read().await.unwrap(), None);
    assert_eq!(read().await.unwrap(), None);
    assert_eq!(read().await.unwrap().unwrap().len(), 64 * 1024);
    assert_eq!(read().await.unwrap_err().kind, FailureKind::Invalid);
    assert_eq!(
        stub.lines()[0],
        format!("GET {AT}/jobs/1/artifacts/out/release.json")
    );
}
