//! O3, chains: the records of one object in one table hang on each other, from the first to the newest, each once,
//! and each is as it was when its hash was made; the status knows the end. While something is under way the status may
//! know an earlier record of the chain, and never one that is not in it.
//!
//! The hash is computed here anew, from what docs/aws.md says of it, and not by the controller's code.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Case, Finding, Proof};
use crate::chaos::evidence::{Evidence, Record};
use crate::chaos::oracle::version::{identity, is_true};

/// Attributes that DynamoDB's indexes do not take when they are empty; they are hashed as empty.
const INDEXED: [&str; 3] = ["day", "initiatedBy", "objectRef"];

/// The hashes of one chain, from its first record.
type Links<'a> = Vec<&'a str>;

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let evidence = case.evidence;
    let mut found: Vec<Finding> = Vec::new();
    for (at, record) in evidence.records.iter().enumerate() {
        found.extend(judge_hash(at, record));
    }
    let mut followed = BTreeMap::new();
    for ((table, object), members) in chains(evidence) {
        let links = follow(evidence, (table, object), &members, &mut found);
        followed.insert((table, object), links);
    }
    for object in &evidence.objects {
        judge_status(object, &followed, &mut found);
    }
    found
}

fn of<'a>(record: &'a Record, name: &str) -> &'a str {
    record.attributes.get(name).map_or("", String::as_str)
}

fn called(record: &Record) -> String {
    format!(
        "the record {} ({} of {}) in {}",
        of(record, "id"),
        of(record, "actionType"),
        of(record, "objectRef"),
        record.table
    )
}

type Chains<'a> = BTreeMap<(&'a str, &'a str), Vec<usize>>;

fn chains(evidence: &Evidence) -> Chains<'_> {
    let mut chains = Chains::new();
    for (at, record) in evidence.records.iter().enumerate() {
        let key = (record.table.as_str(), of(record, "objectRef"));
        chains.entry(key).or_default().push(at);
    }
    chains
}

fn judge_hash(at: usize, record: &Record) -> Option<Finding> {
    let (says, is) = (of(record, "hash"), hash(record));
    (says != is).then(|| {
        let sentence = format!(
            "{} says that its hash is {says}, and what it holds makes {is}",
            called(record)
        );
        Finding::new(sentence).with([Proof::Record(at)])
    })
}

/// SHA-256 over id, `createdAt` and every other attribute with its name, in the order of the names; each part after
/// its length.
fn hash(record: &Record) -> String {
    let mut hasher = Sha256::new();
    let mut take = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    };
    take(of(record, "id"));
    take(of(record, "createdAt"));
    let mut all: BTreeMap<&str, &str> = INDEXED.into_iter().map(|name| (name, "")).collect();
    let attributes = record.attributes.iter();
    all.extend(attributes.map(|(name, value)| (name.as_str(), value.as_str())));
    for (name, value) in all {
        if !["id", "createdAt", "hash"].contains(&name) {
            take(name);
            take(value);
        }
    }
    let digest = hasher.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Follows a chain from its beginning as far as it goes.
fn follow<'a>(
    evidence: &'a Evidence,
    (table, object): (&str, &str),
    members: &[usize],
    found: &mut Vec<Finding>,
) -> Links<'a> {
    let mut by_previous: BTreeMap<&str, Vec<(usize, &Record)>> = BTreeMap::new();
    for &at in members {
        if let Some(record) = evidence.records.get(at) {
            let previous = by_previous.entry(of(record, "previousHash")).or_default();
            previous.push((at, record));
        }
    }
    for (previous, records) in &by_previous {
        if records.len() > 1 {
            let sentence = format!(
                "the chain of {object} in {table} forks: {} records hang on {}",
                records.len(),
                if previous.is_empty() {
                    "nothing"
                } else {
                    previous
                }
            );
            let proof = records.iter().map(|(at, _)| Proof::Record(*at));
            found.push(Finding::new(sentence).with(proof));
        }
    }
    let mut links: Links<'_> = Vec::new();
    // What was followed is taken away, so a circle ends too.
    let mut head = "";
    while let Some((_, record)) = by_previous.get_mut(head).and_then(Vec::pop) {
        head = of(record, "hash");
        links.push(head);
    }
    for (at, record) in by_previous.into_values().flatten() {
        let sentence = format!(
            "{} is not in the chain of its object: it hangs on {:?}, which is not the hash of a record in it",
            called(record),
            of(record, "previousHash")
        );
        found.push(Finding::new(sentence).with([Proof::Record(at)]));
    }
    links
}

/// Every chain that a status knows is the one in the table, up to its end.
fn judge_status(
    object: &Value,
    followed: &BTreeMap<(&str, &str), Links<'_>>,
    found: &mut Vec<Finding>,
) {
    let identity = identity(object);
    let told = object["status"]["effects"]["chains"].as_array();
    for chain in told.into_iter().flatten() {
        let provider = chain["provider"].as_str().unwrap_or_default();
        let of_table = |table: &str| table.ends_with(&format!("-{provider}-audit"));
        let links = followed
            .iter()
            .find(|((table, of), _)| *of == identity && of_table(table))
            .map_or(&[][..], |(_, links)| links.as_slice());
        let says = chain["records"]
            .as_u64()
            .and_then(|count| usize::try_from(count).ok());
        let known = says.and_then(|count| links.get(count.checked_sub(1)?));
        let says_head = chain["head"].as_str().unwrap_or_default();
        let is_end = says == Some(links.len()) || !is_true(object, "Ready");
        if known != Some(&says_head) || !is_end {
            let sentence = format!(
                "the status of {identity} says that its chain at {provider} has {} records and ends in {says_head:?}, and the table has {} and ends in {:?}",
                chain["records"],
                links.len(),
                links.last().copied().unwrap_or_default()
            );
            found.push(Finding::new(sentence).text(chain.to_string()));
        }
    }
}
