//! Argo CD's health checks and actions of ours, run by Argo CD's own engine.

use std::process::Command;

use serde_json::{Map, Value, json};

use super::life::{self, KINDS, Moment};
use super::manifest::{application, provider};
use super::page;
use super::stage::Stage;
use super::tool;

const VALUES: &str = include_str!("../../../docs/argocd/harmonix-values.yaml");
const RETRY: &str = "harmonix.io/retry";
const SUSPEND: &str = "harmonix.io/suspend";

/// Health as Argo CD spells it, for provider, environment and application.
const TABLE: [(Moment, [&str; 3]); 9] = [
    (Moment::Created, ["Progressing"; 3]),
    (Moment::Progressing, ["Progressing"; 3]),
    (Moment::Ready, ["Healthy"; 3]),
    (Moment::Failed, ["Degraded", "Progressing", "Degraded"]),
    (Moment::Stuck, ["Progressing"; 3]),
    (Moment::Edited, ["Progressing"; 3]),
    (Moment::Suspended, ["Suspended", "Healthy", "Suspended"]),
    (Moment::Held, ["Suspended", "Progressing", "Suspended"]),
    (Moment::Deleting, ["Progressing"; 3]),
];

/// `argocd-cm` as the chart makes it of the values.
pub fn config_map() -> Value {
    let values: Value = serde_saphyr::from_str(VALUES).unwrap();
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": "argocd-cm", "namespace": "argocd",
            "labels": { "app.kubernetes.io/part-of": "argocd" },
        },
        "data": values["configs"]["cm"],
    })
}

/// Argo CD's engine, offline.
struct Engine {
    folder: tempfile::TempDir,
}

impl Engine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cm.yaml"), config_map().to_string()).unwrap();
        Self { folder }
    }

    /// What `argocd admin settings resource-overrides` says of an object; its exit code says nothing.
    fn ask(&self, what: &[&str], object: &Value) -> String {
        let file = self.folder.path().join("object.yaml");
        std::fs::write(&file, object.to_string()).unwrap();
        let mut command = Command::new(tool::program("HARMONIX_ARGOCD", "argocd"));
        command
            .args(["admin", "settings", "resource-overrides", what[0]])
            .arg(&file)
            .args(&what[1..])
            .arg("--argocd-cm-path")
            .arg(self.folder.path().join("cm.yaml"))
            .env("HOME", self.folder.path())
            // It is asked about files, not about a cluster.
            .env("KUBECONFIG", "/dev/null");
        tool::said(&tool::run(command, ""))
    }

    /// Health and its message.
    fn health(&self, object: &Value) -> (String, String) {
        let said = self.ask(&["health"], object);
        let line = |name: &str| {
            let found = said.lines().find_map(|line| line.strip_prefix(name));
            found
                .unwrap_or_else(|| panic!("no {name} in {said}"))
                .trim()
                .to_owned()
        };
        (line("STATUS:"), line("MESSAGE:"))
    }

    /// The actions that can be used.
    fn actions(&self, object: &Value) -> Vec<String> {
        let said = self.ask(&["list-actions"], object);
        let rows = said.lines().skip(1);
        let mut enabled: Vec<String> = rows
            .filter_map(|row| {
                let (name, rest) = row.split_once(char::is_whitespace)?;
                (rest.trim() == "false").then(|| name.to_owned())
            })
            .collect();
        enabled.sort();
        enabled
    }
}

