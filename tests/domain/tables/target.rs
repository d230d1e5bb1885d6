//! Targets: everything a person may get wrong, all at once, with a reason and a next step.

use std::sync::Arc;

use harmonix::api::condition::Reason;
use harmonix::api::{REQUESTED_BY_ANNOTATION, SUSPEND_ANNOTATION};
use harmonix::domain::settings::{Settings, Stamp};
use harmonix::domain::target::{self, EnvironmentInput, Mode, ProviderInput};
use kube::ResourceExt;
use serde_json::json;

use super::case::{Case, assert_says, place};
use crate::world::{environment, provider, settings};

#[test]
fn environments_are_in_ascending_level_and_the_first_is_home() {
    let target = Case::good().target().unwrap();
    let names: Vec<&str> = target
        .environments
        .iter()
        .map(|e| e.name.as_str())
        .collect();
    assert_eq!(names, ["dev", "prod"]);
    assert_eq!(target.home.name, "dev-place");
    assert_eq!(target.repository.path, "apps/shop/cart");
    assert!(target.repository.may_create_group);
    assert_eq!(target.scope.mode, Mode::Act);
}

#[test]
fn a_target_names_the_template_that_its_files_are_made_from() {
    let place = place();
    assert_eq!(place.template.name, "ecs-fargate-provider");
    assert_eq!(place.template.version, "1.0.0");
    let application = Case::good().target().unwrap();
    assert_eq!(application.template.name, "node-service");
    assert_eq!(application.template.version, "1.0.0");
}

#[test]
fn an_environment_that_does_not_exist_is_waited_for() {
    let mut case = Case::good();
    case.environments.remove(0);
    let blocked = case.refused();
    assert!(!blocked.stalled);
    assert_says(
        &blocked,
        Reason::ReferenceNotFound,
        &["spec.environments[dev]", "does not exist"],
    );
}

#[test]
fn a_place_that_does_not_exist_is_waited_for() {
    let mut case = Case::good();
    case.providers.pop();
    let blocked = case.refused();
    assert!(!blocked.stalled);
    assert_says(
        &blocked,
        Reason::ReferenceNotFound,
        &["spec.environments[prod]", "prod-place"],
    );
}

#[test]
fn every_mistake_is_told_at_once() {
    let mut case = Case::good();
    let spec = &mut case.application.spec;
    spec.title = Some("two\nlines".into());
    spec.parameters = json!({ "port": "eighty", "cpu": 300, "colour": "blue" })
        .as_object()
        .unwrap()
        .clone();
    spec.environments[1].parameters = json!({ "exposure": "everyone" })
        .as_object()
        .unwrap()
        .clone();
    spec.environments[0].replicas = 500;
    let blocked = case.refused();
    assert!(blocked.stalled);
    assert_says(
        &blocked,
        Reason::Invalid,
        &[
            "spec.title: must match",
            "spec.parameters.port: must be of type integer",
            "spec.parameters.cpu: must be one of",
            "spec.parameters: does not know colour; take it out",
            "spec.environments[dev].parameters.exposure: must be one of",
            "spec.environments[0].replicas: must be at most 100",
        ],
    );
    assert!(
        !blocked.message.contains("eighty"),
        "values are not repeated"
    );
}

#[test]
fn a_template_that_is_not_there_says_what_is() {
    for (name, version) in [("rust-service", None), ("node-service", Some("99.0.0"))] {
        let mut case = Case::good();
        case.application.spec.template.name = name.into();
        case.application.spec.template.version = version.map(str::to_owned);
        assert_says(
            &case.refused(),
            Reason::Invalid,
            &["spec.template", "node-service"],
        );
    }
}

#[test]
fn memory_must_fit_the_cpu() {
    for (cpu, memory, fits) in [
        (256, 512, true),
        (256, 2048, true),
        (256, 4096, false),
        (512, 512, false),
        (1024, 3072, true),
        (1024, 2500, false),
    ] {
        let mut case = Case::good();
        case.application.spec.parameters = json!({ "cpu": cpu, "memory": memory })
            .as_object()
            .unwrap()
            .clone();
        assert_eq!(case.target().is_ok(), fits, "{cpu} {memory}");
    }
}

