//! Id tokens and job tokens.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::world::World;

const CONFIG: &str = "
harmonix-token:
  script: [env]
  environment: dev
  id_tokens:
    HARMONIX_ID_TOKEN:
      aud: https://gitlab.example.com
";

/// A hook that shows its environment: the job's log then holds its tokens.
async fn world_with_hook() -> World {
    let folder = tempfile::tempdir().unwrap();
    let hook = folder.keep().join("hook.sh");
    std::fs::write(&hook, "#!/bin/sh\nenv\n").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    World::start_with(|mut args| {
        args.script_hook = Some(hook);
        args
    })
    .await
}

async fn environment(
    world: &World,
    config: &str,
) -> (u64, std::collections::BTreeMap<String, String>) {
    let id = world.project("cart").await;
    world
        .commit(id, "Start", &[(".gitlab-ci.yml", config)])
        .await;
    let pipeline = world.newest_ended(id).await;
    assert_eq!(pipeline["status"], "success", "{pipeline}");
    let job = world.jobs(id, pipeline["id"].as_u64().unwrap()).await[0]["id"]
        .as_u64()
        .unwrap();
    let trace = world
        .get(&format!("projects/{id}/jobs/{job}/trace"))
        .await
        .text;
    let pairs = trace.lines().filter_map(|line| line.split_once('='));
    (
        id,
        pairs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_verifies_against_the_published_keys() {
    let world = world_with_hook().await;
    let (id, environment) = environment(&world, CONFIG).await;
    let token = &environment["HARMONIX_ID_TOKEN"];
    let parts: Vec<&str> = token.split('.').collect();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let keys = world.get("/oauth/discovery/keys").await.body;
    let head: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
    assert_eq!(
        (&head["alg"], &head["kid"]),
        (&json!("RS256"), &keys["keys"][0]["kid"])
    );
    let number = |name: &str| decode(keys["keys"][0][name].as_str().unwrap());
    let key = RsaPublicKeyComponents {
        n: number("n"),
        e: number("e"),
    };
    let signed = format!("{}.{}", parts[0], parts[1]);
    key.verify(
        &RSA_PKCS1_2048_8192_SHA256,
        signed.as_bytes(),
        &decode(parts[2]),
    )
    .unwrap();
    let claims: Value = serde_json::from_slice(&decode(parts[1])).unwrap();
    for (name, value) in [
        ("iss", json!("https://gitlab.example.com")),
        ("aud", json!("https://gitlab.example.com")),
        (
            "sub",
            json!("project_path:aws-apps/shop/cart:ref_type:branch:ref:main"),
        ),
        ("project_path", json!("aws-apps/shop/cart")),
        ("namespace_path", json!("aws-apps/shop")),
        ("project_id", json!(id.to_string())),
        ("ref", json!("main")),
        ("ref_type", json!("branch")),
        ("ref_protected", json!("true")),
        ("pipeline_source", json!("push")),
        ("environment", json!("dev")),
        ("user_login", json!("harmonix")),
        ("sha", json!(environment["CI_COMMIT_SHA"])),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["exp"].as_i64() > claims["iat"].as_i64());
    let configuration = world.get("/.well-known/openid-configuration").await.body;
    assert_eq!(configuration["issuer"], "https://gitlab.example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_gets_gitlabs_variables_and_nothing_of_the_servers_own() {
    let world = world_with_hook().await;
    let (id, environment) = environment(&world, CONFIG).await;
    for (name, value) in [
        ("CI_API_V4_URL", format!("{}/api/v4", world.url)),
        ("CI_PROJECT_ID", id.to_string()),
        ("CI_PROJECT_PATH", "aws-apps/shop/cart".into()),
        ("CI_COMMIT_BRANCH", "main".into()),
        ("CI_DEFAULT_BRANCH", "main".into()),
        ("CI_PIPELINE_SOURCE", "push".into()),
        ("CI_JOB_NAME", "harmonix-token".into()),
        ("CI_SERVER_HOST", "127.0.0.1".into()),
        ("CI_ENVIRONMENT_NAME", "dev".into()),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    assert!(environment["CI_REPOSITORY_URL"].contains("gitlab-ci-token:glcbt-"));
    // cargo gives these to the test process; a job must not see them.
    assert!(!environment.contains_key("CARGO_MANIFEST_DIR"));
}

/// Reads the token of a pipeline's running job where only the server itself has it: in its state file, a moment after
/// the change; until then an ended job may still stand there with its own.
async fn running_token(world: &World, pipeline: u64) -> String {
    for _ in 0..1000 {
        let bytes = std::fs::read(world.folder.path().join("state/state.json")).unwrap_or_default();
        let state: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut jobs = state["jobs"]
            .as_object()
            .into_iter()
            .flat_map(|jobs| jobs.values())
            .filter(|job| job["pipeline_id"] == pipeline);
        if let Some(token) = jobs.find_map(|job| job["token"].as_str()) {
            return token.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no job has a token")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_token_is_good_while_its_job_runs_and_only_for_what_jobs_may() {
    let world = world_with_hook().await;
    let (id, environment) = environment(&world, CONFIG).await;
    let token = &environment["CI_JOB_TOKEN"];
    let url = format!("{}/api/v4/projects/{id}/terraform/state/x", world.url);
    let client = reqwest::Client::new();
    let after = client
        .get(&url)
        .basic_auth("gitlab-ci-token", Some(token))
        .send()
        .await
        .unwrap();
    assert_eq!(after.status(), 401, "the job is over");
    world.script(json!({ "outcome": "hang", "count": 1 })).await;
    let started = world
        .post(&format!("projects/{id}/pipeline"), json!({ "ref": "main" }))
        .await
        .id();
    world.pipeline_in(id, started, &["running"]).await;
    let token = running_token(&world, started).await;
    let running = client
        .get(&url)
        .basic_auth("gitlab-ci-token", Some(&token))
        .send()
        .await
        .unwrap();
    assert_eq!(
        running.status(),
        404,
        "known, and there is no such state yet"
    );
    let put = client
        .post(&url)
        .basic_auth("gitlab-ci-token", Some(&token))
        .body("{\"serial\":1}");
    assert_eq!(put.send().await.unwrap().status(), 200);
    let other = client
        .get(format!("{}/api/v4/projects/{id}", world.url))
        .header("JOB-TOKEN", &token);
    assert_eq!(other.send().await.unwrap().status(), 401);
    let journal = world.journal().await;
    let put = journal
        .iter()
        .find(|entry| entry["action"] == "state.put")
        .unwrap();
    assert_eq!(
        (&put["actor"], &put["detail"]["user"]),
        (&json!("gitlab-ci-token"), &json!("harmonix"))
    );
    world
        .post(
            &format!("projects/{id}/pipelines/{started}/cancel"),
            Value::Null,
        )
        .await;
    assert_eq!(
        world.pipeline_in(id, started, &["canceled"]).await["status"],
        "canceled"
    );
}
