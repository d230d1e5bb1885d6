//! Pipelines: what starts one, what is in it, how it goes.

use serde_json::{Value, json};

use super::world::World;

pub const ONE: &str = "test:\n  script: [echo hi]\n";

pub async fn project(world: &World, config: &str) -> u64 {
    let id = world.project("cart").await;
    world
        .commit(id, "Start", &[(".gitlab-ci.yml", config)])
        .await;
    id
}

fn names(jobs: &[Value]) -> Vec<&str> {
    jobs.iter()
        .map(|job| job["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_starts_a_pipeline_unless_it_asks_not_to() {
    let world = World::start().await;
    let id = project(&world, ONE).await;
    let first = world.newest_ended(id).await;
    assert_eq!(
        (&first["status"], &first["source"]),
        (&json!("success"), &json!("push"))
    );
    world.commit(id, "Quietly [skip ci]", &[("a", "1")]).await;
    let skipped = world.newest_ended(id).await;
    // GitLab keeps a pipeline without jobs that says so.
    assert_eq!(skipped["status"], "skipped");
    assert!(
        world
            .jobs(id, skipped["id"].as_u64().unwrap())
            .await
            .is_empty()
    );
    let folder = world.cloned("harmonix", "aws-apps/shop/cart", "clone");
    std::fs::write(folder.join("a"), "2").unwrap();
    world.git(&folder, &["commit", "--quiet", "-am", "By git"]);
    assert!(
        world
            .git(&folder, &["push", "--quiet", "origin", "main"])
            .status
            .success()
    );
    assert_eq!(world.newest_ended(id).await["status"], "success");
    assert_eq!(
        world
            .get(&format!("projects/{id}/pipelines"))
            .await
            .header("x-total"),
        "3"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_without_configuration_or_jobs_starts_nothing() {
    let world = World::start().await;
    let id = world.project("cart").await;
    world.commit(id, "Start", &[("a", "1")]).await;
    let none = world
        .post(&format!("projects/{id}/pipeline"), json!({ "ref": "main" }))
        .await;
    assert_eq!(
        (none.status, none.body),
        (
            400,
            json!({ "message": { "base": ["Missing CI config file"] } })
        )
    );
    let config = "deploy:\n  script: [echo]\n  rules: [{ if: '$GO == \"yes\"' }]\n";
    world.commit(id, "Add", &[(".gitlab-ci.yml", config)]).await;
    let empty = world
        .post(&format!("projects/{id}/pipeline"), json!({ "ref": "main" }))
        .await;
    assert_eq!(empty.status, 400);
    assert!(empty.text.contains("prevented any jobs"), "{}", empty.text);
    assert_eq!(
        world.get(&format!("projects/{id}/pipelines")).await.body,
        json!([])
    );
    let unknown = world
        .post(&format!("projects/{id}/pipeline"), json!({ "ref": "none" }))
        .await;
    assert_eq!(
        unknown.body,
        json!({ "message": { "base": ["Reference not found"] } })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_fails_the_push_and_refuses_the_request() {
    let world = World::start().await;
    let id = project(&world, "test:\n  skript: [echo]\n").await;
    let failed = world.newest_ended(id).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        failed["yaml_errors"],
        "jobs:test config contains unknown keys: skript"
    );
    let asked = world
        .post(&format!("projects/{id}/pipeline"), json!({ "ref": "main" }))
        .await;
    assert_eq!(asked.status, 400);
    assert_eq!(
        asked.body["message"]["base"][0],
        "jobs:test config contains unknown keys: skript"
    );
    let lint = world
        .post(
            &format!("projects/{id}/ci/lint"),
            json!({ "content": "a: [" }),
        )
        .await;
    assert_eq!(lint.body["valid"], false);
    let lint = world
        .post(&format!("projects/{id}/ci/lint"), json!({ "content": ONE }))
        .await;
    assert_eq!(
        (&lint.body["valid"], &lint.body["errors"]),
        (&json!(true), &json!([]))
    );
}

const DEPLOY: &str = r#"
stages: [build, deploy]
workflow:
  name: "$HARMONIX_ACTION $HARMONIX_ENVIRONMENT $HARMONIX_INTENT"
  rules:
    - if: $CI_PIPELINE_SOURCE == "api" && $HARMONIX_ACTION == "deploy"
    - if: $CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
      variables: { HARMONIX_ACTION: build }
include:
  - local: .gitlab-ci.yml
    rules:
      - if: $CI_PIPELINE_SOURCE == "push"
        exists: [.gitlab-ci.yml]
build:
  stage: build
  script: [echo]
  rules: [{ if: '$HARMONIX_ACTION == "build"' }]
deploy:
  stage: deploy
  script: [echo]
  resource_group: $HARMONIX_ENVIRONMENT
  environment: { name: $HARMONIX_ENVIRONMENT }
  rules: [{ if: '$HARMONIX_ACTION == "deploy"' }]
"#;

async fn rendered(world: &World) -> u64 {
    let group = world.group("aws-apps/shop").await;
    let body = json!({ "path": "cart", "namespace_id": group, "ci_config_path": ".harmonix/pipeline.yml" });
    let id = world.post("projects", body).await.id();
    world
        .commit(
            id,
            "Start",
            &[(".harmonix/pipeline.yml", DEPLOY), (".gitlab-ci.yml", ONE)],
        )
        .await;
    id
}

fn deploy(environment: &str, intent: &str) -> Value {
    json!({ "ref": "main", "variables": [
        { "key": "HARMONIX_ACTION", "value": "deploy" },
        { "key": "HARMONIX_ENVIRONMENT", "value": environment, "variable_type": "env_var" },
        { "key": "HARMONIX_INTENT", "value": intent },
    ] })
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_includes_and_names_follow_what_started_the_pipeline() {
    let world = World::start().await;
    let id = rendered(&world).await;
    let build = world.newest_ended(id).await;
    // The stages that a file names replace GitLab's own, `test` among them: the include's job has none.
    assert_eq!(
        build["yaml_errors"],
        "test job: chosen stage test does not exist; available stages are .pre, build, deploy, .post"
    );
    let fixed = DEPLOY.replace("[build, deploy]", "[build, test, deploy]");
    world
        .commit(id, "Fix", &[(".harmonix/pipeline.yml", &fixed)])
        .await;
    let build = world.newest_ended(id).await;
    assert_eq!(
        (&build["status"], &build["name"]),
        (&json!("success"), &json!("build"))
    );
    assert_eq!(
        names(&world.jobs(id, build["id"].as_u64().unwrap()).await),
        ["build", "test"]
    );
    let started = world
        .post(&format!("projects/{id}/pipeline"), deploy("dev", "i-7"))
        .await;
    assert_eq!(
        (started.status, &started.body["name"]),
        (201, &json!("deploy dev i-7"))
    );
    assert_eq!(names(&world.jobs(id, started.id()).await), ["deploy"]);
    world.pipeline_in(id, started.id(), &["success"]).await;
    let found = world
        .get(&format!(
            "projects/{id}/pipelines?name=deploy%20dev%20i-7&source=api&ref=main"
        ))
        .await;
    assert_eq!(found.body.as_array().unwrap().len(), 1);
    assert_eq!(found.body[0]["id"].as_u64(), Some(started.id()));
    assert_eq!(
        world
            .get(&format!("projects/{id}/pipelines?name=deploy%20dev"))
            .await
            .body,
        json!([])
    );
    let variables = world
        .get(&format!(
            "projects/{id}/pipelines/{}/variables",
            started.id()
        ))
        .await
        .body;
    assert_eq!(variables[2]["value"], "i-7");
    let deployments = world
        .get(&format!("projects/{id}/deployments?environment=dev"))
        .await
        .body;
    assert_eq!(deployments[0]["status"], "success");
    let environments = world.get(&format!("projects/{id}/environments")).await.body;
    assert_eq!(environments[0]["name"], "dev");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_set_variables_is_the_projects_choice() {
    let world = World::start().await;
    let id = world.project("cart").await;
    world.commit(id, "Start", &[(".gitlab-ci.yml", ONE)]).await;
    let protection = format!("projects/{id}/protected_branches");
    world
        .ask(
            "harmonix",
            "DELETE",
            &format!("{protection}/main"),
            Value::Null,
        )
        .await;
    let with = json!({ "ref": "main", "variables": [{ "key": "A", "value": "1" }] });
    let path = format!("projects/{id}/pipeline");
    assert_eq!(
        world
            .ask("developer", "POST", &path, with.clone())
            .await
            .status,
        201
    );
    let narrow = json!({ "ci_pipeline_variables_minimum_override_role": "maintainer" });
    world
        .ask("harmonix", "PUT", &format!("projects/{id}"), narrow)
        .await;
    let refused = world.ask("developer", "POST", &path, with.clone()).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.body["message"]["base"][0],
        "Insufficient permissions to set pipeline variables"
    );
    assert_eq!(
        world
            .ask("developer", "POST", &path, json!({ "ref": "main" }))
            .await
            .status,
        201
    );
    assert_eq!(world.ask("harmonix", "POST", &path, with).await.status, 201);
    assert_eq!(
        world
            .ask("guest", "POST", &path, json!({ "ref": "main" }))
            .await
            .status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_job_of_a_resource_group_runs_at_a_time() {
    let world = World::start().await;
    let id = rendered(&world).await;
    world.newest_ended(id).await;
    world
        .script(json!({ "match": { "environment": "dev" }, "outcome": "hang" }))
        .await;
    let path = format!("projects/{id}/pipeline");
    let one = world.post(&path, deploy("dev", "i-1")).await.id();
    world.pipeline_in(id, one, &["running"]).await;
    let two = world.post(&path, deploy("dev", "i-2")).await.id();
    let other = world.post(&path, deploy("prod", "i-3")).await.id();
    world.pipeline_in(id, other, &["success"]).await;
    assert_eq!(
        world.pipeline_in(id, two, &["waiting_for_resource"]).await["status"],
        "waiting_for_resource"
    );
    world
        .post(
            &format!("projects/{id}/pipelines/{one}/cancel"),
            Value::Null,
        )
        .await;
    world.pipeline_in(id, one, &["canceled"]).await;
    world.pipeline_in(id, two, &["success"]).await;
}
