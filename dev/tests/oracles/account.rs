//! O3: the records are the effects, each once.

use harmonix_dev::chaos::evidence::{Evidence, Happening, Moment, Record};
use harmonix_dev::chaos::oracle::Oracle::Audit;
use harmonix_dev::journal::Entry;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use super::control::{accepts, judged, rejects};
use super::history::{
    CART, CART_PROJECT, TILL, attribute, effect, object, rechain, record, request,
};

const TABLE: &str = "acme-dev-eu-audit";

/// The place of the first record that says of this action that it happened.
fn success(evidence: &Evidence, action: &str) -> usize {
    let is = |record: &Record| {
        record.attributes["actionType"] == action
            && record.attributes["status"] == "SUCCESS"
            && record.table == TABLE
    };
    evidence.records.iter().position(is).unwrap()
}

#[test]
fn an_effect_without_a_record() {
    for (action, says) in [
        ("CommitFiles", "happened and has no record"),
        ("CreateProject", "0 records of success tell of it"),
        ("CreateGroup", "0 records of success tell of it"),
        ("ApplySettings", "0 records of success tell of it"),
        ("Deploy", "happened and has no record"),
    ] {
        rejects(Audit, says, |evidence| {
            let at = success(evidence, action);
            let gone = evidence.records.remove(at);
            rechain(evidence, TABLE, &gone.attributes["objectRef"]);
        });
    }
}

/// Also where the controller never learnt of the effect.
#[test]
fn an_effect_whose_answer_was_lost_and_that_has_no_record() {
    rejects(Audit, "happened and has no record", |evidence| {
        let at = effect(evidence, "commits.create", CART_PROJECT);
        evidence.requests[at].fault = Some("lost_answer".into());
        let at = record(evidence, CART, "CommitFiles");
        evidence.records.remove(at);
        rechain(evidence, TABLE, CART);
    });
}

#[test]
fn a_record_of_what_never_happened() {
    for (action, asked) in [
        ("CommitFiles", "commits.create"),
        ("Deploy", "pipelines.create"),
        ("CreateProject", "projects.create"),
        ("ApplySettings", "projects.update"),
    ] {
        rejects(Audit, action, |evidence| {
            let at = effect(evidence, asked, CART_PROJECT);
            evidence.requests[at].status = 0;
            evidence.requests[at].fault = Some("refuse".into());
        });
    }
}

#[test]
fn a_record_that_stands_twice() {
    rejects(Audit, "records bear the identity", |evidence| {
        let at = record(evidence, CART, "CommitFiles");
        let again = evidence.records[at].clone();
        evidence.records.push(again);
        let at = evidence.records.len() - 1;
        *attribute(evidence, at, "createdAt") = "2027-01-01T00:00:00Z".into();
        rechain(evidence, TABLE, CART);
    });
}

/// The same effect, told a second time under an identity of its own.
#[test]
fn an_effect_that_has_two_records() {
    for action in ["CreateProject", "ApplySettings", "CommitFiles", "Deploy"] {
        rejects(Audit, action, |evidence| {
            let at = record(evidence, CART, action);
            let again = evidence.records[at].clone();
            evidence.records.push(again);
            let at = evidence.records.len() - 1;
            *attribute(evidence, at, "id") = "f".repeat(32);
            *attribute(evidence, at, "createdAt") = "2027-01-01T00:00:00Z".into();
            rechain(evidence, TABLE, CART);
        });
    }
}

#[test]
fn a_failure_that_happened_or_was_never_tried() {
    rejects(Audit, "tells of a failure, and it happened", |evidence| {
        let at = record(evidence, CART, "CommitFiles");
        *attribute(evidence, at, "status") = "FAILED".into();
        rechain(evidence, TABLE, CART);
    });
    rejects(Audit, "no request of that kind failed", |evidence| {
        let refused = |e: &Entry| e.action == "groups.create" && !e.took_effect();
        evidence.requests.retain(|entry| !refused(entry));
    });
}

/// Without its token the controller sends nothing that could be told to be its own.
#[test]
fn a_failure_while_there_was_no_token_needs_no_request() {
    accepts(|evidence| {
        let refused = |e: &Entry| e.action == "groups.create" && !e.took_effect();
        evidence.requests.retain(|entry| !refused(entry));
        let time = evidence.timeline[0].time;
        let fault = "the token file is Missing for 1s".to_owned();
        let what = Happening::Struck { fault };
        evidence.timeline.insert(0, Moment { time, what });
    });
}

/// Whoever died after an intent was written does not know whether its request was sent; whoever died before it does.
#[test]
fn a_failure_of_one_that_died_with_its_intent_written_needs_no_request() {
    let died = |after: bool| {
        move |evidence: &mut Evidence| {
            let refused = |e: &Entry| e.action == "groups.create" && !e.took_effect();
            evidence.requests.retain(|entry| !refused(entry));
            let written = |record: &Record| record.attributes["createdAt"].parse::<Timestamp>();
            let records = evidence.records.iter();
            let failed = records.filter(|record| record.attributes["status"] == "FAILED");
            let times = failed.map(|record| written(record).unwrap());
            let (time, offset) = if after {
                (times.max().unwrap(), 1.seconds())
            } else {
                (times.min().unwrap(), -1.seconds())
            };
            let time = time + offset;
            let what = Happening::Died;
            evidence.timeline.insert(0, Moment { time, what });
        }
    };
    accepts(died(true));
    rejects(Audit, "no request of that kind failed", died(false));
}

