//! Faults on request, and what the journal says of them.

use std::time::Instant;

use harmonix_dev::aws::config::TaskMode;
use serde_json::{Value, json};

use crate::world::{World, administrator};

const PUT: &str = "DynamoDB_20120810.PutItem";

fn record(id: &str) -> Value {
    json!({ "TableName": "demo-audit", "Item": { "id": { "S": id }, "createdAt": { "S": "1" } } })
}

async fn exists(world: &World, id: &str) -> bool {
    let get = json!({ "TableName": "demo-audit", "Key": { "id": { "S": id }, "createdAt": { "S": "1" } } });
    let (status, answer) = world
        .json(
            &administrator(),
            "dynamodb",
            "DynamoDB_20120810.GetItem",
            get,
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    !answer["Item"].is_null()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_does_what_its_name_says_once() {
    let world = World::start(TaskMode::None).await;
    world.table("demo-audit").await;
    let rule = |fault: Value| json!({ "match": { "action": "dynamodb:PutItem" }, "fault": fault });
    let key = administrator();
    let put = |id: &'static str| world.send_json(&key, "dynamodb", PUT, record(id));

    world.fault(rule(json!({ "kind": "refuse" }))).await;
    assert!(put("refused").await.is_err());
    assert!(!exists(&world, "refused").await);

    world.fault(rule(json!({ "kind": "lost_answer" }))).await;
    assert!(put("lost").await.is_err());
    assert!(exists(&world, "lost").await);

    world.fault(rule(json!({ "kind": "half_answer" }))).await;
    let half = put("half").await.unwrap();
    assert!(half.text().await.is_err());
    assert!(exists(&world, "half").await);

    world.fault(rule(json!({ "kind": "deny" }))).await;
    let denied: Value = put("denied").await.unwrap().json().await.unwrap();
    assert_eq!(denied["__type"], json!("AccessDeniedException"));
    assert!(!exists(&world, "denied").await);

    world
        .fault(rule(
            json!({ "kind": "status", "status": 400, "retry_after": 7 }),
        ))
        .await;
    let throttled = put("throttled").await.unwrap();
    assert_eq!(throttled.headers()["retry-after"], "7");
    let throttled: Value = throttled.json().await.unwrap();
    assert_eq!(throttled["__type"], json!("ThrottlingException"));

    world
        .fault(rule(json!({ "kind": "delay", "millis": 300 })))
        .await;
    let begun = Instant::now();
    assert!(put("late").await.unwrap().status().is_success());
    assert!(begun.elapsed().as_millis() >= 300);

    world.fault(rule(json!({ "kind": "garbage" }))).await;
    let garbage = put("garbage").await.unwrap();
    assert_eq!(garbage.status().as_u16(), 200);
    assert!(garbage.text().await.unwrap().contains("<html>"));
    assert!(!exists(&world, "garbage").await);

    world
        .fault(rule(json!({ "kind": "late", "millis": 300 })))
        .await;
    let begun = Instant::now();
    assert!(put("later").await.unwrap().status().is_success());
    assert!(begun.elapsed().as_millis() >= 300);

    let begun = Instant::now();
    assert!(put("plain").await.unwrap().status().is_success());
    assert!(begun.elapsed().as_millis() < 300);

    let lines = world.journal().await;
    let seen: Vec<(Option<&str>, u16)> = lines
        .iter()
        .filter(|line| line.action == "dynamodb:PutItem")
        .map(|line| (line.fault.as_deref(), line.status))
        .collect();
    let expected = [
        (Some("refuse"), 0),
        (Some("lost_answer"), 200),
        (Some("half_answer"), 200),
        (Some("deny"), 400),
        (Some("status"), 400),
        (Some("delay"), 200),
        (Some("garbage"), 200),
        (Some("late"), 200),
        (None, 200),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_meets_only_the_account_and_role_it_names() {
    let world = World::start(TaskMode::None).await;
    let hit = world.role("hit", &world.trust_controller(), "").await;
    let spared = world.role("spared", &world.trust_controller(), "").await;
    let rule = json!({
        "match": { "action": "sts:AssumeRole", "account": world.account, "role_contains": "/hit" },
        "fault": { "kind": "status", "status": 503 },
        "count": 9,
    });
    world.fault(rule).await;
    assert!(world.assume(&spared, &[]).await.is_ok());
    assert_eq!(world.assume(&hit, &[]).await.unwrap_err().0, 503);
    let cleared = world
        .client
        .delete(format!("{}/__faults", world.address))
        .send()
        .await
        .unwrap();
    assert_eq!(cleared.status().as_u16(), 204);
    assert!(world.assume(&hit, &[]).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_names_actor_account_resource_and_who_is_behind_a_session() {
    let world = World::start(TaskMode::None).await;
    world.table("demo-audit").await;
    let trust = world.trust_controller().replace(
        r#""sts:AssumeRole""#,
        r#"["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]"#,
    );
    let rights = r#"{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"*"}"#;
    let role = world.role("operations", &trust, rights).await;
    let more = [
        ("SourceIdentity", "app-1"),
        ("Tags.member.1.Key", "harmonix:application"),
        ("Tags.member.1.Value", "shop"),
    ];
    let key = world.assume(&role, &more).await.unwrap();
    assert_eq!(world.json(&key, "dynamodb", PUT, record("a")).await.0, 200);
    let lines = world.journal().await;
    let assumed = lines
        .iter()
        .find(|line| line.action == "sts:AssumeRole")
        .unwrap();
    assert!(!assumed.mutating);
    assert_eq!(assumed.account.as_ref(), Some(&world.account));
    assert_eq!(
        assumed.actor,
        format!("arn:aws:iam::{}:role/controller", world.platform)
    );
    assert_eq!(assumed.detail["SourceIdentity"], json!("app-1"));
    assert_eq!(
        assumed.detail["Tags"],
        json!({ "harmonix:application": "shop" })
    );
    let put = lines
        .iter()
        .rfind(|line| line.action == "dynamodb:PutItem")
        .unwrap();
    assert!(put.mutating);
    assert_eq!(
        put.actor,
        format!(
            "arn:aws:sts::{}:assumed-role/operations/demo",
            world.account
        )
    );
    let table = format!(
        "arn:aws:dynamodb:eu-west-1:{}:table/demo-audit",
        world.account
    );
    assert_eq!(put.resource, Some(table));
    assert_eq!(put.detail["sourceIdentity"], json!("app-1"));
    assert_eq!(
        put.detail["key"],
        json!({ "id": { "S": "a" }, "createdAt": { "S": "1" } })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_controllers_calls_are_called_by_object_and_step_and_its_process_dies_of_them() {
    let world = World::start(TaskMode::None).await;
    world.table("demo-audit").await;
    let trust = world.trust_controller().replace(
        r#""sts:AssumeRole""#,
        r#"["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]"#,
    );
    let rights = r#"{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"*"}"#;
    let role = world.role("demo-operations-role", &trust, rights).await;
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let mut victim = tokio::process::Command::new("sleep")
        .arg("60")
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    std::fs::write(&pid_file, victim.id().unwrap().to_string()).unwrap();
    let label = "Application/dynamodb/PutItem/CommitFiles";
    let rule = json!({
        "match": { "label": label, "contains": "p0042" }, "skip": 1,
        "fault": { "kind": "kill", "at": "applied", "pid_file": pid_file },
    });
    world.fault(rule).await;
    let put = async |run: &str, id: &str| {
        let tags = [
            ("RoleSessionName", run),
            ("Tags.member.1.Key", "harmonix:application"),
            ("Tags.member.1.Value", "shop"),
        ];
        let key = world.assume_as(&role, &tags).await.unwrap();
        let mut record = record(id);
        record["Item"]["actionType"] = json!({ "S": "CommitFiles" });
        world.send_json(&key, "dynamodb", PUT, record).await
    };
    assert!(put("p0042@shop", "first").await.is_ok());
    assert!(put("p0041@shop", "of-another-run").await.is_ok());
    assert!(victim.try_wait().unwrap().is_none());
    assert!(put("p0042@shop", "second").await.is_err());
    assert!(!victim.wait().await.unwrap().success());
    assert!(exists(&world, "second").await);
    let lines = world.journal().await;
    let called: Vec<(String, Option<&str>)> = lines
        .iter()
        .filter_map(|line| Some((line.label.clone()?.into(), line.fault.as_deref())))
        .collect();
    let assumed = ("Application/sts/AssumeRole/operations".to_owned(), None);
    let done = (label.to_owned(), None);
    let killed = (label.to_owned(), Some("kill_applied"));
    assert_eq!(
        called,
        [&assumed, &done, &assumed, &done, &assumed, &killed].map(Clone::clone)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_over_is_still_known_by_its_name() {
    let world = World::start(TaskMode::None).await;
    let trust = world.trust_controller().replace(
        r#""sts:AssumeRole""#,
        r#"["sts:AssumeRole","sts:TagSession"]"#,
    );
    let role = world.role("demo-operations-role", &trust, "").await;
    let tags = [
        ("Tags.member.1.Key", "harmonix:provider"),
        ("Tags.member.1.Value", "dev"),
    ];
    let key = world.assume(&role, &tags).await.unwrap();
    let over = world
        .client
        .post(format!("{}/__sessions/expire", world.address));
    over.json(&json!({ "role_contains": "demo-operations" }))
        .send()
        .await
        .unwrap();
    let (status, answer) = world.json(&key, "dynamodb", PUT, record("a")).await;
    assert_eq!(
        (status, &answer["__type"]),
        (400, &json!("ExpiredTokenException"))
    );
    let line = world.journal().await.pop().unwrap();
    assert!(line.actor.ends_with("/demo"), "{}", line.actor);
    let label = line.label.map(String::from);
    assert_eq!(
        label.as_deref(),
        Some("EnvironmentProvider/dynamodb/PutItem/-")
    );
}
