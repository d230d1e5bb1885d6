//! O3: records hang on each other, and are as they were written.

use harmonix_dev::chaos::evidence::Evidence;
use harmonix_dev::chaos::oracle::Oracle::Audit;

use super::control::{judged, rejects};
use super::history::{CART, attribute, condition, object, record, rehash};

#[test]
fn a_record_whose_hash_is_not_its_own() {
    rejects(Audit, "says that its hash is", |evidence| {
        let at = record(evidence, CART, "Deploy");
        *attribute(evidence, at, "initiatedBy") = "mallory".into();
    });
    rejects(Audit, "says that its hash is", |evidence| {
        let at = record(evidence, CART, "Deploy");
        *attribute(evidence, at, "hash") = "0".repeat(64);
    });
}

/// Whoever changes a record and makes its hash anew breaks the chain behind it.
#[test]
fn a_record_that_was_forged_with_its_hash() {
    rejects(Audit, "is not in the chain of its object", |evidence| {
        let at = record(evidence, CART, "CreateProject");
        *attribute(evidence, at, "initiatedBy") = "mallory".into();
        rehash(&mut evidence.records[at]);
    });
}

#[test]
fn a_chain_that_lost_its_beginning_or_forks() {
    rejects(Audit, "is not in the chain of its object", |evidence| {
        let first = evidence.records.iter().position(|record| {
            record.attributes["objectRef"] == CART && record.attributes["previousHash"].is_empty()
        });
        evidence.records.remove(first.unwrap());
    });
    rejects(Audit, "forks", |evidence| {
        let first = record(evidence, CART, "CreateGroup");
        let previous = evidence.records[first].attributes["previousHash"].clone();
        let other = record(evidence, CART, "CommitFiles");
        *attribute(evidence, other, "previousHash") = previous;
        rehash(&mut evidence.records[other]);
    });
}

#[test]
fn a_status_that_knows_another_end() {
    rejects(Audit, "says that its chain at", |evidence| {
        object(evidence, "Application")["status"]["effects"]["chains"][0]["records"] = 99.into();
    });
    rejects(Audit, "says that its chain at", |evidence| {
        object(evidence, "Application")["status"]["effects"]["chains"][0]["head"] = "no".into();
    });
}

/// A status is written after the records that it knows of.
#[test]
fn a_status_may_lag_behind_while_something_is_under_way() {
    let lag = |evidence: &mut Evidence, ready: &str| {
        let first = evidence.records.iter().find(|record| {
            record.attributes["objectRef"] == CART && record.attributes["previousHash"].is_empty()
        });
        let head = first.unwrap().attributes["hash"].clone();
        let provider = first.unwrap().attributes["providerName"].clone();
        let cart = object(evidence, "Application");
        condition(cart, "Ready")["status"] = ready.into();
        let chains = cart["status"]["effects"]["chains"].as_array_mut().unwrap();
        let chain = chains
            .iter_mut()
            .find(|c| c["provider"] == provider.as_str());
        let chain = chain.unwrap();
        chain["head"] = head.into();
        chain["records"] = 1.into();
    };
    let found = judged(|evidence| lag(evidence, "False"));
    assert!(
        found.iter().all(|violation| violation.oracle != Audit),
        "{found:#?}"
    );
    rejects(Audit, "says that its chain at", |evidence| {
        lag(evidence, "True")
    });
}

#[test]
fn records_that_hang_in_a_circle_are_found_and_end() {
    let found = judged(|evidence| {
        for record in &mut evidence.records {
            let own = record.attributes["hash"].clone();
            record.attributes.insert("previousHash".into(), own);
        }
    });
    assert!(found.iter().any(|violation| violation.oracle == Audit));
}
