//! Lists that are too short or too old.

use serde_json::{Value, json};

use super::upstream::{APPLICATIONS, Chaos};

async fn listed(chaos: &Chaos, query: &str) -> (u16, Value) {
    let answer = chaos.get(&format!("{APPLICATIONS}{query}")).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_short_list_is_followed_by_a_page_that_has_expired() {
    let chaos = Chaos::start().await;
    chaos.order(json!({ "action": "shorten" })).await;
    let (status, list) = listed(&chaos, "?limit=500").await;
    assert_eq!((status, names(&list)), (200, vec!["cart"]));
    let page = list["metadata"]["continue"].as_str().unwrap();
    let (status, refused) = listed(&chaos, &format!("?limit=500&continue={page}")).await;
    assert_eq!((status, &refused["reason"]), (410, &json!("Expired")));
    let (_, list) = listed(&chaos, "").await;
    assert_eq!(names(&list), ["cart", "till", "shelf"]);
}

#[tokio::test]
async fn a_view_that_stands_still_shows_what_was_there_and_goes_on_from_there() {
    let chaos = Chaos::start().await;
    let refused = chaos
        .client
        .post(format!("{}/__watches", chaos.address))
        .json(&json!({ "action": "stale", "kind": "Application" }))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 409, "nobody has listed anything yet");
    listed(&chaos, "").await;
    let mut open = chaos.watch().await;
    chaos
        .order(json!({ "action": "stale", "kind": "Application" }))
        .await;
    chaos
        .server
        .names
        .lock()
        .unwrap()
        .retain(|name| name != "cart");
    let (_, list) = listed(&chaos, "?limit=500").await;
    assert_eq!(names(&list), ["cart", "till", "shelf"]);
    assert_eq!(list["metadata"]["resourceVersion"], "3");
    let mut from_there = chaos.watch().await;
    chaos.happens("cart", "4");
    assert_eq!(open.next().await, ["MODIFIED cart 4"]);
    from_there.is_quiet().await;

    chaos.order(json!({ "action": "thaw" })).await;
    assert_eq!(from_there.next().await, ["MODIFIED cart 4"]);
    let (_, list) = listed(&chaos, "").await;
    assert_eq!(names(&list), ["till", "shelf"]);
    let stale: Vec<_> = chaos
        .journal()
        .into_iter()
        .filter_map(|entry| entry.fault)
        .collect();
    assert_eq!(stale, ["stale"]);
}
