use std::convert::Infallible;
use std::io;

use super::*;
use crate::adapters::clock::SystemClock;
use crate::adapters::silence::Silence;

fn reach() -> Arc<Reach> {
    Reach::new(Arc::new(SystemClock), Arc::new(Silence))
}

/// One request through the layer, which is answered so.
async fn ask(reach: &Arc<Reach>, path: &str, answer: Result<u16, io::Error>) {
    let mut answer = Some(answer);
    let inner = tower::service_fn(move |_: Request<()>| {
        let answer = answer.take().unwrap();
        async move { answer.map(|status| Response::builder().status(status).body(()).unwrap()) }
    });
    let mut service = Watching(Arc::clone(reach)).layer(inner);
    let request = Request::builder().uri(path).body(()).unwrap();
    let _ = service.call(request).await;
}

const LIST: &str = "/apis/harmonix.io/v1alpha1/applications";

#[tokio::test]
async fn the_first_failure_is_told_until_the_next_answer() {
    let reach = reach();
    assert_eq!(reach.trouble(), None);
    ask(&reach, LIST, Ok(200)).await;
    assert_eq!(reach.trouble(), None);
    ask(&reach, LIST, Err(io::Error::other("refused"))).await;
    let first = reach.trouble().unwrap();
    assert!(first.ends_with(": refused"), "{first}");
    ask(&reach, LIST, Ok(503)).await;
    let later = reach.trouble().unwrap();
    assert!(
        later.ends_with("it answered 503 Service Unavailable"),
        "{later}"
    );
    assert_eq!(first.split(": ").next(), later.split(": ").next());
    ask(&reach, LIST, Ok(403)).await;
    assert_eq!(reach.trouble(), None, "who refuses answers");
}

#[tokio::test]
async fn an_event_that_is_not_taken_decides_nothing() {
    let reach = reach();
    let events = "/apis/events.k8s.io/v1/namespaces/shop/events";
    ask(&reach, events, Ok(500)).await;
    assert_eq!(reach.trouble(), None);
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_has_no_answer_and_who_is_sent_away_at_once_says_nothing_of_it() {
    for (wait, is_told) in [(1, false), (15, true)] {
        let reach = reach();
        let silent = tower::service_fn(|_: Request<()>| {
            futures::future::pending::<Result<Response<()>, Infallible>>()
        });
        let mut service = Watching(Arc::clone(&reach)).layer(silent);
        let request = Request::builder().uri(LIST).body(()).unwrap();
        let call = service.call(request);
        let waited = tokio::time::timeout(Duration::from_secs(wait), call).await;
        assert!(waited.is_err());
        assert_eq!(reach.trouble().is_some(), is_told, "{wait} s");
    }
}

#[test]
fn a_request_has_the_verb_that_rights_know_it_by() {
    let one = "/apis/harmonix.io/v1alpha1/namespaces/shop/applications/cart";
    let watch = format!("{LIST}?watch=true&timeoutSeconds=290");
    for (method, uri, wanted) in [
        (Method::GET, LIST, Verb::List),
        (Method::GET, &*watch, Verb::Watch),
        (Method::PATCH, one, Verb::Patch),
        (Method::DELETE, one, Verb::Other),
    ] {
        let uri: Uri = uri.parse().unwrap();
        assert_eq!(verb(&method, &uri), wanted, "{method} {uri}");
    }
}
