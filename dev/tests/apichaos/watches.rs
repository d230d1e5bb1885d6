//! Watches that are late, cut or wrong.

use std::time::Instant;

use serde_json::json;

use super::upstream::{APPLICATIONS, Chaos};

#[tokio::test]
async fn events_are_passed_on_one_by_one_as_they_come() {
    let chaos = Chaos::start().await;
    let mut watch = chaos.watch().await;
    for version in ["4", "5"] {
        chaos.happens("cart", version);
        assert_eq!(watch.next().await, [format!("MODIFIED cart {version}")]);
    }
    watch.is_quiet().await;
}

#[tokio::test]
async fn a_frozen_watch_tells_everything_after_the_thaw() {
    let chaos = Chaos::start().await;
    let mut watch = chaos.watch().await;
    chaos
        .order(json!({ "action": "freeze", "kind": "Application" }))
        .await;
    let mut later = chaos.watch().await;
    chaos.happens("cart", "4");
    chaos.happens("till", "5");
    watch.is_quiet().await;
    later.is_quiet().await;
    chaos.order(json!({ "action": "thaw" })).await;
    for watch in [&mut watch, &mut later] {
        assert_eq!(watch.next().await, ["MODIFIED cart 4", "MODIFIED till 5"]);
    }
}

#[tokio::test]
async fn another_kind_is_frozen_and_this_one_is_not() {
    let chaos = Chaos::start().await;
    let mut watch = chaos.watch().await;
    chaos
        .order(json!({ "action": "freeze", "kind": "EnvironmentProvider" }))
        .await;
    chaos.happens("cart", "4");
    assert_eq!(watch.next().await, ["MODIFIED cart 4"]);
}

#[tokio::test]
async fn bookmarks_alone_say_no_more_than_what_was_told() {
    let chaos = Chaos::start().await;
    let mut watch = chaos.watch().await;
    chaos.happens("cart", "4");
    assert_eq!(watch.next().await, ["MODIFIED cart 4"]);
    chaos.order(json!({ "action": "bookmarks" })).await;
    chaos.happens("cart", "5");
    assert_eq!(watch.next().await, ["BOOKMARK - 4"]);
    assert_eq!(watch.next().await, ["BOOKMARK - 4"]);
    chaos.order(json!({ "action": "thaw" })).await;
    assert_eq!(watch.next().await, ["MODIFIED cart 5"]);
}

#[tokio::test]
async fn events_come_late_twice_or_in_another_order() {
    let chaos = Chaos::start().await;
    let mut watch = chaos.watch().await;
    chaos.order(json!({ "action": "lag", "millis": 400 })).await;
    let since = Instant::now();
    chaos.happens("cart", "4");
    assert_eq!(watch.next().await, ["MODIFIED cart 4"]);
    assert!(since.elapsed().as_millis() >= 400);
    chaos.order(json!({ "action": "thaw" })).await;

    chaos.order(json!({ "action": "duplicate" })).await;
    chaos.happens("cart", "5");
    assert_eq!(watch.next().await, ["MODIFIED cart 5", "MODIFIED cart 5"]);
    chaos.order(json!({ "action": "thaw" })).await;

    chaos
        .order(json!({ "action": "reorder", "millis": 300 }))
        .await;
    for (name, version) in [("cart", "6"), ("till", "7"), ("cart", "8")] {
        chaos.happens(name, version);
    }
    assert_eq!(
        watch.next().await,
        ["MODIFIED till 7", "MODIFIED cart 6", "MODIFIED cart 8"]
    );
}

#[tokio::test]
async fn a_watch_breaks_or_ends_with_a_version_that_is_too_old() {
    let chaos = Chaos::start().await;
    let mut watch = chaos.watch().await;
    chaos.order(json!({ "action": "cut" })).await;
    assert!(watch.end().await.is_some());

    let mut watch = chaos.watch().await;
    chaos.order(json!({ "action": "expire" })).await;
    assert_eq!(watch.next().await, ["ERROR - -"]);
    assert!(watch.end().await.is_none());

    chaos.order(json!({ "action": "gone", "count": 2 })).await;
    for _ in 0..2 {
        let refused = chaos
            .get(&format!("{APPLICATIONS}?watch=true"))
            .await
            .unwrap();
        assert_eq!(refused.status(), 410);
        let status: serde_json::Value = refused.json().await.unwrap();
        assert_eq!(status["reason"], "Expired");
    }
    let mut watch = chaos.watch().await;
    chaos.happens("cart", "4");
    assert_eq!(watch.next().await, ["MODIFIED cart 4"]);
    let faults: Vec<_> = chaos
        .journal()
        .into_iter()
        .filter_map(|entry| entry.fault)
        .collect();
    assert_eq!(faults, ["gone", "gone"]);
}
