use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Serves, and answers where; it is ready where the switch is on.
async fn serving(switch: Arc<AtomicBool>) -> String {
    let answers = Answers {
        ready: Box::new(move || {
            let ready = switch.load(Ordering::SeqCst);
            ready.then_some(()).ok_or_else(|| "not yet".to_owned())
        }),
        metrics: Box::new(|| ("text/plain", "a_total 1\n".to_owned())),
    };
    let (here, serving) = listen("127.0.0.1:0".parse().unwrap(), answers)
        .await
        .unwrap();
    tokio::spawn(serving);
    format!("http://{here}")
}

async fn asked(method: reqwest::Method, url: &str) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.request(method, url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn got(url: &str) -> (u16, String) {
    asked(reqwest::Method::GET, url).await
}

#[tokio::test]
async fn probes_and_metrics_are_answered_as_things_are_and_nothing_else_is() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let switch = Arc::new(AtomicBool::new(false));
    let here = serving(Arc::clone(&switch)).await;
    let at = |path: &str| format!("{here}{path}");
    assert_eq!(got(&at("/livez")).await, (200, "ok\n".to_owned()));
    assert_eq!(got(&at("/readyz")).await, (503, "not yet\n".to_owned()));
    switch.store(true, Ordering::SeqCst);
    assert_eq!(got(&at("/readyz")).await, (200, "ok\n".to_owned()));
    assert_eq!(got(&at("/metrics")).await, (200, "a_total 1\n".to_owned()));
    for path in ["/", "/metrics/", "/debug/pprof", "/livez/x"] {
        assert_eq!(got(&at(path)).await.0, 404, "{path}");
    }
    for path in ["/livez", "/readyz", "/metrics"] {
        let (status, _) = asked(reqwest::Method::POST, &at(path)).await;
        assert_eq!(status, 405, "{path}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let answers = Answers {
        ready: Box::new(|| Ok(())),
        metrics: Box::new(|| ("text/plain", String::new())),
    };
    let address = taken.local_addr().unwrap();
    let refused = listen(address, answers).await.err().unwrap();
    assert!(refused.contains(&address.to_string()), "{refused}");
    assert!(
        refused.ends_with("give another address with --listen"),
        "{refused}"
    );
}