#[test]
fn letting_go_is_recorded_once_for_each_that_goes_and_for_none_that_stays() {
    rejects(Audit, "was let go and no record says so", |evidence| {
        let at = record(evidence, TILL, "LetGo");
        evidence.records.remove(at);
    });
    rejects(
        Audit,
        "tells of an object that nobody deleted",
        |evidence| {
            for version in &mut evidence.versions {
                version.object["metadata"]
                    .as_object_mut()
                    .unwrap()
                    .remove("deletionTimestamp");
            }
        },
    );
    rejects(Audit, "and an object goes once", |evidence| {
        let at = record(evidence, TILL, "LetGo");
        let mut again = evidence.records[at].clone();
        again.attributes.insert("id".into(), "e".repeat(32));
        evidence.records.push(again);
    });
}

/// What was made is not taken over, and what was there is taken over once.
#[test]
fn taking_over_is_not_making() {
    let take_over = |evidence: &mut Evidence, id: &str| {
        let at = record(evidence, CART, "CreateProject");
        let mut taken = evidence.records[at].clone();
        taken.attributes.insert("id".into(), id.repeat(32));
        taken
            .attributes
            .insert("actionType".into(), "TakeOver".into());
        evidence.records.push(taken);
    };
    rejects(Audit, "tells of what the same object made", |evidence| {
        take_over(evidence, "1");
    });
    rejects(Audit, "stands 2 times", |evidence| {
        take_over(evidence, "1");
        take_over(evidence, "2");
    });
}

#[test]
fn a_record_that_was_inserted_and_taken_away_or_came_from_elsewhere() {
    rejects(
        Audit,
        "was inserted and does not stand in a table",
        |evidence| {
            let at = record(evidence, CART, "Deploy");
            evidence.records.remove(at);
        },
    );
    rejects(Audit, "was inserted 0 times", |evidence| {
        let at = request(evidence, |e| {
            e.action == "dynamodb:PutItem" && e.took_effect()
        });
        evidence.requests.remove(at);
    });
    rejects(Audit, "was inserted 2 times", |evidence| {
        let at = request(evidence, |e| {
            e.action == "dynamodb:PutItem" && e.took_effect()
        });
        let again = evidence.requests[at].clone();
        evidence.requests.push(again);
    });
}

#[test]
fn a_refused_role_that_nobody_refused() {
    rejects(Audit, "and it was 0 times", |evidence| {
        let at = record(evidence, CART, "CommitFiles");
        *attribute(evidence, at, "actionType") = "AssumeRole".into();
        *attribute(evidence, at, "status") = "DENIED".into();
    });
}

#[test]
fn a_record_of_a_kind_that_nobody_knows() {
    rejects(Audit, "is of no kind that is known here", |evidence| {
        let at = record(evidence, CART, "CommitFiles");
        *attribute(evidence, at, "actionType") = "DropTables".into();
    });
}

#[test]
fn what_is_ready_has_no_record_that_waits() {
    rejects(Audit, "still waits", |evidence| {
        let waits = json!([{ "id": "a", "action": "CommitFiles", "subject": CART_PROJECT }]);
        object(evidence, "Application")["status"]["effects"]["backlog"] = waits;
    });
}

/// While an intent is open, its record is owed.
#[test]
fn an_effect_whose_intent_is_open_may_lack_its_record() {
    let found = judged(|evidence| {
        let at = evidence
            .records
            .iter()
            .rposition(|record| record.attributes["objectRef"] == CART && record.table == TABLE)
            .unwrap();
        let gone = evidence.records.remove(at);
        let id = gone.attributes["id"].clone();
        let inserted = |e: &Entry| {
            e.detail
                .get("key")
                .is_some_and(|key| key["id"]["S"] == id.as_str())
        };
        evidence.requests.retain(|entry| !inserted(entry));
        let cart = object(evidence, "Application");
        let settled = cart["status"]["effects"]["settled"].as_array_mut().unwrap();
        settled.retain(|known| *known != id.as_str());
        super::history::condition(cart, "Ready")["status"] = "False".into();
        rechain(evidence, TABLE, CART);
    });
    let by_audit: Vec<_> = found.iter().filter(|v| v.oracle == Audit).collect();
    assert!(by_audit.is_empty(), "{by_audit:#?}");
}

/// A lost answer alone is no fault of anybody.
#[test]
fn a_lost_answer_with_its_record_is_as_it_should_be() {
    accepts(|evidence| {
        let at = effect(evidence, "commits.create", CART_PROJECT);
        evidence.requests[at].fault = Some("lost_answer".into());
    });
}
