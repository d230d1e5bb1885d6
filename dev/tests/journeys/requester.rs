//! Who asked: admission stamps it, nobody can sign for another, and audit records say it.

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::manifest::{application, environment, provider, with};
use super::stage::Stage;

const STAMP: &str = "harmonix.io/requested-by";

fn forged(object: Value, name: &str) -> Value {
    with(object, "/metadata/annotations", json!({ STAMP: name }))
}

async fn stamp(stage: &Stage, kind: &str, name: &str) -> Value {
    stage.cluster.get(kind, name).await["metadata"]["annotations"][STAMP].clone()
}

/// Of each record of the cart: the action, who asked, and for which generation.
async fn records(stage: &Stage) -> Vec<[String; 3]> {
    let records = stage.ledger.records("dev-eu", &stage.object("cart")).await;
    let fields = ["actionType", "initiatedBy", "generation"];
    records
        .iter()
        .map(|record| fields.map(|field| record[field].clone()))
        .collect()
}

#[tokio::test]
async fn who_asked_is_stamped_and_recorded_and_nobody_signs_for_another() {
    let stage = Stage::enter("requester").await;
    let ada = Cluster::as_user(stage.world, Some("ada")).await;
    let bob = Cluster::as_user(stage.world, Some("bob@example.com")).await;
    let (kind, name) = ("Application", "requester/cart");
    let cart = application("requester", "cart", &["dev"]);

    ada.apply(&forged(cart.clone(), "mallory")).await;
    stage.cluster.ready(kind, name).await;
    assert_eq!(
        stamp(&stage, kind, name).await,
        "ada",
        "made with a forged one"
    );
    let first = records(&stage).await;
    assert!(first.len() >= 3, "{first:?}");
    for [action, who, generation] in &first {
        assert_eq!([who.as_str(), generation], ["ada", "1"], "{action}");
    }

    // Whatever does not change the spec changes nothing about who asked for it.
    bob.annotate(kind, name, STAMP, Some("mallory")).await;
    assert_eq!(stamp(&stage, kind, name).await, "ada", "set");
    bob.annotate(kind, name, STAMP, None).await;
    assert_eq!(stamp(&stage, kind, name).await, "ada", "taken away");
    let replaced = with(
        stage.cluster.get(kind, name).await,
        "/metadata/annotations",
        Value::Null,
    );
    bob.replace(kind, name, &replaced).await;
    assert_eq!(
        stamp(&stage, kind, name).await,
        "ada",
        "dropped by a replacement"
    );

    // Whatever does is stamped anew, whatever it says itself.
    let edited = with(cart, "/spec/environments/0/replicas", 2);
    bob.apply(&forged(edited, "ada")).await;
    stage.cluster.ready(kind, name).await;
    assert_eq!(stamp(&stage, kind, name).await, "bob@example.com");
    let all = records(&stage).await;
    assert_eq!(all[..first.len()], first[..]);
    let then: Vec<[&str; 3]> = all[first.len()..]
        .iter()
        .map(|record| record.each_ref().map(String::as_str))
        .collect();
    assert_eq!(
        then,
        [
            ["CommitFiles", "bob@example.com", "2"],
            ["Deploy", "bob@example.com", "2"],
        ]
    );
    let letters = stage.forge.commits(&stage.project("cart")).await;
    assert_eq!(letters.len(), 2, "one commit for each of the two");
}

#[tokio::test]
async fn platform_objects_are_stamped_as_well() {
    let stage = Stage::enter("requester-platform").await;
    let ada = Cluster::as_user(stage.world, Some("ada")).await;
    let place = with(provider("asked-eu", "222222222222"), "/spec/suspend", true);
    let objects = [
        ("EnvironmentProvider", "asked-eu", place),
        (
            "Environment",
            "asked",
            environment("asked", 1, &["asked-eu"]),
        ),
    ];
    for (kind, name, object) in objects {
        ada.apply(&forged(object, "mallory")).await;
        assert_eq!(stamp(&stage, kind, name).await, "ada", "{kind}");
        stage.cluster.delete(kind, name).await;
        stage.cluster.gone(kind, name).await;
    }
}
