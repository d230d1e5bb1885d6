//! Records: each tells who asked then, none waits for another's table, and none is lost with its object
//! without a word.

use std::io::Write;
use std::sync::{Arc, Mutex};

use harmonix::api::{AuditEntry, AuditOutcome, INTENTS_ANNOTATION, REQUESTED_BY_ANNOTATION};
use harmonix::domain::audit::AuditRecord;
use harmonix::domain::intent::IntentId;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tracing_subscriber::fmt::MakeWriter;

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

/// A record as it waits, for a provider.
fn waiting(id: &str, provider: &str) -> AuditEntry {
    AuditEntry {
        id: id.repeat(32),
        created_at: "2026-01-02T03:04:05Z".into(),
        provider: provider.into(),
        action: "AssumeRole".into(),
        subject: format!("the operations role of {provider}"),
        requested_by: "ada".into(),
        generation: 1,
        epoch: 0,
        outcome: AuditOutcome::Denied,
        external_id: None,
        message: String::new(),
    }
}

/// An application at rest whose status says that these records wait.
fn with_waiting(stages: &[(&str, i32)], entries: Vec<AuditEntry>) -> Runner {
    let mut runner = Runner::new(World::with_stages(stages));
    runner.settle();
    wait(&runner, entries);
    runner
}

fn wait(runner: &Runner, entries: Vec<AuditEntry>) {
    let mut state = runner.world.state();
    let cart = state.applications.get_mut("shop/cart").unwrap();
    let status = cart.status.get_or_insert_default();
    status.effects.get_or_insert_default().backlog = entries;
}

/// Identities of the records that still wait.
fn backlog(runner: &Runner) -> Vec<String> {
    let state = runner.world.state();
    let status = state.applications["shop/cart"].status.as_ref().unwrap();
    let waiting = &status.effects.as_ref().unwrap().backlog;
    waiting.iter().map(|entry| entry.id.clone()).collect()
}

/// What the controller writes into its log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The records that the log calls lost while `what` happens.
fn lost(what: impl FnOnce()) -> Vec<serde_json::Value> {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, what);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line["level"] == "WARN" && line["fields"]["record"].is_string())
        .map(|line| line["fields"].clone())
        .collect()
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
        // The group was made under it.
        let id = IntentId::parse("01234567890123456789012345678901").unwrap();
        let described = id.described("");
        state.descriptions.insert("apps/shop".into(), described);
        let status = state
            .applications
            .get_mut("shop/cart")
            .unwrap()
            .status
            .as_mut();
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
    let group = told.iter().rfind(|(action, ..)| action == "CreateGroup");
    assert_eq!(group.unwrap().1, "eve", "{told:?}");
}

#[test]
fn a_record_without_a_table_holds_back_none_behind_it() {
    let entries = vec![
        waiting("a", "gone-place"),
        waiting("b", "dev-place"),
        waiting("c", "gone-place"),
        waiting("d", "dev-place"),
    ];
    let runner = with_waiting(&[("dev", 1)], entries);
    runner.application("cart");
    assert_eq!(backlog(&runner), ["a", "c"].map(|id| id.repeat(32)));
    let written = records(&runner, "Application/shop/cart");
    let ids: Vec<&str> = written.iter().map(|record| record.id.as_str()).collect();
    let last: Vec<String> = ["b", "d"].map(|id| id.repeat(32)).into();
    assert_eq!(ids[ids.len() - 2..], last, "in their order");
    // The place comes, and with it its table.
    let mut runner = runner;
    runner.world.state().put_provider(provider("gone-place"));
    runner.settle();
    runner.assert_sound();
}

#[test]
fn a_record_for_a_place_that_is_no_longer_named_still_gets_to_its_table() {
    let mut runner = with_waiting(&[("dev", 1), ("prod", 2)], Vec::new());
    runner.world.state().edit("cart", |cart| {
        cart.spec.environments.retain(|wanted| wanted.name == "dev");
    });
    wait(&runner, vec![waiting("a", "prod-place")]);
    runner.settle();
    let state = runner.world.state();
    let last = state.tables["acme-prod-place-audit"].last().unwrap();
    assert_eq!(last.id, "a".repeat(32));
    drop(state);
    runner.assert_sound();
}

