//! Probes, metrics and events: what is seen of the controller from outside, on good days and on bad ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use harmonix_dev::world::Controller;
use serde_json::json;

use super::cluster::PATIENCE;
use super::manifest::{application, with};
use super::stage::Stage;

const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long an outage of GitLab lasts here.
const OUTAGE: Duration = Duration::from_secs(3);
const SERVED: &str = "probes and metrics are served address=";

/// Where a controller answers.
struct Probe {
    http: reqwest::Client,
    url: String,
}

impl Probe {
    /// Of the controller of all journeys.
    async fn of(stage: &Stage) -> Self {
        let log = {
            let running = stage.shared.running().await;
            running.as_ref().unwrap().log().to_owned()
        };
        Self::at(&log).await
    }

    /// Of the controller that writes this log, whose first line says where it is.
    async fn at(log: &Path) -> Self {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = std::fs::read_to_string(log).unwrap_or_default();
            let here = text.lines().find_map(|line| line.split_once(SERVED));
            if let Some((_, address)) = here {
                return Self {
                    http: reqwest::Client::builder().no_proxy().build().unwrap(),
                    url: format!("http://{}", address.trim()),
                };
            }
            assert!(
                Instant::now() < until,
                "{} never says where: {text}",
                log.display()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("{}{path}", self.url)).send();
        let answer = answer.await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Waits until `/readyz` answers so, and answers what it says; `/livez` says yes all the while.
    async fn until_ready_is(&self, status: u16) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            assert_eq!(self.get("/livez").await, (200, "ok\n".to_owned()));
            let (is, said) = self.get("/readyz").await;
            if is == status {
                return said;
            }
            assert!(Instant::now() < until, "/readyz: {is} {said}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The value of a series, written as it is exported, without our prefix.
    async fn value(&self, series: &str) -> f64 {
        let (status, text) = self.get("/metrics").await;
        assert_eq!(status, 200);
        let line = text.lines().find_map(|line| {
            line.strip_prefix("harmonix_")?
                .strip_prefix(series)?
                .strip_prefix(' ')
        });
        let line = line.unwrap_or_else(|| panic!("there is no harmonix_{series} in\n{text}"));
        line.parse().unwrap()
    }
}

fn log_of(controller: &Controller) -> String {
    std::fs::read_to_string(controller.log()).unwrap()
}

#[tokio::test]
async fn the_metrics_tell_what_an_application_took() {
    let stage = Stage::alone("observed").await;
    // A new one has counted nothing yet.
    stage.shared.restart().await;
    let probe = Probe::of(&stage).await;
    probe.until_ready_is(200).await;
    let before = probe
        .value("time_to_ready_seconds_count{kind=\"Application\"}")
        .await;
    stage
        .settle(&application("observed", "cart", &["dev"]))
        .await;

    for (series, least) in [
        (
            "effects_total{kind=\"Application\",action=\"CreateProject\",result=\"done\"}",
            1.0,
        ),
        (
            "effects_total{kind=\"Application\",action=\"Deploy\",result=\"done\"}",
            1.0,
        ),
        (
            "external_calls_total{host=\"gitlab\",verb=\"post\",class=\"2xx\"}",
            4.0,
        ),
        (
            "external_calls_total{host=\"aws-sts\",verb=\"AssumeRole\",class=\"2xx\"}",
            1.0,
        ),
        (
            "external_calls_total{host=\"aws-dynamodb\",verb=\"PutItem\",class=\"2xx\"}",
            4.0,
        ),
        (
            "external_calls_total{host=\"aws-ecs\",verb=\"DescribeServices\",class=\"2xx\"}",
            1.0,
        ),
        (
            "external_calls_total{host=\"kubernetes\",verb=\"watch\",class=\"2xx\"}",
            4.0,
        ),
        (
            "external_calls_total{host=\"kubernetes\",verb=\"patch\",class=\"2xx\"}",
            4.0,
        ),
        (
            "external_calls_total{host=\"kubernetes\",verb=\"create\",class=\"2xx\"}",
            1.0,
        ),
        ("passes_total{kind=\"Application\",result=\"settled\"}", 1.0),
        (
            "passes_total{kind=\"Application\",result=\"progressing\"}",
            1.0,
        ),
        (
            "blocked_seconds_total{kind=\"Application\",by=\"pipeline\"}",
            0.01,
        ),
        ("objects{kind=\"Application\",ready=\"true\"}", 1.0),
        ("objects{kind=\"EnvironmentProvider\",ready=\"true\"}", 2.0),
        ("leader", 1.0),
        ("api_server_reachable", 1.0),
    ] {
        let value = probe.value(series).await;
        assert!(value >= least, "{series} is {value}");
    }
    let after = probe
        .value("time_to_ready_seconds_count{kind=\"Application\"}")
        .await;
    assert!(after > before, "nothing became ready: {before}, {after}");
    assert_eq!(probe.get("/").await.0, 404);
}

#[tokio::test]
async fn an_outage_of_gitlab_is_no_matter_of_readiness_and_is_counted() {
    let stage = Stage::alone("outage").await;
    let probe = Probe::of(&stage).await;
    let unanswered = "external_calls_total{host=\"gitlab\",verb=\"get\",class=\"none\"}";
    let blocked = "blocked_seconds_total{kind=\"Application\",by=\"gitlab\"}";
    let before = (probe.value(unanswered).await, probe.value(blocked).await);
    stage
        .forge
        .fault(json!({}), json!({ "kind": "refuse" }), 1_000_000)
        .await;
    let cart = application("outage", "cart", &["dev"]);
    stage.cluster.apply(&cart).await;
    let reason = "GitLabUnavailable";
    stage
        .cluster
        .reason("Application", "outage/cart", "Ready", reason)
        .await;
    let until = Instant::now() + OUTAGE;
    while Instant::now() < until {
        assert_eq!(probe.get("/readyz").await, (200, "ok\n".to_owned()));
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let after = (probe.value(unanswered).await, probe.value(blocked).await);
    assert!(after.0 > before.0, "{before:?} {after:?}");
    assert!(
        after.1 >= before.1 + OUTAGE.as_secs_f64(),
        "{before:?} {after:?}"
    );
    stage.forge.forget_faults().await;
    stage.cluster.ready("Application", "outage/cart").await;
}

#[tokio::test]
async fn a_controller_whose_api_server_is_gone_lives_says_so_and_goes_on_when_it_is_back() {
    let stage = Stage::alone("gone").await;
    let probe = Probe::of(&stage).await;
    probe.until_ready_is(200).await;
    stage.world.kill_api_server().await.unwrap();
    let why = probe.until_ready_is(503).await;
    assert!(
        why.starts_with("the API server does not answer as it should since "),
        "{why}"
    );
    assert_eq!(probe.value("api_server_reachable").await, 0.0);

    // One that begins without it waits for it, too.
    stage.shared.restart().await;
    let probe = Probe::of(&stage).await;
    let why = probe.until_ready_is(503).await;
    let unfilled =
        "not everything was listed yet: Application, Environment, EnvironmentProvider, Namespace";
    assert!(why.contains(unfilled), "{why}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let said = {
        let mut running = stage.shared.running().await;
        let controller = running.as_mut().unwrap();
        controller.check().unwrap();
        log_of(controller)
    };
    assert!(
        said.contains("the API server does not answer as it should"),
        "{said}"
    );

    stage.world.restore_api_server().await.unwrap();
    assert_eq!(probe.until_ready_is(200).await, "ok\n");
    stage.settle(&application("gone", "cart", &["dev"])).await;
    let mut running = stage.shared.running().await;
    let controller = running.as_mut().unwrap();
    controller.check().unwrap();
    let said = log_of(controller);
    assert!(
        said.contains("the API server answers as it should again"),
        "{said}"
    );
}

/// How often each transition of the application was told. The same one again is counted in the event that there is.
async fn told(stage: &Stage) -> BTreeMap<String, u64> {
    let mut told = BTreeMap::new();
    for event in stage.cluster.events(&stage.namespace).await {
        assert_eq!(event["regarding"]["name"], "cart");
        let reason = event["reason"].as_str().unwrap().to_owned();
        let times = event["series"]["count"].as_u64().unwrap_or(1);
        *told.entry(reason).or_default() += times;
    }
    told
}

#[tokio::test]
async fn each_transition_is_one_event_of_a_bounded_length_and_nothing_is_none() {
    let stage = Stage::enter("events").await;
    let cart = application("events", "cart", &["dev"]);
    stage.settle(&cart).await;
    // An event follows its status.
    let mut before = told(&stage).await;
    for _ in 0..50 {
        if before.contains_key("Succeeded") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        before = told(&stage).await;
    }
    assert_eq!(before.get("Succeeded"), Some(&1), "{before:?}");
    // Nothing happens, and several passes find that.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(told(&stage).await, before);

    // Every parameter is wrong, in letters of three bytes.
    let long = "\u{20ac}".repeat(60);
    let wrong: serde_json::Map<_, _> = (0..20)
        .map(|number| (format!("{long}{number}"), json!(number)))
        .collect();
    let broken = with(
        cart.clone(),
        "/spec/parameters",
        serde_json::Value::Object(wrong),
    );
    stage.cluster.apply(&broken).await;
    let name = "events/cart";
    stage
        .cluster
        .reason("Application", name, "Ready", "Invalid")
        .await;
    stage.settle(&cart).await;
    let mut wanted = before;
    wanted.extend([("Invalid".to_owned(), 1), ("Succeeded".to_owned(), 2)]);
    let events = stage.cluster.events("events").await;
    assert_eq!(told(&stage).await, wanted, "{events:#?}");
    let lengths = events
        .iter()
        .map(|event| event["note"].as_str().unwrap().len());
    let longest = lengths.max().unwrap();
    assert!((1020..=1024).contains(&longest), "{longest}");
}
