//! Records: each tells who asked then, none waits for another's table, and none is lost with its object
//! without a word.

use harmonix::api::{AuditEntry, INTENTS_ANNOTATION, REQUESTED_BY_ANNOTATION};
use harmonix::domain::audit::AuditRecord;

use crate::world::{Fault, FaultKind, Runner, World, provider};

/// Records of an object, whatever their table, in the order they were written.
fn records(runner: &Runner, object: &str) -> Vec<AuditRecord> {
    let state = runner.world.state();
    let all = state.tables.values().flatten();
    all.filter(|record| record.attributes["objectRef"] == object)
        .cloned()
        .collect()
}

/// Of each record: the action, who asked, and for which generation.
fn asked(runner: &Runner, object: &str) -> Vec<(String, String, String)> {
    records(runner, object)
        .iter()
        .map(|record| {
            let of = |name: &str| record.attributes[name].clone();
            (of("actionType"), of("initiatedBy"), of("generation"))
        })
        .collect()
}

fn triple(action: &str, who: &str, generation: i32) -> (String, String, String) {
    (action.to_owned(), who.to_owned(), generation.to_string())
}

#[test]
fn a_record_that_waited_names_who_asked_when_the_effect_was_decided() {
    let mut runner = Runner::new(World::new());
    {
        let mut state = runner.world.state();
        state.put_provider(provider("dev-place"));
        state.annotate_provider("dev-place", REQUESTED_BY_ANNOTATION, "ada");
    }
    runner.provider("dev-place");
    assert_eq!(asked(&runner, "EnvironmentProvider/dev-place"), []);
    {
        let mut state = runner.world.state();
        let mut place = state.providers["dev-place"].clone();
        place.spec.gitlab_groups.push("more".into());
        state.put_provider(place);
        state.annotate_provider("dev-place", REQUESTED_BY_ANNOTATION, "bob");
    }
    runner.settle();
    let told = asked(&runner, "EnvironmentProvider/dev-place");
    assert_eq!(told[0], triple("CreateProject", "ada", 1));
    assert_eq!(told[1], triple("CommitFiles", "ada", 1));
    let last = told.last().unwrap();
    assert_eq!((last.1.as_str(), last.2.as_str()), ("bob", "2"), "{told:?}");
    runner.assert_sound();
}

#[test]
fn an_effect_that_is_tried_again_is_still_asked_for_by_who_asked_first() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.settle();
    {
        let mut state = runner.world.state();
        state.edit("cart", |cart| cart.spec.environments[0].replicas = 3);
        state.annotate("cart", REQUESTED_BY_ANNOTATION, "ada");
        state.calls = 0;
        // The intents are written first, then the commit is sent.
        state.fault = Some(Fault {
            at: 2,
            kind: FaultKind::CrashAfter,
        });
    }
    runner.round();
    {
        let mut state = runner.world.state();
        state.annotate("cart", REQUESTED_BY_ANNOTATION, "bob");
    }
    runner.settle();
    let told = asked(&runner, "Application/shop/cart");
    let commits: Vec<_> = told.iter().filter(|(a, ..)| a == "CommitFiles").collect();
    assert_eq!(commits.last().unwrap().1, "ada", "{told:?}");
    let state = runner.world.state();
    let cart = state
        .projects
        .iter()
        .find(|r| r.project.path == "apps/shop/cart");
    let commit = &cart.unwrap().commits.last().unwrap().1;
    assert!(commit.contains("Requested-By: ada\n"), "{commit}");
    drop(state);
    runner.assert_sound();
}

#[test]
fn intents_and_records_of_versions_that_did_not_keep_who_asked_are_still_read() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.settle();
    {
        let mut state = runner.world.state();
        let old = r#"[{"id":"01234567890123456789012345678901","createdAt":"2026-01-02T03:04:05Z",
            "ledger":"dev-place","action":{"do":"createGroup","path":"apps/shop"}}]"#;
        state.annotate("cart", INTENTS_ANNOTATION, old);
        state.annotate("cart", REQUESTED_BY_ANNOTATION, "eve");
        let status = state.applications.get_mut("cart").unwrap().status.as_mut();
        let entry: AuditEntry = serde_json::from_value(serde_json::json!({
            "id": "1".repeat(32), "createdAt": "2026-01-02T03:04:05Z", "provider": "dev-place",
            "action": "AssumeRole", "subject": "x", "generation": 1, "outcome": "Denied",
        }))
        .unwrap();
        status.unwrap().effects.get_or_insert_default().backlog = vec![entry];
    }
    runner.round();
    let told = asked(&runner, "Application/shop/cart");
    assert!(told.contains(&triple("AssumeRole", "eve", 1)), "{told:?}");
    let group = told.iter().filter(|(action, ..)| action == "CreateGroup");
    assert_eq!(group.last().unwrap().1, "eve", "{told:?}");
}
