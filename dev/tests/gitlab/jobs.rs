//! Jobs: how they go, and what they leave behind.

use std::time::Duration;

use serde_json::{Value, json};

use super::pipelines::{ONE, project};
use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_is_run_again_as_often_as_it_says() {
    let world = World::start().await;
    world.script(json!({ "match": { "job_contains": "test" }, "outcome": "fail", "trace": "no luck", "count": 2 })).await;
    let id = project(
        &world,
        "test:\n  script: [x]\n  retry: 2\nlast:\n  stage: deploy\n  script: [y]\n",
    )
    .await;
    let pipeline = world.newest_ended(id).await;
    assert_eq!(pipeline["status"], "success");
    let jobs = world.jobs(id, pipeline["id"].as_u64().unwrap()).await;
    let runs: Vec<&Value> = jobs.iter().filter(|job| job["name"] == "test").collect();
    let states: Vec<&str> = runs
        .iter()
        .map(|job| job["status"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["failed", "failed", "success"]);
    assert_eq!(runs[0]["failure_reason"], "script_failure");
    let trace = world
        .get(&format!("projects/{id}/jobs/{}/trace", runs[0]["id"]))
        .await
        .text;
    assert!(
        trace.contains("no luck\nERROR: Job failed: exit code 1"),
        "{trace}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_runs_a_failed_pipeline_again() {
    let world = World::start().await;
    world
        .script(json!({ "match": { "job_contains": "test" }, "outcome": "fail" }))
        .await;
    let id = project(
        &world,
        "test:\n  script: [x]\nlast:\n  stage: deploy\n  script: [y]\n",
    )
    .await;
    let failed = world.newest_ended(id).await;
    let number = failed["id"].as_u64().unwrap();
    let states: Vec<Value> = world
        .jobs(id, number)
        .await
        .iter()
        .map(|job| job["status"].clone())
        .collect();
    assert_eq!(
        (failed["status"].as_str(), states),
        (Some("failed"), vec![json!("failed"), json!("skipped")])
    );
    assert_eq!(
        world
            .post(
                &format!("projects/{id}/pipelines/{number}/retry"),
                Value::Null
            )
            .await
            .status,
        201
    );
    assert_eq!(
        world.pipeline_in(id, number, &["success"]).await["status"],
        "success"
    );
    assert_eq!(world.jobs(id, number).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_ends_when_its_time_is_up() {
    let world = World::start().await;
    world.script(json!({ "outcome": "hang" })).await;
    let id = project(&world, "test:\n  script: [x]\n  timeout: 1 second\n").await;
    let pipeline = world.newest_ended(id).await;
    assert_eq!(pipeline["status"], "failed");
    let jobs = world.jobs(id, pipeline["id"].as_u64().unwrap()).await;
    assert_eq!(jobs[0]["failure_reason"], "job_execution_timeout");
    assert!(jobs[0]["duration"].as_f64().unwrap() >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_runner_jobs_stay_pending() {
    let world = World::start().await;
    world
        .post("/__runners", json!({ "available": false }))
        .await;
    let id = project(&world, ONE).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let number = world.get(&format!("projects/{id}/pipelines")).await.body[0]["id"]
        .as_u64()
        .unwrap();
    assert_eq!(
        world.pipeline_in(id, number, &["pending"]).await["started_at"],
        Value::Null
    );
    assert_eq!(
        world.get(&format!("projects/{id}/runners")).await.body,
        json!([])
    );
    world.post("/__runners", json!({ "available": true })).await;
    world.pipeline_in(id, number, &["success"]).await;
    assert_eq!(
        world.get(&format!("projects/{id}/runners")).await.body[0]["status"],
        "online"
    );
}

const TAGGED: &str = "plain:\n  script: [x]\ntagged:\n  tags: [harmonix]\n  script: [x]\nother:\n  tags: [harmonix, gpu]\n  script: [x]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_takes_jobs_whose_tags_it_has_and_those_without_only_where_it_says_so() {
    for (untagged, plain) in [(false, "pending"), (true, "success")] {
        let world = World::start().await;
        let runner = json!({ "tags": ["harmonix"], "run_untagged": untagged });
        let wish = json!({ "available": true, "runner": runner });
        assert_eq!(world.post("/__runners", wish).await.status, 204);
        let id = project(&world, TAGGED).await;
        let number = world.get(&format!("projects/{id}/pipelines")).await.body[0]["id"]
            .as_u64()
            .unwrap();
        let wanted = [
            ("plain", plain),
            ("tagged", "success"),
            ("other", "pending"),
        ];
        let states = async || -> Vec<(String, String)> {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let jobs = world.jobs(id, number).await;
            jobs.iter()
                .map(|job| (text(&job["name"]), text(&job["status"])))
                .collect()
        };
        for _ in 0..100 {
            if states().await.iter().map(|(n, s)| (&**n, &**s)).eq(wanted) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What waits does so for good.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let states = states().await;
        assert!(
            states.iter().map(|(n, s)| (&**n, &**s)).eq(wanted),
            "{states:?}"
        );
        world.pipeline_in(id, number, &["running"]).await;
        let everything = json!({ "tags": ["harmonix", "gpu"], "run_untagged": true });
        let wish = json!({ "available": true, "runner": everything });
        world.post("/__runners", wish).await;
        world.pipeline_in(id, number, &["success"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_commit_stops_what_has_not_started() {
    let world = World::start().await;
    world
        .post("/__runners", json!({ "available": false }))
        .await;
    let id = project(&world, ONE).await;
    let old = world.get(&format!("projects/{id}/pipelines")).await.body[0]["id"]
        .as_u64()
        .unwrap();
    world.commit(id, "Newer", &[("a", "1")]).await;
    world.pipeline_in(id, old, &["canceled"]).await;
    let keep = json!({ "auto_cancel_pending_pipelines": "disabled" });
    world
        .ask("harmonix", "PUT", &format!("projects/{id}"), keep)
        .await;
    let second = world.get(&format!("projects/{id}/pipelines")).await.body[0]["id"]
        .as_u64()
        .unwrap();
    world.commit(id, "Newest", &[("a", "2")]).await;
    assert_eq!(
        world.pipeline_in(id, second, &["pending"]).await["status"],
        "pending"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn artifacts_are_found_by_their_path() {
    let world = World::start().await;
    world
        .script(json!({ "outcome": "succeed", "artifacts": { "release.json": "{\"digest\":\"sha256:1\"}" } }))
        .await;
    let id = project(&world, ONE).await;
    let pipeline = world.newest_ended(id).await["id"].as_u64().unwrap();
    let job = world.jobs(id, pipeline).await.remove(0);
    assert_eq!(job["artifacts_file"]["filename"], "artifacts.zip");
    let path = format!("projects/{id}/jobs/{}/artifacts", job["id"]);
    assert_eq!(
        world.get(&format!("{path}/release.json")).await.body["digest"],
        "sha256:1"
    );
    assert_eq!(world.get(&format!("{path}/other.json")).await.status, 404);
    let archive = world.get(&path).await;
    assert!(archive.text.starts_with("PK"), "{}", archive.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_job_does_what_it_does_only_later() {
    let hook = tempfile::tempdir().unwrap();
    let path = hook.path().join("hook.sh");
    std::fs::write(&path, "#!/bin/sh\necho \"$1 was here\"\n").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let world = World::start_with(|mut args| {
        args.script_hook = Some(path.clone());
        args
    })
    .await;
    world
        .script(json!({ "outcome": "play", "seconds": 0.4 }))
        .await;
    let since = std::time::Instant::now();
    let id = project(&world, "test:\n  script: [x]\n").await;
    let pipeline = world.newest_ended(id).await;
    assert!(since.elapsed() >= Duration::from_millis(400));
    assert_eq!(pipeline["status"], "success");
    let jobs = world.jobs(id, pipeline["id"].as_u64().unwrap()).await;
    let trace = world
        .get(&format!("projects/{id}/jobs/{}/trace", jobs[0]["id"]))
        .await
        .text;
    assert!(trace.contains("test was here"), "{trace}");
}
