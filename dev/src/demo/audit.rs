//! Audit records as an auditor reads them: from the table, with each object's chain of hashes checked.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Attributes that are left out of an item where they are empty, since an index is keyed by them; the hash counts them.
const LEFT_OUT: [&str; 3] = ["day", "initiatedBy", "objectRef"];

/// One record, as its table has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The table.
    pub table: String,
    /// Every attribute that is a text; all are.
    pub attributes: BTreeMap<String, String>,
}

/// What became of the chains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chains {
    /// How many chains there are: one for each object in each table.
    pub count: usize,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
}

impl Record {
    /// Reads the items of a table, as `aws dynamodb scan` answers them.
    pub fn read(table: &str, scan: &Value) -> Vec<Self> {
        let items = scan["Items"].as_array().into_iter().flatten();
        let record = |item: &Value| {
            let attributes = item.as_object().into_iter().flatten();
            let texts = attributes
                .filter_map(|(name, value)| Some((name.clone(), value["S"].as_str()?.to_owned())));
            Self {
                table: table.to_owned(),
                attributes: texts.collect(),
            }
        };
        items.map(record).collect()
    }

    /// Answers an attribute; empty where the record has none.
    pub fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Computes the hash anew, from everything in the record but the hash itself.
    fn computed(&self) -> String {
        let mut attributes = self.attributes.clone();
        for name in LEFT_OUT {
            attributes.entry(name.to_owned()).or_default();
        }
        let mut hasher = Sha256::new();
        let mut add = |part: &str| {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        };
        for name in ["id", "createdAt"] {
            add(&attributes.remove(name).unwrap_or_default());
        }
        attributes.remove("hash");
        for (name, value) in &attributes {
            add(name);
            add(value);
        }
        hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// Answers the records by time, and those of one time in the order of their chain.
pub fn in_order(records: Vec<Record>) -> Vec<Record> {
    let mut ordered = Vec::with_capacity(records.len());
    let mut rest = records;
    // Each round takes the next record of every chain; what is in no chain comes at the end.
    let mut heads = vec![String::new()];
    while !heads.is_empty() {
        let next = |record: &Record| heads.iter().any(|head| head == record.get("previousHash"));
        let (found, other): (Vec<_>, Vec<_>) = rest.into_iter().partition(next);
        heads = found
            .iter()
            .map(|record| record.get("hash").to_owned())
            .collect();
        ordered.extend(found);
        rest = other;
    }
    ordered.extend(rest);
    ordered.sort_by(|one, two| one.get("createdAt").cmp(two.get("createdAt")));
    ordered
}

/// Checks that the records of each object in each table form one chain, and that each hash is that of its record.
pub fn check(records: &[Record]) -> Chains {
    let mut by_object: BTreeMap<(&str, &str), Vec<&Record>> = BTreeMap::new();
    for record in records {
        let key = (record.table.as_str(), record.get("objectRef"));
        by_object.entry(key).or_default().push(record);
    }
    let mut chains = Chains {
        count: by_object.len(),
        problems: Vec::new(),
    };
    for ((table, object), records) in by_object {
        if let Some(problem) = broken(&records) {
            chains
                .problems
                .push(format!("the chain of {object} in {table}: {problem}"));
        }
    }
    chains
}

/// Follows the chain from its beginning; the order is that of the hashes, whatever the times say.
fn broken(records: &[&Record]) -> Option<String> {
    if let Some(forged) = records.iter().find(|r| r.get("hash") != r.computed()) {
        return Some(format!(
            "the hash of record {} is not that of its content",
            forged.get("id")
        ));
    }
    let mut next: HashMap<&str, &Record> = HashMap::new();
    for record in records {
        if let Some(other) = next.insert(record.get("previousHash"), record) {
            let (one, two) = (other.get("id"), record.get("id"));
            return Some(format!(
                "records {one} and {two} both follow the same record"
            ));
        }
    }
    let mut length = 0;
    let mut hash = "";
    while let Some(record) = next.remove(hash) {
        hash = record.get("hash");
        length += 1;
    }
    next.values().next().map(|lost| {
        format!(
            "record {} follows none of its {length} records",
            lost.get("id")
        )
    })
}

#[cfg(test)]
mod tests;
