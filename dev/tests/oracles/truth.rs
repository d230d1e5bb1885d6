//! O3: what a record tells was intended, and is there.

use std::collections::BTreeSet;

use harmonix_dev::chaos::oracle::Oracle::Audit;

use super::control::{accepts, rejects};
use super::history::{CART, CART_PROJECT, attribute, effect, rechain, record, request};

const TABLE: &str = "acme-dev-eu-audit";

#[test]
fn a_record_that_nobody_intended() {
    rejects(Audit, "was never intended", |evidence| {
        let at = record(evidence, CART, "CreateProject");
        *attribute(evidence, at, "id") = "a".repeat(32);
        rechain(evidence, TABLE, CART);
    });
}

#[test]
fn a_record_that_says_something_else_than_the_intent() {
    for (name, value) in [
        ("actionName", "aws-apps/p0001/other"),
        ("objectRef", "Application/p0001/other"),
        ("providerName", "prod-eu"),
        ("generation", "7"),
        ("initiatedBy", "mallory"),
    ] {
        rejects(Audit, &format!("says {name}"), |evidence| {
            let at = record(evidence, CART, "CreateProject");
            *attribute(evidence, at, name) = value.into();
            rechain(evidence, TABLE, CART);
        });
    }
}

#[test]
fn a_record_of_another_process_than_those_that_had_its_intent() {
    let told = |epoch: &'static str| {
        move |evidence: &mut harmonix_dev::chaos::evidence::Evidence| {
            let objects = evidence
                .versions
                .iter_mut()
                .map(|version| &mut version.object);
            for object in objects.chain(&mut evidence.objects) {
                let text = &mut object["metadata"]["annotations"]["harmonix.io/intents"];
                if let Some(intents) = text.as_str() {
                    *text = intents
                        .replace(r#","action""#, r#","epoch":5,"action""#)
                        .into();
                }
                // What is settled is settled for this epoch.
                let settled = object["status"]["effects"]["settled"].as_array_mut();
                for word in settled.into_iter().flatten() {
                    *word = format!("{}@5", word.as_str().unwrap()).into();
                }
            }
            for record in &mut evidence.records {
                record.attributes.insert("epoch".into(), "5".into());
            }
            let chains: BTreeSet<(String, String)> = evidence
                .records
                .iter()
                .map(|record| (record.table.clone(), record.attributes["objectRef"].clone()))
                .collect();
            for (table, object) in &chains {
                rechain(evidence, table, object);
            }
            let at = record(evidence, CART, "CreateProject");
            *attribute(evidence, at, "epoch") = epoch.into();
            rechain(evidence, TABLE, CART);
        }
    };
    rejects(Audit, "says epoch \"4\"", told("4"));
    accepts(told("5"));
}

#[test]
fn a_record_in_the_table_of_another_provider() {
    rejects(Audit, "and belongs to acme-dev-eu-audit", |evidence| {
        let at = record(evidence, CART, "CommitFiles");
        evidence.records[at].table = "acme-prod-eu-audit".into();
    });
}

#[test]
fn a_record_that_calls_its_effect_by_a_name_it_does_not_have() {
    for action in ["CommitFiles", "Deploy", "CreateProject"] {
        rejects(Audit, "and there is no such thing in", |evidence| {
            let at = record(evidence, CART, action);
            *attribute(evidence, at, "externalRequestId") = "4711".into();
            rechain(evidence, TABLE, CART);
        });
    }
}

#[test]
fn an_effect_that_nobody_intended_or_that_came_before_its_intent() {
    rejects(Audit, "and no object ever held it", |evidence| {
        let at = effect(evidence, "pipelines.create", CART_PROJECT);
        let other = serde_json::json!("b".repeat(32));
        evidence.requests[at].detail["variables"]["HARMONIX_INTENT"] = other;
    });
    rejects(
        Audit,
        "was asked for before the intent for it was durable",
        |evidence| {
            let at = effect(evidence, "projects.create", CART_PROJECT);
            let first = evidence.requests[0].time - jiff::SignedDuration::from_secs(1);
            evidence.requests[at].time = first;
            evidence.requests[at].arrived = Some(first);
        },
    );
    rejects(
        Audit,
        "was asked for before the intent for it was durable",
        |evidence| {
            let at = request(evidence, |e| {
                e.resource.as_deref() == Some("p0001-eu")
                    && e.label.as_ref().is_some_and(|label| label.verb == "hold")
            });
            evidence.requests[at].status = 409;
        },
    );
}

#[test]
fn a_commit_or_pipeline_that_bears_an_intent_and_that_nobody_asked_for() {
    rejects(Audit, "and the controller asked for none", |evidence| {
        let project = evidence
            .projects
            .iter_mut()
            .find(|p| p.path == CART_PROJECT);
        let pipelines = &mut project.unwrap().pipelines;
        let mut again = pipelines.last().unwrap().clone();
        again["variables"]["HARMONIX_INTENT"] = "c".repeat(32).into();
        pipelines.push(again);
    });
    rejects(Audit, "and the controller asked for none", |evidence| {
        let project = evidence
            .projects
            .iter_mut()
            .find(|p| p.path == CART_PROJECT);
        let commits = &mut project.unwrap().commits;
        let mut again = commits[0].clone();
        again["message"] = format!("More\n\nHarmonix-Intent: {}\n", "d".repeat(32)).into();
        commits.push(again);
    });
}
