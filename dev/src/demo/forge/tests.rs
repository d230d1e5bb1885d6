use serde_json::{Value, json};

use super::*;

/// A state with one project and these pipelines and jobs.
pub fn forge(pipelines: &[Value], jobs: &[Value]) -> Forge {
    let keyed = |list: &[Value]| -> Value {
        list.iter()
            .map(|item| (item["id"].to_string(), item.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    serde_json::from_value(json!({
        "projects": { "1": { "full_path": "apps/shop/cart" } },
        "pipelines": keyed(pipelines),
        "jobs": keyed(jobs),
    }))
    .unwrap()
}

fn pipeline() -> Value {
    json!({
        "id": 2, "project_id": 1, "status": "running", "source": "api",
        "name": "deploy dev 0123456789abcdef0123456789abcdef",
        "created_at": "2026-01-02T03:04:05Z", "finished_at": null,
    })
}

fn job(status: &str, start: Option<&str>, end: Option<&str>) -> Value {
    json!({
        "id": 3, "project_id": 1, "pipeline_id": 2, "status": status,
        "started_at": start, "finished_at": end, "spec": { "name": "harmonix-deploy" },
    })
}

#[test]
fn a_job_is_told_when_it_starts_and_when_it_ends() {
    let start = Some("2026-01-02T03:04:06Z");
    let waits = forge(&[pipeline()], &[job("pending", None, None)]);
    let runs = forge(&[pipeline()], &[job("running", start, None)]);
    let over = forge(
        &[pipeline()],
        &[job("success", start, Some("2026-01-02T03:04:08.5Z"))],
    );
    let told = |after: &Forge, before: &Forge| -> Vec<String> {
        let changes = after.changes(before).into_iter();
        changes
            .map(|(project, change)| format!("{project} {} {}", change.phase, change.now))
            .collect()
    };

    assert!(told(&waits, &Forge::default()).is_empty());
    assert_eq!(
        told(&runs, &waits),
        ["apps/shop/cart harmonix-deploy#2 started (deploy dev)"]
    );
    assert_eq!(
        told(&over, &runs),
        ["apps/shop/cart harmonix-deploy#2 success after 2.5 s"]
    );
    assert_eq!(
        told(&over, &waits).len(),
        2,
        "both are told where a look came late"
    );
    assert_eq!(
        runs.running().map(|job| runs.describe(job)).next().unwrap(),
        "job harmonix-deploy of pipeline 2 of apps/shop/cart"
    );
}