#[tokio::test]
async fn argo_cd_shows_every_kind_at_every_stage_of_its_life_as_it_is() {
    let engine = Engine::new();
    let mut wrong = Vec::new();
    for seen in life::all().await {
        let kind = KINDS.iter().position(|kind| seen.object["kind"] == *kind);
        let (_, expected) = TABLE.iter().find(|(m, _)| *m == seen.moment).unwrap();
        let expected = expected[kind.unwrap()];
        let (health, message) = engine.health(&seen.object);
        println!(
            "{} {:?}: {health} {message}",
            seen.object["kind"], seen.moment
        );
        let is_told = health == "Healthy" || !message.is_empty();
        if health != expected || !is_told {
            wrong.push(format!(
                "{} {:?}: {health} ({message}), not {expected}",
                seen.object["kind"], seen.moment
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What an action changes, as `diff` shows it: lines that went and lines that came.
fn changes(engine: &Engine, action: &str, object: &Value) -> Vec<String> {
    let said = engine.ask(&["run-action", action], object);
    let lines = said.lines().filter(|line| line.starts_with(['<', '>']));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Does to the object in the cluster what the action does to it, which has to be one annotation and nothing else.
async fn act(stage: &Stage, engine: &Engine, action: &str, kind: &str, name: &str) {
    let object = stage.cluster.get(kind, name).await;
    assert!(engine.actions(&object).contains(&action.to_owned()));
    let changes = changes(engine, action, &object);
    let [change] = &changes[..] else {
        panic!("{action} changes more than one line: {changes:?}");
    };
    let (key, value) = change[2..].split_once(": ").unwrap();
    let value = change.starts_with('>').then(|| value.trim_matches('"'));
    assert!([RETRY, SUSPEND].contains(&key), "{change}");
    stage.cluster.annotate(kind, name, key, value).await;
}

#[tokio::test]
async fn suspend_and_resume_are_an_annotation_that_comes_and_goes() {
    let stage = Stage::enter("argo-suspend").await;
    let engine = Engine::new();
    let (kind, name) = ("Application", "argo-suspend/cart");
    let cart = application("argo-suspend", "cart", &["dev"]);
    let ready = stage.settle(&cart).await;
    assert_eq!(engine.actions(&ready), ["retry", "suspend"]);

    act(&stage, &engine, "suspend", kind, name).await;
    stage.cluster.reason(kind, name, "Ready", "Suspended").await;
    let suspended = stage.cluster.get(kind, name).await;
    assert_eq!(engine.health(&suspended).0, "Suspended");
    assert_eq!(engine.actions(&suspended), ["resume", "retry"]);

    act(&stage, &engine, "resume", kind, name).await;
    let object = stage.cluster.ready(kind, name).await;
    assert_eq!(
        object["metadata"]["generation"],
        ready["metadata"]["generation"]
    );
    assert_eq!(engine.health(&object).0, "Healthy");
}

#[tokio::test]
async fn retry_is_an_annotation_that_starts_what_failed_once_more() {
    let stage = Stage::enter("argo-retry").await;
    let engine = Engine::new();
    let (kind, name) = ("EnvironmentProvider", "argo-retry");
    let script = json!({
        "match": { "project_contains": "aws-environment-providers/argo-retry" },
        "outcome": "fail",
    });
    stage.forge.script(script).await;
    stage.cluster.apply(&provider(name, "222222222222")).await;
    let why = stage
        .cluster
        .reason(kind, name, "Stalled", "PipelineFailed")
        .await;
    let failed = stage.cluster.get(kind, name).await;
    assert_eq!(
        engine.health(&failed),
        ("Degraded".to_owned(), first_line(&why))
    );

    act(&stage, &engine, "retry", kind, name).await;
    let healed = stage.cluster.ready(kind, name).await;
    assert_eq!(engine.health(&healed).0, "Healthy");
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[tokio::test]
async fn an_object_without_annotations_takes_every_action() {
    let engine = Engine::new();
    let mut bare = application("anywhere", "cart", &["dev"]);
    assert_eq!(engine.actions(&bare), ["retry", "suspend"]);
    let suspend = changes(&engine, "suspend", &bare);
    assert!(
        suspend.contains(&format!("> {SUSPEND}: \"true\"")),
        "{suspend:?}"
    );
    let retry = changes(&engine, "retry", &bare);
    let is_time = |line: &String| {
        let time = line.strip_prefix(&format!("> {RETRY}: "));
        time.is_some_and(|time| time.trim_matches('"').parse::<jiff::Timestamp>().is_ok())
    };
    assert!(retry.iter().any(is_time), "{retry:?}");

    bare["metadata"]["annotations"] =
        Value::Object(Map::from_iter([(SUSPEND.to_owned(), Value::from("true"))]));
    let resume = changes(&engine, "resume", &bare);
    assert!(
        resume.contains(&format!("< {SUSPEND}: \"true\"")),
        "{resume:?}"
    );
    let environment = super::manifest::environment("dev", 1, &["dev-eu"]);
    let said = engine.ask(&["list-actions"], &environment);
    assert!(said.contains("Actions are not configured"), "{said}");
}

#[test]
fn the_page_says_of_every_moment_what_argo_cd_shows() {
    for (moment, [place, _, application]) in TABLE {
        assert_eq!(page::row(moment)[3], application, "{moment:?}");
        assert_eq!(place, application, "{moment:?}");
    }
}
