//! Intents in the annotation: what they keep, what an older one lacks, and how they are told in descriptions.

use harmonix::api::ReleaseStatus;
use harmonix::domain::forge::ProjectSettings;
use harmonix::domain::identity::{Identity, Kind};
use harmonix::domain::intent::{Action, Intent, IntentId, format_intents, parse_intents};
use harmonix::domain::lease::Epoch;
use harmonix::domain::observed::OpenIntent;
use harmonix::domain::reading::Reading;
use harmonix::domain::stage::{sealed, stage};
use harmonix::domain::step::{Effect, Step};
use harmonix::domain::target::Scope;

use super::case::{Case, now};
use crate::world::settings;

const ID: &str = "0189f7e5b1c37a3c9d2e4f5061728394";

fn intent(requested_by: &str, generation: i64) -> Intent {
    Intent {
        id: IntentId::parse(ID).unwrap(),
        created_at: now(),
        ledger: "dev-place".into(),
        requested_by: requested_by.into(),
        generation,
        epoch: Epoch::new(generation),
        action: Action::CreateProject {
            path: "apps/shop/cart".into(),
        },
    }
}

fn project_settings(description: &str) -> ProjectSettings {
    ProjectSettings {
        pipeline_variables_role: "maintainer".into(),
        job_token_may_push: false,
        cancel_redundant_pipelines: false,
        description: description.into(),
    }
}

#[test]
fn an_identity_is_32_hexadecimal_digits() {
    assert_eq!(IntentId::parse(ID).unwrap().as_str(), ID);
    for text in ["", &ID[1..], &format!("{ID}0"), &ID.replace('e', "g")] {
        assert_eq!(IntentId::parse(text), None, "{text:?}");
    }
}

#[test]
fn an_annotation_reads_back_as_it_was_written() {
    for intents in [
        vec![],
        vec![intent("ada", 3)],
        vec![intent("", 0), intent("ada", 1)],
    ] {
        let text = format_intents(&intents);
        assert_eq!(parse_intents(Some(&text)), Ok(intents));
    }
    assert_eq!(parse_intents(None), Ok(Vec::new()));
    assert_eq!(parse_intents(Some("")), Ok(Vec::new()));
    let said = parse_intents(Some("[{")).unwrap_err();
    assert!(
        said.contains("harmonix.io/") && said.contains("is damaged"),
        "{said}"
    );
}

