//! The audit table in DynamoDB.

use harmonix::api::{AuditEntry, AuditOutcome};
use harmonix::domain::audit::{AuditRecord, AuditScope, ChainLink};
use harmonix::domain::failure::FailureKind;
use harmonix::domain::runtime::AuditInsert;
use serde_json::{Value, json};

use super::wire::{Answer, Wire, json_error};

const CONDITION: &str = "ConditionalCheckFailedException";

fn record() -> AuditRecord {
    let scope = AuditScope {
        object: "Application/shop/cart".into(),
        ..AuditScope::default()
    };
    let entry = AuditEntry {
        id: "01k".into(),
        created_at: "2026-01-02T03:04:05Z".into(),
        provider: "dev".into(),
        action: "CreateProject".into(),
        subject: "apps/shop/cart".into(),
        requested_by: String::new(),
        generation: 1,
        epoch: 7,
        outcome: AuditOutcome::Success,
        external_id: None,
        message: String::new(),
    };
    AuditRecord::new(&scope, &entry, "")
}

fn refused(item: &Value) -> Answer {
    let body =
        json!({ "__type": CONDITION, "message": "The conditional request failed", "Item": item });
    (400, body.to_string())
}

#[tokio::test]
async fn a_record_is_inserted_under_a_condition_with_every_attribute_a_string() {
    let wire = Wire::agreeing(|_| (200, "{}".into()));
    let record = record();
    let table = wire.session().await.audit_table("acme-dev-audit");
    assert_eq!(table.insert(&record).await.unwrap(), AuditInsert::Inserted);
    let sent = wire.only("dynamodb:PutItem").json;
    assert_eq!(sent["TableName"], "acme-dev-audit");
    assert_eq!(sent["ConditionExpression"], "attribute_not_exists(id)");
    assert_eq!(sent["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
    let item = sent["Item"].as_object().unwrap();
    assert_eq!(item["id"], json!({ "S": "01k" }));
    assert_eq!(item["createdAt"], json!({ "S": "2026-01-02T03:04:05Z" }));
    assert_eq!(item["objectRef"], json!({ "S": "Application/shop/cart" }));
    assert_eq!(item["hash"], json!({ "S": record.hash() }));
    assert_eq!(item["message"], json!({ "S": "" }));
    // An index takes no empty key: the record stands outside that index.
    assert!(!item.contains_key("initiatedBy"));
    assert_eq!(item.len(), 2 + record.attributes.len() - 1);
}

#[tokio::test]
async fn a_record_that_stands_there_already_is_told_with_its_hash() {
    let wire = Wire::agreeing(|_| {
        refused(
            &json!({ "id": { "S": "01k" }, "hash": { "S": "h1" }, "previousHash": { "S": "h0" } }),
        )
    });
    let table = wire.session().await.audit_table("acme-dev-audit");
    let found = table.insert(&record()).await.unwrap();
    assert_eq!(
        found,
        AuditInsert::AlreadyThere {
            hash: "h1".into(),
            previous: "h0".into()
        }
    );
    assert_eq!(wire.sent().len(), 2);
}

#[tokio::test]
async fn a_refusal_that_does_not_return_the_record_is_followed_by_a_look() {
    let wire = Wire::agreeing(|sent| match sent.action.as_str() {
        "dynamodb:PutItem" => json_error(400, CONDITION, "The conditional request failed"),
        _ => (200, r#"{"Items":[{"hash":{"S":"h2"}}],"Count":1}"#.into()),
    });
    let table = wire.session().await.audit_table("acme-dev-audit");
    let found = table.insert(&record()).await.unwrap();
    assert_eq!(
        found,
        AuditInsert::AlreadyThere {
            hash: "h2".into(),
            previous: String::new()
        }
    );
    let asked = wire.only("dynamodb:Query").json;
    assert_eq!(asked["ConsistentRead"], true);
    assert_eq!(
        asked["ExpressionAttributeValues"],
        json!({ ":id": { "S": "01k" }, ":createdAt": { "S": "2026-01-02T03:04:05Z" } })
    );
}

#[tokio::test]
async fn nothing_is_concluded_from_a_record_that_cannot_be_seen_or_has_no_hash() {
    let unseen = Wire::agreeing(|sent| match sent.action.as_str() {
        "dynamodb:PutItem" => json_error(400, CONDITION, "The conditional request failed"),
        _ => (200, r#"{"Items":[],"Count":0}"#.into()),
    });
    let foreign = Wire::agreeing(|_| refused(&json!({ "id": { "S": "01k" } })));
    for (wire, kind) in [
        (unseen, FailureKind::Retryable),
        (foreign, FailureKind::Conflict),
    ] {
        let table = wire.session().await.audit_table("acme-dev-audit");
        assert_eq!(table.insert(&record()).await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn a_probe_is_a_write_that_can_never_be_done() {
    let wire = Wire::agreeing(|_| json_error(400, CONDITION, "The conditional request failed"));
    let table = wire.session().await.audit_table("acme-dev-audit");
    table.probe().await.unwrap();
    let sent = wire.only("dynamodb:PutItem").json;
    assert_eq!(
        sent["ConditionExpression"],
        "attribute_exists(id) AND attribute_not_exists(id)"
    );
    assert_eq!(
        sent["Item"],
        json!({ "id": { "S": "probe" }, "createdAt": { "S": "probe" } })
    );
}

#[tokio::test]
async fn a_probe_fails_where_writing_is_not_allowed_or_the_table_is_missing() {
    for (code, kind) in [
        ("AccessDeniedException", FailureKind::Denied),
        ("ResourceNotFoundException", FailureKind::Missing),
    ] {
        let wire = Wire::agreeing(move |_| json_error(400, code, "no"));
        let table = wire.session().await.audit_table("acme-dev-audit");
        let failure = table.probe().await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(
            failure.message.contains("table acme-dev-audit"),
            "{failure}"
        );
    }
    let wire = Wire::agreeing(|_| (200, "{}".into()));
    let table = wire.session().await.audit_table("acme-dev-audit");
    assert_eq!(table.probe().await.unwrap_err().kind, FailureKind::Invalid);
}

#[tokio::test]
async fn an_insert_whose_answer_is_lost_finds_its_own_record() {
    let first = std::sync::atomic::AtomicBool::new(true);
    let hash = record().hash().to_owned();
    let wire = Wire::agreeing(move |_| {
        if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            (500, String::new())
        } else {
            refused(&json!({ "hash": { "S": hash } }))
        }
    });
    let table = wire.session().await.audit_table("acme-dev-audit");
    let record = record();
    let found = table.insert(&record).await.unwrap();
    let hash = record.hash().to_owned();
    assert_eq!(
        found,
        AuditInsert::AlreadyThere {
            hash,
            previous: String::new()
        }
    );
    assert_eq!(wire.count("dynamodb:PutItem"), 2);
}

#[tokio::test]
async fn the_chain_of_an_object_is_read_from_the_index_page_by_page() {
    let item = |id: &str| json!({ "id": { "S": id }, "createdAt": { "S": "t" }, "previousHash": { "S": "p" }, "hash": { "S": "h" }, "uid": { "S": "u" }, "actionType": { "S": "CreateProject" }, "status": { "S": "SUCCESS" } });
    let last = json!({ "id": { "S": "1" }, "createdAt": { "S": "t" }, "objectRef": { "S": "o" } });
    let wire = Wire::agreeing({
        let last = last.clone();
        move |sent| {
            let body = if sent.json.get("ExclusiveStartKey").is_none() {
                json!({ "Items": [item("1")], "Count": 1, "LastEvaluatedKey": last })
            } else {
                json!({ "Items": [item("2")], "Count": 1 })
            };
            (200, body.to_string())
        }
    });
    let table = wire.session().await.audit_table("acme-dev-audit");
    let found = table.links("Application/shop/cart").await.unwrap();
    let link = |id: &str| ChainLink {
        id: id.into(),
        created_at: "t".into(),
        previous: "p".into(),
        hash: "h".into(),
        uid: "u".into(),
        done: Some("CreateProject".into()),
    };
    assert_eq!(found, [link("1"), link("2")]);
    let sent: Vec<Value> = wire
        .sent()
        .into_iter()
        .filter(|one| one.action == "dynamodb:Query")
        .map(|one| one.json)
        .collect();
    assert_eq!(sent.len(), 2);
    for asked in &sent {
        assert_eq!(asked["TableName"], "acme-dev-audit");
        assert_eq!(asked["IndexName"], "byObject");
        assert_eq!(
            asked["ExpressionAttributeValues"],
            json!({ ":object": { "S": "Application/shop/cart" } })
        );
    }
    assert_eq!(sent[1]["ExclusiveStartKey"], last);
}

#[tokio::test]
async fn an_object_without_records_has_no_links_and_a_refusal_is_told() {
    let wire = Wire::agreeing(|_| (200, r#"{"Items":[],"Count":0}"#.into()));
    let table = wire.session().await.audit_table("acme-dev-audit");
    assert_eq!(table.links("x").await.unwrap(), []);
    let wire = Wire::agreeing(|_| json_error(400, "AccessDeniedException", "no"));
    let table = wire.session().await.audit_table("acme-dev-audit");
    let failure = table.links("x").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied, "{failure}");
    assert!(failure.message.contains("byObject"), "{failure}");
}
