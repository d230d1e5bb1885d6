//! The true history, and the parts of it that tests break.

use harmonix_dev::chaos::evidence::{Evidence, Happening, Moment, Record};
use harmonix_dev::chaos::oracle::Bounds;
use harmonix_dev::journal::Entry;
use jiff::SignedDuration;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The application that is there at the end.
pub const CART: &str = "Application/p0001/cart";
/// The application that let go.
pub const TILL: &str = "Application/p0001/till";
/// Its project, which stays.
pub const TILL_PROJECT: &str = "aws-apps/p0001/till";
/// The project of the one that is there.
pub const CART_PROJECT: &str = "aws-apps/p0001/cart";

/// The true history.
pub fn history() -> Evidence {
    serde_json::from_str(include_str!("history.json")).unwrap()
}

pub const BOUNDS: Bounds = Bounds {
    converge: SignedDuration::from_secs(15),
    quiet: SignedDuration::from_secs(5),
    attempts: None,
};

/// The place of the first request that is so.
pub fn request(evidence: &Evidence, is: impl Fn(&Entry) -> bool) -> usize {
    evidence.requests.iter().position(is).unwrap()
}

/// The place of the first request of this action about this resource that took effect.
pub fn effect(evidence: &Evidence, action: &str, resource: &str) -> usize {
    request(evidence, |entry| {
        entry.action == action && entry.resource.as_deref() == Some(resource) && entry.took_effect()
    })
}

/// The place of the first record of this action on this object.
pub fn record(evidence: &Evidence, object: &str, action: &str) -> usize {
    let is = |record: &Record| {
        record.attributes["objectRef"] == object && record.attributes["actionType"] == action
    };
    evidence.records.iter().position(is).unwrap()
}

/// An attribute of a record.
pub fn attribute<'a>(evidence: &'a mut Evidence, at: usize, name: &str) -> &'a mut String {
    evidence.records[at].attributes.get_mut(name).unwrap()
}

/// One of our objects.
pub fn object<'a>(evidence: &'a mut Evidence, kind: &str) -> &'a mut Value {
    let objects = evidence.objects.iter_mut();
    objects.into_iter().find(|o| o["kind"] == kind).unwrap()
}

/// One of its conditions.
pub fn condition<'a>(object: &'a mut Value, kind: &str) -> &'a mut Value {
    let conditions = object["status"]["conditions"].as_array_mut().unwrap();
    conditions
        .iter_mut()
        .find(|condition| condition["type"] == kind)
        .unwrap()
}

/// The moment of the last such happening.
pub fn moment(evidence: &mut Evidence, what: Happening) -> &mut Moment {
    let moments = evidence.timeline.iter_mut().rev();
    moments
        .into_iter()
        .find(|moment| moment.what == what)
        .unwrap()
}

/// Makes a record's hash anew, as whoever forges records would.
pub fn rehash(record: &mut Record) {
    let mut hasher = Sha256::new();
    let mut take = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    };
    take(&record.attributes["id"]);
    take(&record.attributes["createdAt"]);
    for (name, value) in &record.attributes {
        if !["id", "createdAt", "hash"].contains(&name.as_str()) {
            take(name);
            take(value);
        }
    }
    let digest = hasher.finalize();
    let hash = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    record.attributes.insert("hash".to_owned(), hash);
}

/// Puts the whole chain of an object in a table right again after its records were changed, the status included, so
/// that nothing but what they say is wrong.
pub fn rechain(evidence: &mut Evidence, table: &str, object: &str) {
    let mut members: Vec<usize> = (0..evidence.records.len())
        .filter(|&at| {
            let record = &evidence.records[at];
            record.table == table && record.attributes["objectRef"] == object
        })
        .collect();
    members.sort_by_key(|&at| evidence.records[at].attributes["createdAt"].clone());
    let mut head = String::new();
    for &at in &members {
        let record = &mut evidence.records[at];
        record.attributes.insert("previousHash".to_owned(), head);
        rehash(record);
        head = record.attributes["hash"].clone();
    }
    let count = members.len();
    for known in &mut evidence.objects {
        let name = format!(
            "{}/{}/{}",
            known["kind"].as_str().unwrap(),
            known["metadata"]["namespace"].as_str().unwrap_or_default(),
            known["metadata"]["name"].as_str().unwrap()
        );
        if name.replace("//", "/") != object {
            continue;
        }
        let chains = known["status"]["effects"]["chains"].as_array_mut().unwrap();
        for chain in chains {
            if table == format!("acme-{}-audit", chain["provider"].as_str().unwrap()) {
                chain["head"] = head.clone().into();
                chain["records"] = count.into();
            }
        }
    }
}