/// What is not known is not written, so that an older version reads it.
#[test]
fn only_what_is_known_stands_in_the_annotation() {
    let written = |intent| format_intents(&[intent]);
    assert!(written(intent("ada", 3)).contains(r#""requestedBy":"ada","generation":3"#));
    let unknown = written(intent("", 0));
    assert!(
        ["requestedBy", "generation", "epoch"]
            .iter()
            .all(|name| !unknown.contains(name)),
        "{unknown}"
    );
}

#[test]
fn what_an_older_intent_did_not_keep_is_taken_from_the_object() {
    let scope = Scope {
        requested_by: "grace".into(),
        generation: 9,
        ..Case::good().target().unwrap().scope
    };
    // Which process tried it is not for the object to say.
    let of = |requested_by, generation, epoch| Intent {
        epoch: Epoch::new(epoch),
        ..intent(requested_by, generation)
    };
    assert_eq!(of("", 0, 0).completed(&scope), of("grace", 9, 0));
    assert_eq!(of("ada", 3, 3).completed(&scope), of("ada", 3, 3));
    assert_eq!(of("ada", 0, 3).completed(&scope), of("ada", 9, 3));
}

/// A second try is the same effect, and another process makes it its own before it tries: whoever reads the annotation
/// knows whose try it is, and no older view of the object can be written any more.
#[test]
fn what_another_process_tries_again_keeps_everything_but_the_epoch() {
    let scope = Case::good().target().unwrap().scope;
    let before = intent("ada", 3);
    let open = OpenIntent {
        intent: before.clone(),
        found: Reading::Absent,
        last_sent: None,
        making: None,
    };
    let step = Step {
        action: before.action.clone(),
        ledger: before.ledger.clone(),
        effect: Effect::LetGo,
    };
    for (epoch, again) in [(3, Epoch::new(3)), (8, Epoch::new(8))] {
        let when = (Epoch::new(epoch), now());
        let staged = stage(
            vec![step.clone()],
            std::slice::from_ref(&open),
            &scope,
            when,
            || [1; 10],
        );
        let wanted = Intent {
            epoch: again,
            ..before.clone()
        };
        assert_eq!(staged, [(wanted, step.clone())]);
    }
    let when = (Epoch::new(8), now());
    let other = Step {
        ledger: "prod-place".into(),
        ..step
    };
    let staged = stage(vec![other], &[open], &scope, when, || [1; 10]);
    assert_eq!(staged[0].0.epoch, Epoch::new(8));
    assert_ne!(staged[0].0.id, before.id);
}

/// Which intent made a project stands in its description, and makes no other settings.
#[test]
fn settings_are_the_same_whichever_intent_they_were_applied_by() {
    let wanted = project_settings("The cart.\nharmonix:mark");
    let digest = wanted.digest();
    let described = ProjectSettings {
        description: IntentId::parse(ID).unwrap().described(&wanted.description),
        ..wanted.clone()
    };
    assert_eq!(described.digest(), digest);
    let others = [
        ProjectSettings {
            pipeline_variables_role: "owner".into(),
            ..wanted.clone()
        },
        ProjectSettings {
            job_token_may_push: true,
            ..wanted.clone()
        },
        ProjectSettings {
            cancel_redundant_pipelines: true,
            ..wanted.clone()
        },
        ProjectSettings {
            description: "The till.\nharmonix:mark".into(),
            ..wanted
        },
    ];
    for other in others {
        assert_ne!(other.digest(), digest, "{other:?}");
    }
}

/// While it is not stored how the making of the project ended, its description tells which intent made it: of two that
/// are held the newer one, since the older was refused.
#[test]
fn settings_name_the_newest_intent_that_makes_the_project() {
    let settings = project_settings("The cart.");
    let newer = Intent {
        id: IntentId::parse(&ID.replace('0', "1")).unwrap(),
        ..intent("ada", 3)
    };
    let apply = Intent {
        id: IntentId::parse(&ID.replace('0', "2")).unwrap(),
        action: Action::ApplySettings {
            project: "apps/shop/cart".into(),
            settings: settings.digest(),
        },
        ..intent("ada", 3)
    };
    let effect = Effect::ApplySettings("apps/shop/cart".into(), settings);
    let held = [intent("ada", 3), newer.clone(), apply.clone()];
    match sealed(&effect, &apply, &held) {
        Effect::ApplySettings(_, sent) => {
            assert!(newer.id.is_in(&sent.description), "{}", sent.description);
            assert!(!held[0].id.is_in(&sent.description), "{}", sent.description);
        }
        other => panic!("{other:?}"),
    }
}

/// People find an installation's projects by this text.
#[test]
fn a_mark_names_the_installation_and_the_object() {
    let key = settings().key;
    let installation = key.installation_id();
    assert_eq!(installation.len(), 12);
    assert!(installation.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let identity = Identity {
        kind: Kind::Application,
        namespace: "shop".into(),
        name: "cart".into(),
    };
    let mark = key.mark(&identity, "apps/shop/cart");
    assert!(
        mark.starts_with(&format!("harmonix:{installation}:{identity}:")),
        "{mark}"
    );
}

#[test]
fn every_action_has_its_name_in_the_audit_table_and_those_that_start_a_pipeline_name_it() {
    let (project, path) = ("apps/shop/cart".to_owned(), "apps/shop".to_owned());
    let text = String::new;
    let cases = [
        (
            Action::CreateGroup { path: path.clone() },
            "CreateGroup",
            None,
        ),
        (
            Action::CreateProject { path: path.clone() },
            "CreateProject",
            None,
        ),
        (Action::TakeOver { path }, "TakeOver", None),
        (
            Action::LetGo {
                project: project.clone(),
            },
            "LetGo",
            None,
        ),
        (
            Action::Provision {
                project: project.clone(),
                files: text(),
                retry: text(),
            },
            "Provision",
            Some(format!("provision {ID}")),
        ),
        (
            Action::Build {
                project: project.clone(),
                retry: text(),
            },
            "Build",
            Some(format!("build - {ID}")),
        ),
        (
            Action::Deploy {
                project,
                environment: "dev".into(),
                release: ReleaseStatus::default(),
                configuration: text(),
                retry: text(),
            },
            "Deploy",
            Some(format!("deploy dev {ID}")),
        ),
    ];
    let id = IntentId::parse(ID).unwrap();
    for (action, name, pipeline) in cases {
        assert_eq!(action.name(), name);
        assert_eq!(action.pipeline_name(&id), pipeline, "{name}");
    }
}
