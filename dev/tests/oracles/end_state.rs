//! O1: the end is the end of a run without faults.

use harmonix_dev::chaos::evidence::{Happening, Moment};
use harmonix_dev::chaos::oracle::Oracle::EndState;
use harmonix_dev::chaos::oracle::Violation;

use super::control::{accepts, judged, rejects};
use super::history::{CART, TILL, attribute, condition, object, record};

#[test]
fn an_object_that_is_gone_or_stands_otherwise() {
    rejects(EndState, "Application/{run}/cart is missing", |evidence| {
        evidence
            .objects
            .retain(|object| object["kind"] != "Application");
    });
    rejects(EndState, "condition Ready", |evidence| {
        condition(object(evidence, "Application"), "Ready")["reason"] = "Deploying".into();
    });
    rejects(EndState, "finalizer harmonix.io/release", |evidence| {
        object(evidence, "EnvironmentProvider")["metadata"]["finalizers"] =
            [""; 0].as_slice().into();
    });
    rejects(EndState, "/spec/suspend", |evidence| {
        object(evidence, "Application")["spec"]["suspend"] = true.into();
    });
}

#[test]
fn an_intent_that_stays_open() {
    rejects(EndState, "open intent", |evidence| {
        let effects = &mut object(evidence, "Application")["status"]["effects"];
        effects["settled"].as_array_mut().unwrap().clear();
    });
}

#[test]
fn what_is_in_gitlab() {
    rejects(EndState, "file .harmonix/pipeline.yml", |evidence| {
        let text = evidence.projects[0].files.get_mut(".harmonix/pipeline.yml");
        text.unwrap().push_str("# a line\n");
    });
    rejects(EndState, "setting/visibility", |evidence| {
        evidence.projects[0].shown["visibility"] = "public".into();
    });
    rejects(EndState, "commit 2", |evidence| {
        let commit = evidence.projects[0].commits[0].clone();
        evidence.projects[0].commits.push(commit);
    });
    rejects(EndState, "pipelines that", |evidence| {
        evidence.projects[0].pipelines[0]["status"] = "failed".into();
    });
    rejects(EndState, "group aws-apps/{run}/more", |evidence| {
        evidence.groups.push("aws-apps/p0001/more".into());
    });
}

#[test]
fn what_runs() {
    rejects(EndState, "desiredCount", |evidence| {
        evidence.services[0]["desiredCount"] = 7.into();
    });
    rejects(EndState, "is missing", |evidence| {
        evidence.services.remove(0);
    });
}

#[test]
fn what_is_recorded() {
    rejects(EndState, "CommitFiles", |evidence| {
        let at = record(evidence, CART, "CommitFiles");
        *attribute(evidence, at, "initiatedBy") = "mallory".into();
    });
    rejects(EndState, "LetGo", |evidence| {
        let at = record(evidence, TILL, "LetGo");
        let again = evidence.records[at].clone();
        evidence.records.push(again);
    });
}

#[test]
fn a_refusal_that_no_fault_caused() {
    rejects(
        EndState,
        "refusals are recorded that no fault caused",
        |evidence| {
            let at = record(evidence, CART, "CommitFiles");
            let mut refused = evidence.records[at].clone();
            refused.attributes.insert("status".into(), "FAILED".into());
            evidence.records.push(refused);
        },
    );
}

/// Which of two applications makes the group that both need is chance.
#[test]
fn whoever_comes_first_makes_the_group() {
    let words = "CreateGroup";
    let found = judged(|evidence| {
        let first = record(evidence, CART, words);
        let second = record(evidence, TILL, words);
        for name in ["status", "objectRef"] {
            let one = attribute(evidence, first, name).clone();
            let other = std::mem::replace(attribute(evidence, second, name), one);
            *attribute(evidence, first, name) = other;
        }
    });
    let differs = |v: &Violation| v.oracle == EndState && v.sentence.contains(words);
    assert!(!found.iter().any(differs), "{found:#?}");
}

#[test]
fn a_condition_that_says_the_same_in_other_words_is_no_difference() {
    accepts(|evidence| {
        condition(object(evidence, "Application"), "Ready")["message"] = "all is well".into();
        let time = evidence.timeline[0].time;
        let fault = "none".to_owned();
        evidence.timeline.insert(
            0,
            Moment {
                time,
                what: Happening::Struck { fault },
            },
        );
    });
}
