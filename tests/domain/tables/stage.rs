//! Stages: which intent a step gets, what the annotation holds then, and what is sent under an intent.

use harmonix::api::EffectJournal;
use harmonix::domain::forge::{Commit, NewProject, PipelineStart};
use harmonix::domain::intent::{Action, Intent, IntentId};
use harmonix::domain::lease::Epoch;
use harmonix::domain::observed::OpenIntent;
use harmonix::domain::reading::Reading;
use harmonix::domain::stage::{group_description, sealed, stage, written};
use harmonix::domain::step::{Effect, Step};
use harmonix::domain::target::Scope;

use super::case::{Case, now};

fn step(path: &str, ledger: &str) -> Step {
    Step {
        action: Action::CreateGroup { path: path.into() },
        ledger: ledger.into(),
        effect: Effect::CreateGroup(path.into()),
    }
}

fn intent(number: u8, path: &str, ledger: &str) -> Intent {
    Intent {
        id: IntentId::new(now(), [number; 10]),
        created_at: now(),
        ledger: ledger.into(),
        requested_by: "ada".into(),
        generation: 2,
        epoch: Epoch::new(4),
        action: Action::CreateGroup { path: path.into() },
    }
}

fn open(intent: &Intent) -> OpenIntent {
    OpenIntent {
        intent: intent.clone(),
        found: Reading::Absent,
        last_sent: None,
        making: None,
    }
}

fn staged(steps: Vec<Step>, open: &[OpenIntent]) -> Vec<Intent> {
    let scope = Scope {
        requested_by: "grace".into(),
        generation: 9,
        ..Case::good().target().unwrap().scope
    };
    let mut number = 100;
    let entropy = || {
        number += 1;
        [number; 10]
    };
    let staged = stage(steps, open, &scope, (Epoch::new(7), now()), entropy);
    staged.into_iter().map(|(intent, _)| intent).collect()
}

#[test]
fn what_is_tried_again_keeps_its_intent_and_everything_else_has_one_of_its_own() {
    let (shop, till) = (intent(1, "apps/shop", "dev"), intent(2, "apps/till", "dev"));
    let open = [open(&shop), open(&till)];
    let again = staged(vec![step("apps/till", "dev")], &open);
    let till = Intent {
        epoch: Epoch::new(7),
        ..till
    };
    assert_eq!(again, [till]);
    for other in [step("apps/cart", "dev"), step("apps/till", "prod")] {
        let new = staged(vec![other.clone()], &open).remove(0);
        assert_eq!(new.id, IntentId::new(now(), [101; 10]));
        assert_eq!((new.action, new.ledger), (other.action, other.ledger));
        assert_eq!((new.requested_by.as_str(), new.generation), ("grace", 9));
        assert_eq!(new.epoch, Epoch::new(7));
    }
}

#[test]
fn steps_of_one_stage_are_ordered_in_time() {
    let both = staged(vec![step("apps", "dev"), step("apps/shop", "dev")], &[]);
    assert_eq!(both[0].created_at, now());
    let later = both[1].created_at.duration_since(now());
    assert_eq!(later.as_micros(), 1);
    assert_ne!(both[0].id, both[1].id);
}

/// An intent whose end only this pass knows must not be forgotten before a status that tells of it is stored.
#[test]
fn an_annotation_keeps_what_no_stored_status_tells_of() {
    let kept = intent(1, "kept", "dev");
    let stored = intent(2, "stored", "dev");
    let open = intent(3, "open", "dev");
    let new = intent(4, "new", "dev");
    let journal = |settled: &[&Intent]| EffectJournal {
        settled: settled.iter().map(|i| i.settled_word()).collect(),
        ..EffectJournal::default()
    };
    let held = written(
        &[kept.clone(), stored.clone(), open],
        &journal(&[&stored]),
        &journal(&[&kept, &stored]),
        &[(new.clone(), step("new", "dev"))],
    );
    assert_eq!(held, [kept, new]);
}

#[test]
fn what_is_sent_names_its_intent_where_it_can_be_found_again() {
    let mut intent = intent(1, "apps/shop", "dev");
    // As somebody may have written it into the annotation.
    intent.requested_by = "ada\nHarmonix-Intent: other".into();
    let id = intent.id.as_str();
    assert!(intent.id.is_in(&group_description(&intent.id)));
    assert!(group_description(&intent.id).contains("kept by Harmonix"));
    let send = |effect: Effect| sealed(&effect, &intent, &[]);

    let made = send(Effect::CreateProject(NewProject {
        group: "apps/shop".into(),
        path: "cart".into(),
        name: "cart".into(),
        description: "The cart.".into(),
        visibility: "private".into(),
        ci_config_path: ".harmonix/pipeline.yml".into(),
        default_branch: "main".into(),
    }));
    let Effect::CreateProject(project) = made else {
        panic!("{made:?}");
    };
    assert!(project.description.starts_with("The cart."));
    assert!(intent.id.is_in(&project.description));

    let committed = send(Effect::Commit(Commit {
        project: "apps/shop/cart".into(),
        branch: "main".into(),
        message: "Put files in place\n".into(),
        actions: Vec::new(),
    }));
    let Effect::Commit(commit) = committed else {
        panic!("{committed:?}");
    };
    assert_eq!(
        commit.message,
        format!(
            "Put files in place\n\nHarmonix-Intent: {id}\nRequested-By: adaHarmonix-Intent: other\n"
        )
    );

    let started = send(Effect::StartPipeline(PipelineStart {
        project: "apps/shop/cart".into(),
        branch: "main".into(),
        variables: vec![("A".into(), "b".into())],
    }));
    let Effect::StartPipeline(start) = started else {
        panic!("{started:?}");
    };
    let variables = [("A", "b"), ("HARMONIX_INTENT", id)];
    assert_eq!(
        start.variables,
        variables.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}
