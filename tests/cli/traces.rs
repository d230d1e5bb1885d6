//! What a collector receives of an application's life, and that nobody waits for one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use harmonix::adapters::meter::Meter;
use harmonix::adapters::traces::Traces;
use harmonix_miniature::{Runner, World};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(20);

type Received = Arc<Mutex<Vec<Span>>>;

fn runtime() -> Runtime {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Runtime::new().unwrap()
}

async fn take(State(received): State<Received>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    received
        .lock()
        .unwrap()
        .extend(scopes.flat_map(|scope| scope.spans));
}

/// A stand-in for a collector: where it is, and what it received.
fn collector(runtime: &Runtime) -> (Url, Received) {
    let received = Received::default();
    let router = Router::new()
        .route("/v1/traces", post(take))
        .with_state(Arc::clone(&received));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, router).await });
    (url.parse().unwrap(), received)
}

/// A process that tells a collector what it does in a world.
fn process(runtime: &Runtime, world: &World, collector: &Url) -> Runner {
    let (traces, sending) = Traces::to(collector).unwrap();
    runtime.spawn(sending);
    let meter = Meter::new(Arc::new(world.clone())).tracing(Some(traces));
    Runner::watched(world.clone(), Arc::new(meter))
}

/// A world with a platform at rest and an application that was just applied.
fn applied() -> World {
    let world = World::with_stages(&[("dev", 1), ("prod", 2)]);
    let now = Time(world.state().now());
    world.state().edit("cart", |cart| {
        cart.metadata.creation_timestamp = Some(now);
        // The first thing that anybody sees of it.
        cart.metadata.generation = Some(0);
    });
    world
}

fn of_application(received: &Received) -> Vec<Span> {
    let spans = received.lock().unwrap();
    let is_so = |span: &&Span| {
        span.attributes.iter().any(|attribute| {
            let value = attribute
                .value
                .as_ref()
                .and_then(|value| value.value.as_ref());
            attribute.key == "harmonix.kind"
                && matches!(value, Some(Value::StringValue(kind)) if kind == "Application")
        })
    };
    spans.iter().filter(is_so).cloned().collect()
}

/// The spans of the application once so many of its journeys have ended, by the trace they belong to.
fn traces(received: &Received, journeys: usize) -> Vec<Vec<Span>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let spans = of_application(received);
        let ended = spans.iter().filter(|span| span.parent_span_id.is_empty());
        if ended.count() >= journeys {
            let mut traces: BTreeMap<Vec<u8>, Vec<Span>> = BTreeMap::new();
            for span in spans {
                traces.entry(span.trace_id.clone()).or_default().push(span);
            }
            let mut traces: Vec<_> = traces.into_values().collect();
            traces.sort_by_key(|spans| spans.iter().map(|s| s.start_time_unix_nano).min());
            return traces;
        }
        assert!(Instant::now() < until, "{spans:#?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// That a trace is one journey with all its parts in it; answers their names.
fn is_one_journey(spans: &[Span]) -> BTreeSet<&str> {
    let roots: Vec<&Span> = spans
        .iter()
        .filter(|span| span.parent_span_id.is_empty())
        .collect();
    let [root] = roots[..] else {
        panic!("{} roots: {roots:#?}", roots.len());
    };
    assert_eq!(root.name, "Application");
    let ids: BTreeSet<&[u8]> = spans.iter().map(|span| &span.span_id[..]).collect();
    assert_eq!(ids.len(), spans.len(), "two spans of one identity");
    let parts = spans.iter().filter(|span| !span.parent_span_id.is_empty());
    parts
        .map(|part| {
            assert_eq!(part.parent_span_id, root.span_id, "{}", part.name);
            assert!(part.start_time_unix_nano >= root.start_time_unix_nano);
            assert!(part.end_time_unix_nano <= root.end_time_unix_nano);
            part.name.as_str()
        })
        .collect()
}

#[test]
fn each_generation_of_an_application_is_one_trace_with_its_effects_across_processes() {
    let runtime = runtime();
    let (url, received) = collector(&runtime);
    let world = applied();
    {
        let mut first = process(&runtime, &world, &url);
        for _ in 0..3 {
            first.round();
            world.state().finish_pipelines();
            world.state().second += 30;
        }
    }
    let mut second = process(&runtime, &world, &url);
    second.settle();
    world.state().second += 1000;
    world
        .state()
        .edit("cart", |cart| cart.spec.environments[0].replicas = 2);
    second.settle();

    let traces = traces(&received, 2);
    assert_eq!(traces.len(), 2, "{traces:#?}");
    let parts = is_one_journey(&traces[0]);
    for effect in [
        "CreateProject",
        "CommitFiles",
        "ApplySettings",
        "Deploy",
        "waiting: pipeline",
    ] {
        assert!(parts.contains(effect), "no {effect} in {parts:?}");
    }
    let deployments = traces[0].iter().filter(|span| span.name == "Deploy");
    assert_eq!(deployments.count(), 2, "one for each environment");
    let parts = is_one_journey(&traces[1]);
    assert!(parts.contains("CommitFiles"), "{parts:?}");
    assert!(!parts.contains("CreateProject"), "{parts:?}");

    // Nothing happens, and nothing is told.
    let before = of_application(&received).len();
    second.go_on();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(of_application(&received).len(), before);
}

#[test]
fn nobody_waits_for_a_collector_that_does_not_answer_or_is_not_there() {
    let runtime = runtime();
    let silent = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let time = |collector: Option<&str>| {
        let world = applied();
        let mut runner = match collector {
            Some(url) => process(&runtime, &world, &url.parse().unwrap()),
            None => Runner::new(world),
        };
        let since = Instant::now();
        runner.settle();
        since.elapsed()
    };
    let alone = time(None);
    // Port 9 is discard, which nobody serves on loopback.
    for collector in [silent.as_str(), "http://127.0.0.1:9"] {
        let took = time(Some(collector));
        assert!(
            took < alone * 4 + Duration::from_secs(1),
            "{collector}: {took:?} instead of {alone:?}"
        );
    }
}
