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