#[test]
fn what_holds_an_object_back_and_what_does_not() {
    let table = [
        (false, None, Mode::Act),
        (true, None, Mode::Suspended),
        (false, Some("true"), Mode::Suspended),
        (false, Some("false"), Mode::Act),
        (true, Some("false"), Mode::Suspended),
        (false, Some("yes"), Mode::Act),
    ];
    for (field, annotation, mode) in table {
        let mut case = Case::good();
        case.application.spec.suspend = field;
        if let Some(value) = annotation {
            case.application
                .annotations_mut()
                .insert(SUSPEND_ANNOTATION.into(), value.into());
        }
        assert_eq!(
            case.target().unwrap().scope.mode,
            mode,
            "{field} {annotation:?}"
        );
    }
    let mut place = provider("dev-place");
    place
        .annotations_mut()
        .insert(SUSPEND_ANNOTATION.into(), "true".into());
    let target = target::provider(
        &ProviderInput {
            provider: &place,
            environments: Vec::new(),
        },
        &settings(),
    )
    .unwrap();
    assert_eq!(target.scope.mode, Mode::Suspended);
}

/// Who asked, where the stamp of admission is worth this.
fn who_asked(case: &Case, stamp: Stamp) -> String {
    let settings = Settings {
        requested_by: stamp,
        ..settings()
    };
    target::application_scope(&case.application, &settings).requested_by
}

#[test]
fn who_asked_is_the_stamp_where_it_is_enforced_or_an_unverified_manager() {
    let mut case = Case::good();
    assert_eq!(who_asked(&case, Stamp::Enforced), "unverified:unknown");
    case.application.metadata.managed_fields = serde_json::from_value(json!([
        { "manager": "kubectl", "operation": "Update", "time": "2026-01-01T00:00:00Z" },
        { "manager": "harmonix", "operation": "Apply", "time": "2026-01-03T00:00:00Z" },
        { "manager": "argocd", "operation": "Apply", "time": "2026-01-02T00:00:00Z" },
    ]))
    .unwrap();
    assert_eq!(who_asked(&case, Stamp::Enforced), "unverified:argocd");
    case.application
        .annotations_mut()
        .insert(REQUESTED_BY_ANNOTATION.into(), "ada".into());
    assert_eq!(who_asked(&case, Stamp::Enforced), "ada");
    // Without the policy anybody may have written it.
    assert_eq!(who_asked(&case, Stamp::Unenforced), "unverified:argocd");
}

#[test]
fn an_environment_tells_which_of_its_places_are_missing() {
    let environment = environment("dev", 1, &["dev-place", "gone"]);
    let input = EnvironmentInput {
        environment: &environment,
        providers: vec![
            ("dev-place".into(), Some(Arc::new(provider("dev-place")))),
            ("gone".into(), None),
        ],
        applications: 1,
    };
    let blocked = target::environment(&input).unwrap_err();
    assert!(!blocked.stalled);
    assert_says(
        &blocked,
        Reason::ReferenceNotFound,
        &["EnvironmentProvider gone"],
    );
}

#[test]
fn a_place_has_its_defaults_and_takes_what_is_given() {
    let place = provider("dev-place");
    let target = target::provider(
        &ProviderInput {
            provider: &place,
            environments: Vec::new(),
        },
        &settings(),
    )
    .unwrap();
    assert_eq!(target.repository.path, "places/dev-place");
    assert!(!target.repository.may_create_group);
    assert_eq!(
        target.place.operations_role.as_str(),
        "arn:aws:iam::222222222222:role/acme-dev-place-operations-role"
    );
    assert!(target.place.external_id.starts_with("harmonix-"));
    let mut china = provider("dev-place");
    china.spec.region = "cn-north-1".into();
    china.spec.roles.bootstrap = "arn:aws-cn:iam::222222222222:role/b".into();
    china.spec.repository =
        Some(serde_json::from_value(json!({ "group": "x/y", "name": "z" })).unwrap());
    china.spec.roles.external_id = Some("ours".into());
    let target = target::provider(
        &ProviderInput {
            provider: &china,
            environments: Vec::new(),
        },
        &settings(),
    )
    .unwrap();
    assert_eq!(target.repository.path, "x/y/z");
    assert_eq!(target.place.external_id, "ours");
    assert!(
        target
            .place
            .provisioning_role
            .as_str()
            .starts_with("arn:aws-cn:")
    );
}
