//! What the policies that a module makes may not say, and what its audit table must have.

use serde_json::Value;

use super::terraform::Made;

/// Where a statement speaks of everything without a condition, it may only look; AWS offers no less for the last.
const ON_EVERYTHING: [&str; 4] = ["Describe", "Get", "List", "DeregisterTaskDefinition"];

/// Every policy of an identity names its actions, and names things wherever AWS lets it.
pub fn assert_narrow(made: &Made) {
    let inline = made.all("aws_iam_role_policy");
    let policies: Vec<&Value> = inline
        .into_iter()
        .chain(made.all("aws_iam_policy"))
        .collect();
    assert!(!policies.is_empty());
    for policy in policies {
        let address = &policy["address"];
        let document = policy["values"]["policy"].as_str().unwrap();
        let document: Value = serde_json::from_str(document).unwrap();
        for statement in list(&document["Statement"]) {
            assert_statement(statement, &format!("{address}: {statement}"));
        }
    }
}

fn assert_statement(statement: &Value, what: &str) {
    assert_eq!(statement["Effect"], "Allow", "{what}");
    for part in ["NotAction", "NotResource"] {
        assert!(statement.get(part).is_none(), "{what}");
    }
    let everything = list(&statement["Resource"])
        .into_iter()
        .any(|resource| resource == "*");
    for action in list(&statement["Action"]) {
        let (service, verb) = action.as_str().unwrap().split_once(':').expect(what);
        assert!(!service.contains('*') && !verb.starts_with('*'), "{what}");
        let looks = ON_EVERYTHING.iter().any(|begin| verb.starts_with(begin));
        let wide = everything && statement.get("Condition").is_none();
        assert!(looks || !wide, "{what}");
        // An open end may only look.
        assert!(
            looks || !verb.contains('*') || statement.get("Condition").is_some(),
            "{what}"
        );
    }
}

fn list(value: &Value) -> Vec<&Value> {
    value
        .as_array()
        .map_or_else(|| vec![value], |values| values.iter().collect())
}

/// The audit table expires what says so, can be restored, and answers three questions.
pub fn assert_ledger(made: &Made) {
    let table = made.one("aws_dynamodb_table.audit");
    assert_eq!(table["ttl"][0]["enabled"], true);
    assert_eq!(table["ttl"][0]["attribute_name"], "expiresAt");
    assert_eq!(table["point_in_time_recovery"][0]["enabled"], true);
    assert_eq!(table["deletion_protection_enabled"], true);
    assert_eq!(table["server_side_encryption"][0]["enabled"], true);
    let mut indexes: Vec<String> = list(&table["global_secondary_index"])
        .into_iter()
        .map(|index| {
            format!(
                "{}({})",
                index["name"].as_str().unwrap(),
                index["hash_key"].as_str().unwrap()
            )
        })
        .collect();
    indexes.sort_unstable();
    assert_eq!(
        indexes,
        ["byActor(initiatedBy)", "byDay(day)", "byObject(objectRef)"]
    );
}