#[test]
fn what_happened_is_recorded_before_an_object_goes_that_no_longer_makes_sense() {
    for at in 1..=6 {
        for kind in FaultKind::ALL {
            let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
            runner.settle();
            {
                let mut state = runner.world.state();
                state.edit("cart", |cart| cart.spec.environments[0].replicas = 3);
                state.calls = 0;
                state.fault = Some(Fault { at, kind });
            }
            runner.round();
            {
                let mut state = runner.world.state();
                state.environments.clear();
                state.delete("cart");
            }
            runner.settle();
            assert!(
                runner.world.state().applications.is_empty(),
                "{kind:?} at {at}"
            );
            runner.assert_sound();
            let told = asked(&runner, "Application/shop/cart");
            let goodbyes = told.iter().filter(|(action, ..)| action == "LetGo");
            assert_eq!(goodbyes.count(), 1, "{kind:?} at {at}");
        }
    }
}

#[test]
fn damaged_intents_hold_an_object_that_no_longer_makes_sense() {
    let mut runner = with_waiting(&[("dev", 1)], Vec::new());
    {
        let mut state = runner.world.state();
        state.annotate("cart", INTENTS_ANNOTATION, "[");
        state.environments.clear();
        state.delete("cart");
    }
    runner.settle();
    let annotations = runner.world.state().applications["shop/cart"]
        .metadata
        .annotations
        .clone();
    assert_eq!(annotations.unwrap()[INTENTS_ANNOTATION], "[");
    assert_eq!(runner.ready("cart"), ("False".into(), "Invalid".into()));
    runner
        .world
        .state()
        .annotate("cart", INTENTS_ANNOTATION, "");
    runner.settle();
    assert!(runner.world.state().applications.is_empty());
    runner.assert_sound();
}

#[test]
fn records_that_no_table_takes_are_told_before_their_object_goes() {
    for without_target in [false, true] {
        let entries = vec![waiting("a", "gone-place"), waiting("b", "dev-place")];
        let mut runner = with_waiting(&[("dev", 1)], entries);
        {
            let mut state = runner.world.state();
            state.delete("cart");
            if without_target {
                state.environments.clear();
            }
        }
        let told = lost(|| {
            runner.settle();
        });
        assert!(runner.world.state().applications.is_empty());
        assert_eq!(told.len(), 1, "{told:?}");
        for (field, value) in [
            ("object", "Application/shop/cart".to_owned()),
            ("record", "a".repeat(32)),
            ("provider", "gone-place".into()),
            ("action", "AssumeRole".into()),
            ("requested_by", "ada".into()),
            ("outcome", "Denied".into()),
        ] {
            assert_eq!(told[0][field], value, "{told:?}");
        }
    }
}

#[test]
fn a_place_that_goes_before_it_had_a_table_tells_its_records() {
    let mut runner = Runner::new(World::new());
    runner.world.state().put_provider(provider("dev-place"));
    runner.provider("dev-place");
    {
        let mut state = runner.world.state();
        let now = state.now();
        let place = state.providers.get_mut("dev-place").unwrap();
        place.metadata.deletion_timestamp = Some(Time(now));
        state.annotate_provider("dev-place", "a", "b");
    }
    let told = lost(|| {
        runner.settle();
    });
    assert!(runner.world.state().providers.is_empty());
    let actions: Vec<_> = told.iter().map(|line| line["action"].clone()).collect();
    assert_eq!(
        actions,
        ["CreateProject", "CommitFiles", "ApplySettings", "LetGo"]
    );
}

/// Somebody takes out of the status what is settled: the records are met again, and not one counts twice.
#[test]
fn records_that_are_met_again_far_back_leave_their_chain_as_it_is() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.settle();
    for kept in 0..4 {
        runner.world.state().edit("cart", |cart| {
            let effects = cart
                .status
                .as_mut()
                .and_then(|status| status.effects.as_mut());
            effects.unwrap().settled.truncate(kept);
            cart.spec.environments[0].replicas += 1;
        });
        runner.settle();
        runner.assert_sound();
    }
}
