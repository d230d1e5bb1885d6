//! Jobs that really run, by gitlab-ci-local.

use std::path::PathBuf;
use std::time::Duration;

use harmonix_dev::gitlab::ExecutorKind;
use serde_json::{Value, json};

use super::world::World;

fn tool(name: &str) -> PathBuf {
    let path = std::env::var_os(name).unwrap_or_else(|| {
        panic!("{name} is not set: `cargo dev test` sets it to the pinned tool in the cache; set it to run this test alone")
    });
    PathBuf::from(path)
}

async fn world() -> World {
    World::start_with(|mut args| {
        let environment = args.state.with_file_name("runner.json");
        std::fs::write(
            &environment,
            json!({ "AWS_ENDPOINT_URL": "http://127.0.0.1:1" }).to_string(),
        )
        .unwrap();
        args.executor = ExecutorKind::Real;
        args.node = Some(tool("HARMONIX_NODE"));
        args.gitlab_ci_local = Some(tool("HARMONIX_GITLAB_CI_LOCAL"));
        args.job_environment = Some(environment);
        args
    })
    .await
}

const CONFIG: &str = r#"
stages: [build, check]
variables:
  TEXT: { value: "$HOME `id` 'quoted' \"double\"", expand: false }
  JOINED: "$CI_COMMIT_BRANCH-$CI_JOB_NAME"
make:
  stage: build
  before_script: [mkdir out]
  script:
    - echo "made $JOINED" | tee out/made.txt
    - printf '%s\n' "$TEXT"
    - git fetch --quiet origin main && git log --oneline | wc -l
    - printf '{"endpoint":"%s"}' "$AWS_ENDPOINT_URL" > release.json
    - test -z "$AWS_SECRET_ACCESS_KEY$CARGO_MANIFEST_DIR"
  after_script: ["echo after: $CI_JOB_STATUS"]
  artifacts: { paths: [out/, release.json] }
check:
  stage: check
  script: [cat out/made.txt, "exit $CODE"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_scripts_of_a_pipeline_really_run() {
    let world = world().await;
    let id = world.project("cart").await;
    world
        .commit(id, "Before [skip ci]", &[("README.md", "# Cart\n")])
        .await;
    world
        .commit(
            id,
            "Start",
            &[(".gitlab-ci.yml", &CONFIG.replace("$CODE", "7"))],
        )
        .await;
    let pipeline = world.newest_ended(id).await;
    let jobs = world.jobs(id, pipeline["id"].as_u64().unwrap()).await;
    let mut traces = Vec::new();
    for job in &jobs {
        traces.push(
            world
                .get(&format!("projects/{id}/jobs/{}/trace", job["id"]))
                .await
                .text,
        );
    }
    let trace = &traces[0];
    assert_eq!(jobs[0]["status"], "success", "{trace}");
    for line in [
        "made main-make\n",
        "$HOME `id` 'quoted' \"double\"\n",
        "after: success\n",
        "found 2 matching artifact files",
        "Job succeeded",
    ] {
        assert!(trace.contains(line), "no {line:?} in\n{trace}");
    }
    assert!(
        trace.lines().any(|line| line.trim() == "2"),
        "the whole history is there:\n{trace}"
    );
    let path = format!(
        "projects/{id}/jobs/{}/artifacts/release.json",
        jobs[0]["id"]
    );
    assert_eq!(
        world.get(&path).await.body,
        json!({ "endpoint": "http://127.0.0.1:1" })
    );
    // Artifacts are handed on, and the script's own exit code is told.
    assert!(traces[1].contains("made main-make"), "{}", traces[1]);
    assert!(
        traces[1].contains("ERROR: Job failed: exit code 7"),
        "{}",
        traces[1]
    );
    assert_eq!(
        (&jobs[1]["status"], &jobs[1]["failure_reason"]),
        (&json!("failed"), &json!("script_failure"))
    );
    assert_eq!(pipeline["status"], "failed");
}

const LATE: &str = r#"
late:
  script: [sleep 300]
  timeout: 2 seconds
long:
  script: ["echo pid=$$", sleep 300]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_real_job_is_ended_when_its_time_is_up_or_somebody_stops_it() {
    let world = world().await;
    let id = world.project("cart").await;
    world.commit(id, "Start", &[(".gitlab-ci.yml", LATE)]).await;
    let list = world.get(&format!("projects/{id}/pipelines")).await.body;
    let pipeline = list[0]["id"].as_u64().unwrap();
    let long = world.jobs(id, pipeline).await[1]["id"].as_u64().unwrap();
    let process = eventually("the log is written while the job runs", async || {
        let trace = world
            .get(&format!("projects/{id}/jobs/{long}/trace"))
            .await
            .text;
        trace
            .lines()
            .find_map(|line| line.strip_prefix("pid=")?.parse::<u32>().ok())
    })
    .await;
    let late = eventually("the job's time is up", async || {
        let late = world.jobs(id, pipeline).await.remove(0);
        (late["status"] == "failed").then_some(late)
    })
    .await;
    assert_eq!(late["failure_reason"], "job_execution_timeout");
    world
        .post(
            &format!("projects/{id}/pipelines/{pipeline}/cancel"),
            Value::Null,
        )
        .await;
    eventually("the job is stopped", async || {
        let long = world.get(&format!("projects/{id}/jobs/{long}")).await.body;
        (long["status"] == "canceled").then_some(())
    })
    .await;
    eventually("its processes are gone", async || {
        (!std::path::Path::new(&format!("/proc/{process}")).exists()).then_some(())
    })
    .await;
}

async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..300 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not within half a minute: {what}")
}
