//! What goes wrong on request, and the journal that tells of it.

use serde_json::{Value, json};

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_leaves_exactly_one_project() {
    let world = World::start().await;
    let group = world.group("aws-apps/shop").await;
    world
        .fault(
            json!({ "match": { "action": "projects.create", "path_contains": "cart" },
                       "fault": { "kind": "lost_answer" }, "count": 1 }),
        )
        .await;
    let body = json!({ "path": "cart", "namespace_id": group });
    assert!(
        world
            .try_ask("harmonix", "POST", "projects", body.clone())
            .await
            .is_err()
    );
    assert_eq!(world.post("projects", body).await.status, 400);
    let list = world.get(&format!("groups/{group}/projects")).await.body;
    assert_eq!(list.as_array().unwrap().len(), 1);
    let journal = world.journal().await;
    let lost: Vec<&Value> = journal
        .iter()
        .filter(|e| e["action"] == "projects.create")
        .collect();
    assert_eq!(
        (&lost[0]["fault"], &lost[0]["status"]),
        (&json!("lost_answer"), &json!(201))
    );
    assert_eq!(lost[0]["resource"], "aws-apps/shop/cart");
    assert_eq!(
        (&lost[1]["actor"], &lost[1]["status"]),
        (&json!("harmonix"), &json!(400))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_limits_do_nothing() {
    let world = World::start().await;
    let group = world.group("aws-apps/shop").await;
    let body = json!({ "path": "cart", "namespace_id": group });
    for (fault, status) in [
        (
            json!({ "kind": "status", "status": 429, "retry_after": 7 }),
            429,
        ),
        (
            json!({ "kind": "status", "status": 502, "message": "GitLab is not responding" }),
            502,
        ),
        (json!({ "kind": "deny" }), 403),
    ] {
        world
            .fault(json!({ "match": { "action": "projects.create" }, "fault": fault }))
            .await;
        let answer = world.post("projects", body.clone()).await;
        assert_eq!(answer.status, status);
        if status == 429 {
            assert_eq!(
                (answer.header("retry-after"), answer.text.as_str()),
                ("7", "Retry later\n")
            );
        }
    }
    world.fault(json!({ "match": { "actor": "harmonix", "action": "projects.*" }, "fault": { "kind": "refuse" } })).await;
    assert!(
        world
            .try_ask("harmonix", "POST", "projects", body)
            .await
            .is_err()
    );
    assert_eq!(world.get("projects").await.body, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_whose_answer_is_lost_has_arrived() {
    let world = World::start().await;
    let id = world.project("cart").await;
    world.commit(id, "Start", &[("a", "1")]).await;
    let folder = world.cloned("harmonix", "aws-apps/shop/cart", "clone");
    std::fs::write(folder.join("a"), "2").unwrap();
    world.git(&folder, &["commit", "--quiet", "-am", "Two"]);
    world
        .fault(json!({ "match": { "action": "git.push" }, "fault": { "kind": "lost_answer" } }))
        .await;
    assert!(
        !world
            .git(&folder, &["push", "origin", "main"])
            .status
            .success()
    );
    let head = world
        .get(&format!("projects/{id}/repository/commits/main"))
        .await
        .body;
    assert_eq!(head["title"], "Two");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_knows_intents_and_who_wrote() {
    let world = World::start().await;
    let id = world.project("cart").await;
    world
        .commit(id, "Start\n\nHarmonix-Intent: i-1", &[("a", "1")])
        .await;
    let journal = world.journal().await;
    let commit = journal
        .iter()
        .find(|e| e["action"] == "commits.create")
        .unwrap();
    assert_eq!(commit["detail"]["trailers"]["Harmonix-Intent"], "i-1");
    assert_eq!(commit["detail"]["project"], "aws-apps/shop/cart");
    assert_eq!(commit["mutating"], true);
    assert!(journal.iter().filter(|e| e["mutating"] == true).count() == 2);
}

/// What is known of one faulty request: whether an answer came, and what the journal says.
async fn struck(world: &World, path: &str, fault: Value) -> (Option<u16>, Value) {
    let group = world.group("aws-apps/shop").await;
    let label = "Application/gitlab/projects.create/-";
    let rule =
        json!({ "match": { "label": label, "contains": format!("shop/{path}") }, "fault": fault });
    world.fault(rule).await;
    let body = json!({ "path": path, "namespace_id": group });
    // Asked plainly: what a fault answers is not as GitLab's document says.
    let asked = reqwest::Client::new()
        .post(format!("{}/api/v4/projects", world.url))
        .header("private-token", "glpat-harmonix")
        .json(&body)
        .send();
    let answer = async {
        let answer = asked.await.ok()?;
        let status = answer.status().as_u16();
        answer.bytes().await.ok().map(|_whole| status)
    };
    let answer = answer.await;
    let line = world.journal().await.pop().unwrap();
    assert_eq!(line["label"], label);
    (answer, line)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_told_and_does_what_its_name_says() {
    let world = World::start().await;
    let mut victim = tokio::process::Command::new("sleep")
        .arg("60")
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid_file = world.folder.path().join("pid");
    std::fs::write(&pid_file, victim.id().unwrap().to_string()).unwrap();
    let kill = |at: &str| json!({ "kind": "kill", "at": at, "pid_file": pid_file });
    for (path, fault, name, answer, status, exists) in [
        (
            "a",
            json!({ "kind": "late", "millis": 50 }),
            "late",
            Some(201),
            201,
            true,
        ),
        (
            "b",
            json!({ "kind": "delay", "millis": 50 }),
            "delay",
            Some(201),
            201,
            true,
        ),
        (
            "c",
            json!({ "kind": "garbage" }),
            "garbage",
            Some(200),
            200,
            false,
        ),
        (
            "d",
            json!({ "kind": "half_answer" }),
            "half_answer",
            None,
            201,
            true,
        ),
        ("e", kill("before"), "kill_before", None, 0, false),
        ("f", kill("applied"), "kill_applied", None, 201, true),
        ("g", kill("half"), "kill_half", None, 201, true),
        ("h", kill("answered"), "kill_answered", Some(201), 201, true),
    ] {
        let (answered, line) = struck(&world, path, fault).await;
        assert_eq!(answered, answer, "{name}");
        assert_eq!(
            (&line["fault"], &line["status"]),
            (&json!(name), &json!(status))
        );
        let line: harmonix_dev::journal::Entry = serde_json::from_value(line).unwrap();
        assert_eq!(line.took_effect(), exists, "{name}");
        let found = world
            .get(&format!("projects/aws-apps%2Fshop%2F{path}"))
            .await;
        assert_eq!(found.status == 200, exists, "{name}");
    }
    let ended = tokio::time::timeout(std::time::Duration::from_secs(5), victim.wait()).await;
    assert!(!ended.unwrap().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_is_done_also_where_the_client_hung_up() {
    let world = World::start().await;
    let id = world.project("cart").await;
    let rule = json!({ "match": { "action": "commits.create" }, "fault": { "kind": "delay", "millis": 1000 } });
    world.fault(rule).await;
    let body = json!({ "branch": "main", "commit_message": "Late",
        "actions": [{ "action": "create", "file_path": "a", "content": "1" }] });
    let asked = reqwest::Client::new()
        .post(format!(
            "{}/api/v4/projects/{id}/repository/commits",
            world.url
        ))
        .header("private-token", "glpat-harmonix")
        .json(&body)
        .send();
    let asked = tokio::spawn(asked);
    let arrived = async || world.get("/__faults").await.body[0]["hits"] == 1;
    until(arrived).await;
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    let journaled = async || {
        let journal = world.journal().await;
        let line = journal.iter().find(|e| e["action"] == "commits.create");
        line.is_some_and(|line| line["status"] == 201)
    };
    until(journaled).await;
}

/// Waits until something holds.
async fn until(holds: impl AsyncFn() -> bool) {
    let since = std::time::Instant::now();
    while !holds().await {
        assert!(since.elapsed() < std::time::Duration::from_secs(60));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_of_a_pipeline_is_called_by_what_it_is_for() {
    let world = World::start().await;
    let id = world.project("cart").await;
    let config = "job: { script: [\"true\"] }";
    world
        .commit(id, "Start", &[(".gitlab-ci.yml", config)])
        .await;
    let started = async |who: &str, environment: &str| {
        let variables = json!([{ "key": "HARMONIX_ACTION", "value": "deploy" },
            { "key": "HARMONIX_ENVIRONMENT", "value": environment }]);
        let path = format!("projects/{id}/pipeline");
        let body = json!({ "ref": "main", "variables": variables });
        world.ask(who, "POST", &path, body).await.status
    };
    let label = "Application/gitlab/pipelines.create/deploy prod";
    world
        .fault(json!({ "match": { "label": label }, "skip": 1, "fault": { "kind": "status", "status": 503 } }))
        .await;
    assert_eq!(started("harmonix", "dev").await, 201);
    assert_eq!(started("harmonix", "prod").await, 201);
    assert_eq!(started("administrator", "prod").await, 201);
    assert_eq!(started("harmonix", "prod").await, 503);
    let journal = world.journal().await;
    let labels: Vec<&Value> = journal
        .iter()
        .filter(|e| e["action"] == "pipelines.create")
        .map(|e| &e["label"])
        .collect();
    let dev = json!("Application/gitlab/pipelines.create/deploy dev");
    assert_eq!(labels, [&dev, &json!(label), &Value::Null, &json!(label)]);
}
