//! Orders that wait for a request, and that end by themselves.

use std::time::Instant;

use serde_json::json;

use super::upstream::Chaos;

#[tokio::test]
async fn an_order_waits_for_the_request_that_it_names_and_ends_in_time() {
    let chaos = Chaos::start().await;
    let mut watch = chaos.watch().await;
    let when =
        json!({ "match": { "label": "*/hold/CreateProject", "contains": "cart" }, "skip": 1 });
    chaos
        .order(json!({ "action": "freeze", "for_millis": 800, "when": when }))
        .await;
    chaos.hold().await.unwrap();
    chaos.happens("cart", "4");
    assert_eq!(watch.next().await, ["MODIFIED cart 4"]);

    chaos.hold().await.unwrap();
    let since = Instant::now();
    chaos.happens("cart", "5");
    watch.is_quiet().await;
    assert_eq!(watch.next().await, ["MODIFIED cart 5"]);
    assert!(since.elapsed().as_millis() >= 700);

    // It waited for one request only.
    chaos.hold().await.unwrap();
    chaos.happens("cart", "6");
    assert_eq!(watch.next().await, ["MODIFIED cart 6"]);
}

#[tokio::test]
async fn what_is_cleared_neither_lasts_nor_waits() {
    let chaos = Chaos::start().await;
    let mut watch = chaos.watch().await;
    chaos.order(json!({ "action": "freeze" })).await;
    chaos
        .order(json!({ "action": "freeze", "when": { "match": {} } }))
        .await;
    let address = format!("{}/__watches", chaos.address);
    let cleared = chaos.client.delete(address).send().await.unwrap();
    assert_eq!(cleared.status(), 204);
    chaos.hold().await.unwrap();
    chaos.happens("cart", "4");
    assert_eq!(watch.next().await, ["MODIFIED cart 4"]);
}
