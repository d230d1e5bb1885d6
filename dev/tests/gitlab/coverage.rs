//! Every endpoint is asked once, with something to answer, and its answer is compared with GitLab's document.

use std::collections::BTreeSet;

use harmonix_dev::gitlab::endpoint::ENDPOINTS;
use serde_json::{Value, json};

use super::world::{Reply, World};

const CONFIG: &str = r"
stages: [test, deploy]
test:
  script: [x]
deploy:
  stage: deploy
  script: [y]
  environment: { name: dev }
later:
  stage: deploy
  script: [z]
  when: manual
";

/// Asks below a project, and is answered with success.
struct Asking<'a> {
    world: &'a World,
    project: u64,
}

impl Asking<'_> {
    async fn ask(&self, method: &str, path: &str, body: Value) -> Reply {
        let path = format!("projects/{}{path}", self.project);
        let reply = self.world.ask("harmonix", method, &path, body).await;
        let good = (200..300).contains(&reply.status);
        assert!(good, "{method} {path}: {} {}", reply.status, reply.text);
        reply
    }

    async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, Value::Null).await
    }

    async fn delete(&self, path: &str) -> Reply {
        self.ask("DELETE", path, Value::Null).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_every_endpoint_is_as_documented() {
    let world = World::start().await;
    let artifacts =
        json!({ "outcome": "succeed", "artifacts": { "release.json": "{}" }, "count": 100 });
    world.script(artifacts).await;
    instance(&world).await;
    let project = world.project("cart").await;
    let asking = Asking {
        world: &world,
        project,
    };
    let commit = world
        .commit(project, "Start", &[(".gitlab-ci.yml", CONFIG)])
        .await;
    repository(&asking, &commit).await;
    pipelines(&asking).await;
    state(&asking).await;
    asking
        .ask("PUT", "", json!({ "description": "A cart" }))
        .await;
    asking.get("").await;
    world.get("projects").await;
    let group = world.group("aws-apps/shop").await;
    world.get(&format!("groups/{group}/projects")).await;
    asking.delete("").await;

    let served = ENDPOINTS
        .iter()
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path));
    let compared = world.compared();
    let left: BTreeSet<String> = served.filter(|name| !compared.contains(name)).collect();
    assert!(left.is_empty(), "nothing was compared of {left:#?}");
}

async fn instance(world: &World) {
    for path in [
        "user",
        "version",
        "metadata",
        "personal_access_tokens/self",
        "groups",
        "/oauth/discovery/keys",
        "/.well-known/openid-configuration",
    ] {
        assert_eq!(world.get(path).await.status, 200, "{path}");
    }
    let parent = world.group("aws-apps").await;
    let group = json!({ "name": "Toys", "path": "toys", "parent_id": parent });
    assert_eq!(world.post("groups", group).await.status, 201);
}

async fn repository(asking: &Asking<'_>, commit: &str) {
    asking.get("/repository/commits").await;
    asking.get(&format!("/repository/commits/{commit}")).await;
    asking.get("/repository/tree").await;
    let file = "/repository/files/.gitlab-ci.yml";
    asking.get(&format!("{file}?ref=main")).await;
    asking.get(&format!("{file}/raw?ref=main")).await;
    let branch = json!({ "branch": "feature", "ref": "main" });
    asking.ask("POST", "/repository/branches", branch).await;
    asking.get("/repository/branches").await;
    asking.get("/repository/branches/feature").await;
    let protection = json!({ "name": "feature" });
    asking.ask("POST", "/protected_branches", protection).await;
    asking.get("/protected_branches").await;
    asking.get("/protected_branches/feature").await;
    asking.delete("/protected_branches/feature").await;
    asking.delete("/repository/branches/feature").await;
    asking
        .ask("POST", "/ci/lint", json!({ "content": CONFIG }))
        .await;
}

async fn pipelines(asking: &Asking<'_>) {
    let Asking { world, project } = asking;
    let variables = json!([{ "key": "A", "value": "1" }]);
    let start = json!({ "ref": "main", "variables": variables });
    let started = asking.ask("POST", "/pipeline", start).await.id();
    world.pipeline_in(*project, started, &["success"]).await;
    asking.get("/pipelines").await;
    asking.get("/pipelines/latest").await;
    asking.get("/runners").await;
    asking.get("/environments").await;
    asking.get("/deployments").await;
    asking.get("/jobs").await;
    let pipeline = format!("/pipelines/{started}");
    asking.get(&format!("{pipeline}/variables")).await;
    let jobs = world.jobs(*project, started).await;
    let job = |name: &str| {
        let found = jobs.iter().find(|job| job["name"] == name).unwrap();
        format!("/jobs/{}", found["id"])
    };
    let (test, later) = (job("test"), job("later"));
    asking.get(&test).await;
    for part in ["trace", "artifacts", "artifacts/release.json"] {
        asking.get(&format!("{test}/{part}")).await;
    }
    for path in [
        format!("{later}/play"),
        format!("{test}/retry"),
        format!("{later}/cancel"),
        format!("{pipeline}/retry"),
        format!("{pipeline}/cancel"),
    ] {
        asking.ask("POST", &path, Value::Null).await;
    }
}

async fn state(asking: &Asking<'_>) {
    let state = "/terraform/state/main";
    let lock = json!({
        "ID": "one", "Operation": "OperationTypeApply", "Info": "", "Who": "x@y", "Version": "1.11.4",
        "Created": "2026-01-01T00:00:00Z", "Path": "",
    });
    asking
        .ask("POST", &format!("{state}/lock"), lock.clone())
        .await;
    let put = format!("{state}?ID=one");
    asking.ask("POST", &put, json!({ "serial": 1 })).await;
    asking.get(state).await;
    asking.get(&format!("{state}/versions/1")).await;
    asking.ask("DELETE", &format!("{state}/lock"), lock).await;
    asking.delete(state).await;
}
