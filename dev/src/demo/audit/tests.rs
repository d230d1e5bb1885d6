use super::*;

fn record(id: &str, previous: &str) -> Record {
    let attributes = [
        ("id", id),
        ("previousHash", previous),
        ("objectRef", "Application/shop/cart"),
    ];
    let mut record = Record {
        table: "audit".into(),
        attributes: attributes
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
    };
    let hash = record.computed();
    record.attributes.insert("hash".into(), hash);
    record
}

fn chain() -> Vec<Record> {
    let first = record("1", "");
    let second = record("2", first.get("hash"));
    let third = record("3", second.get("hash"));
    vec![third, first, second]
}

#[test]
fn a_whole_chain_has_no_problem_in_whatever_order_it_is_read() {
    assert_eq!(
        check(&chain()),
        Chains {
            count: 1,
            problems: Vec::new()
        }
    );
}

#[test]
fn records_of_one_time_are_told_in_the_order_of_their_chain() {
    let ids: Vec<String> = in_order(chain())
        .iter()
        .map(|r| r.get("id").to_owned())
        .collect();
    assert_eq!(ids, ["1", "2", "3"]);
}

#[test]
fn a_record_that_was_taken_out_is_missed() {
    let mut records = chain();
    records.remove(2);
    assert_eq!(
        check(&records).problems,
        ["the chain of Application/shop/cart in audit: record 3 follows none of its 1 records"]
    );
}

#[test]
fn a_record_that_was_changed_is_found() {
    let mut records = chain();
    records[0]
        .attributes
        .insert("status".into(), "SUCCESS".into());
    assert!(
        check(&records).problems[0].ends_with("the hash of record 3 is not that of its content")
    );
}

#[test]
fn two_records_after_one_are_a_fork() {
    let mut records = chain();
    records.push(record("4", ""));
    assert!(check(&records).problems[0].ends_with("records 1 and 4 both follow the same record"));
}

#[test]
fn an_item_is_read_with_its_texts() {
    let scan = serde_json::json!({ "Items": [{ "id": { "S": "1" }, "message": { "S": "" } }] });
    let records = Record::read("audit", &scan);
    assert_eq!(
        (records.len(), records[0].get("id"), records[0].get("owner")),
        (1, "1", "")
    );
}
