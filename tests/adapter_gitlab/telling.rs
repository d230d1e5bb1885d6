//! Every request that is sent is told of; what is not sent is not.

use std::sync::Arc;
use std::time::Duration;

use harmonix::adapters::clock::SystemClock;
use harmonix::adapters::gitlab::GitlabHost;
use harmonix::adapters::meter::Meter;
use harmonix::ports::Projects as _;

use crate::stub::{Reply, Stub};

fn absent() -> Reply {
    Reply::new(404, r#"{"message":"404 Project Not Found"}"#)
}

/// A host that tells of its requests, and who is told.
fn telling(stub: &Stub) -> (GitlabHost, Arc<Meter>) {
    let meter = Arc::new(Meter::new(Arc::new(SystemClock)));
    (stub.host().telling(meter.clone()), meter)
}

/// The value of a series of the meter, without our prefix.
fn value(meter: &Meter, series: &str) -> String {
    let text = meter.text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("harmonix_")?.strip_prefix(series));
    line.unwrap().trim().to_owned()
}

fn got(meter: &Meter, class: &str) -> String {
    let labels = format!("{{host=\"gitlab\",verb=\"get\",class=\"{class}\"}}");
    value(meter, &format!("external_calls_total{labels}"))
}

#[tokio::test]
async fn each_request_is_told_of_with_what_is_left_of_the_rate_limit() {
    let broken = Reply::new(502, "bad gateway");
    let left = absent().with("ratelimit-remaining", "417");
    let stub = Stub::answering([absent(), left, broken]).await;
    let (host, meter) = telling(&stub);
    host.project_at("apps/shop/cart").await.unwrap();
    assert_eq!(value(&meter, "gitlab_rate_limit_remaining"), "NaN");
    host.project_at("apps/shop/cart").await.unwrap();
    host.project_at("apps/shop/cart").await.unwrap_err();
    assert_eq!(value(&meter, "gitlab_rate_limit_remaining"), "417.0");
    assert_eq!([got(&meter, "4xx"), got(&meter, "5xx")], ["2", "1"]);
    let took = "external_call_duration_seconds_count{host=\"gitlab\"}";
    assert_eq!(value(&meter, took), "3");
}

#[tokio::test]
async fn what_is_not_sent_for_want_of_a_token_or_in_a_pause_is_not_told_of() {
    let pause = Reply::new(429, "Retry later").with("retry-after", "60");
    let stub = Stub::answering([pause]).await;
    std::fs::remove_file(stub.token_file()).unwrap();
    let (host, meter) = telling(&stub);
    host.project_at("apps/shop/cart").await.unwrap_err();
    assert_eq!(got(&meter, "none"), "0");
    std::fs::write(stub.token_file(), "token").unwrap();
    for _ in 0..3 {
        host.project_at("apps/shop/cart").await.unwrap_err();
    }
    assert_eq!(stub.lines().len(), 1);
    assert_eq!([got(&meter, "4xx"), got(&meter, "none")], ["1", "0"]);
}

#[tokio::test]
async fn a_request_without_an_answer_is_told_of_as_such() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stub = Stub::answering([]).await;
    let mut address = stub.address();
    address.base_url = format!("http://{}", silent.local_addr().unwrap())
        .parse()
        .unwrap();
    address.timeout = Duration::from_millis(200);
    let meter = Arc::new(Meter::new(Arc::new(SystemClock)));
    let host = GitlabHost::new(address).unwrap().telling(meter.clone());
    host.project_at("apps/shop/cart").await.unwrap_err();
    assert_eq!(got(&meter, "none"), "1");
}
