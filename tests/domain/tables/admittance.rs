//! Who gets in where: namespaces into environments, groups into places.

use harmonix::api::condition::Reason;
use harmonix::api::{Classification, GITLAB_GROUP_ANNOTATION};
use harmonix::domain::settings::Settings;
use harmonix::domain::target::{self, ProviderInput};
use harmonix::domain::validate;
use harmonix::domain::version::NamespaceFacts;
use serde_json::json;

use super::case::{Case, assert_says};
use crate::world::{provider, settings};

#[test]
fn a_namespace_gets_in_where_the_environment_lets_it() {
    let labels = |team: &str| NamespaceFacts {
        labels: [("team".to_owned(), team.to_owned())].into(),
        ..NamespaceFacts::default()
    };
    let expression = |operator: &str, values: &[&str]| {
        json!({ "from": "Selector", "selector": { "matchExpressions": [
            { "key": "team", "operator": operator, "values": values },
        ] } })
    };
    let table = [
        (json!({ "from": "All" }), labels("a"), true),
        (json!({ "from": "None" }), labels("a"), false),
        (json!({}), labels("a"), false),
        (
            json!({ "from": "Selector", "selector": {} }),
            labels("a"),
            true,
        ),
        (json!({ "from": "Selector" }), labels("a"), false),
        (
            json!({ "from": "Selector", "selector": { "matchLabels": { "team": "a" } } }),
            labels("a"),
            true,
        ),
        (
            json!({ "from": "Selector", "selector": { "matchLabels": { "team": "a" } } }),
            labels("b"),
            false,
        ),
        (
            json!({ "from": "Selector", "selector": { "matchLabels": { "team": "a", "x": "y" } } }),
            labels("a"),
            false,
        ),
        (expression("In", &["a", "b"]), labels("b"), true),
        (expression("In", &["a"]), labels("b"), false),
        (expression("In", &["a"]), NamespaceFacts::default(), false),
        (expression("NotIn", &["a"]), labels("b"), true),
        (expression("NotIn", &["a"]), labels("a"), false),
        (expression("NotIn", &["a"]), NamespaceFacts::default(), true),
        (expression("Exists", &[]), labels("a"), true),
        (expression("Exists", &[]), NamespaceFacts::default(), false),
        (
            expression("DoesNotExist", &[]),
            NamespaceFacts::default(),
            true,
        ),
        (expression("DoesNotExist", &[]), labels("a"), false),
        (expression("Like", &["a"]), labels("a"), false),
    ];
    for (allowed, namespace, admitted) in table {
        let mut case = Case::good();
        case.environments[1].spec.allowed_namespaces =
            serde_json::from_value(allowed.clone()).unwrap();
        case.namespace = namespace;
        match case.target() {
            Ok(_) => assert!(admitted, "{allowed} let it in"),
            Err(blocked) => {
                assert!(
                    !admitted && blocked.stalled,
                    "{allowed}: {}",
                    blocked.message
                );
                assert_says(
                    &blocked,
                    Reason::NamespaceNotAllowed,
                    &["[prod]", "allowedNamespaces"],
                );
            }
        }
    }
}

#[test]
fn a_group_gets_in_where_the_place_names_it_or_one_around_it() {
    let table = [
        ("apps", None, true),
        ("apps/shop", None, true),
        ("Apps/Shop", None, true),
        ("app", None, false),
        ("apps/sho", None, false),
        ("apps/shop/cart", None, false),
        ("others", None, false),
        ("teams", Some("teams/shop"), true),
        ("apps", Some("teams/shop"), false),
    ];
    for (allowed, annotation, admitted) in table {
        let mut case = Case::good();
        case.providers[1].spec.gitlab_groups = vec![allowed.into()];
        if let Some(group) = annotation {
            case.namespace
                .annotations
                .insert(GITLAB_GROUP_ANNOTATION.into(), group.into());
            case.providers[0].spec.gitlab_groups = vec![group.into()];
        }
        match case.target() {
            Ok(target) => {
                assert!(admitted, "{allowed}");
                assert_eq!(target.repository.may_create_group, annotation.is_none());
            }
            Err(blocked) => {
                assert!(!admitted, "{allowed}: {}", blocked.message);
                assert_says(&blocked, Reason::GroupNotAllowed, &["prod-place", "[prod]"]);
            }
        }
    }
}

#[test]
fn a_namespaces_group_that_is_no_group_is_refused() {
    for group in [
        "../secrets",
        "a//b",
        "/a",
        "a/",
        "https://evil.example.com",
        "a b",
        "",
        "-a",
    ] {
        let mut case = Case::good();
        case.namespace
            .annotations
            .insert(GITLAB_GROUP_ANNOTATION.into(), group.into());
        assert_says(&case.refused(), Reason::Invalid, &[GITLAB_GROUP_ANNOTATION]);
    }
}

#[test]
fn applications_and_providers_never_share_a_group() {
    let settings = Settings {
        applications_group: "company/apps".into(),
        providers_group: "company/places".into(),
        ..settings()
    };
    for (group, accepted) in [
        ("company/places", false),
        ("Company/Places/shop", false),
        ("company", false),
        ("company/places-2", true),
        ("company/apps/shop", true),
        ("elsewhere", true),
    ] {
        let finding = validate::namespace_group(group, &settings);
        assert_eq!(finding.is_none(), accepted, "{group}");
    }
    let mut case = Case::good();
    case.namespace
        .annotations
        .insert(GITLAB_GROUP_ANNOTATION.into(), "Places/shop".into());
    let parts = [GITLAB_GROUP_ANNOTATION, "places", "ask the platform team"];
    assert_says(&case.refused(), Reason::Invalid, &parts);
    for (group, accepted) in [
        ("company/apps", false),
        ("company/APPS/shop", false),
        ("company", false),
        ("company/apps-2", true),
        ("company/places/eu", true),
        ("elsewhere", true),
    ] {
        let mut place = provider("dev-place");
        place.spec.repository = Some(serde_json::from_value(json!({ "group": group })).unwrap());
        let input = ProviderInput {
            provider: &place,
            environments: Vec::new(),
        };
        match target::provider(&input, &settings) {
            Ok(target) => assert!(accepted && target.repository.path.starts_with(group)),
            Err(blocked) => {
                assert!(!accepted, "{group}: {}", blocked.message);
                let parts = ["spec.repository.group", "company/apps", "another group"];
                assert_says(&blocked, Reason::Invalid, &parts);
            }
        }
    }
}

#[test]
fn an_application_never_lives_with_the_project_of_a_place_it_runs_on() {
    for (group, accepted) in [
        ("teams/shop", false),
        ("Teams", false),
        ("teams/cart", true),
    ] {
        let mut case = Case::good();
        case.providers[1].spec.repository =
            Some(serde_json::from_value(json!({ "group": group })).unwrap());
        for place in &mut case.providers {
            place.spec.gitlab_groups = vec!["teams".into()];
        }
        case.namespace
            .annotations
            .insert(GITLAB_GROUP_ANNOTATION.into(), "teams/shop".into());
        assert_eq!(case.target().is_ok(), accepted, "{group}");
        if !accepted {
            let parts = [
                "[prod]",
                "prod-place",
                group,
                "teams/shop",
                "ask the platform team",
            ];
            assert_says(&case.refused(), Reason::GroupNotAllowed, &parts);
        }
    }
}

#[test]
fn what_is_exposed_to_everybody_runs_where_that_is_public_only() {
    let public = json!({ "exposure": "public" });
    let public = || public.as_object().unwrap().clone();
    let internal = json!({ "exposure": "internal" });
    for classification in [
        Classification::Private,
        Classification::Internal,
        Classification::Public,
    ] {
        let mut case = Case::good();
        case.environments[1].spec.classification = classification;
        assert!(case.target().is_ok(), "what is internal runs everywhere");
        let spec = &mut case.application.spec;
        let prod = spec.environments.iter_mut().find(|e| e.name == "prod");
        prod.unwrap().parameters = public();
        if classification == Classification::Public {
            assert!(case.target().is_ok());
            continue;
        }
        let blocked = case.refused();
        assert!(blocked.stalled);
        assert_says(
            &blocked,
            Reason::Invalid,
            &[
                "spec.environments[prod].parameters.exposure",
                classification.as_str(),
                "set another value",
                "spec.classification",
            ],
        );
    }
    let mut case = Case::good();
    case.environments[1].spec.classification = Classification::Public;
    case.application.spec.parameters = public();
    let blocked = case.refused();
    assert_says(
        &blocked,
        Reason::Invalid,
        &["spec.parameters.exposure", "Environment dev"],
    );
    assert!(
        !blocked.message.contains("Environment prod"),
        "{}",
        blocked.message
    );
    let spec = &mut case.application.spec;
    let dev = spec.environments.iter_mut().find(|e| e.name == "dev");
    dev.unwrap().parameters = internal.as_object().unwrap().clone();
    assert!(case.target().is_ok());
}

#[test]
fn the_example_is_accepted_as_it_stands() {
    fn read<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
        let parts = text.split("\n---\n");
        parts
            .map(|part| serde_saphyr::from_str(part).unwrap())
            .collect()
    }
    let example = |name: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/first-light");
        std::fs::read_to_string(folder.join(name)).unwrap()
    };
    let labels = [("platform.example.com/tenant".to_owned(), "true".to_owned())];
    let mut case = Case {
        application: read(&example("30-application.yaml")).remove(0),
        namespace: NamespaceFacts {
            labels: labels.into(),
            ..NamespaceFacts::default()
        },
        environments: read(&example("20-environments.yaml")),
        providers: read(&example("10-providers.yaml")),
    };
    for place in &mut case.providers {
        // The installation of these tests has another group.
        place.spec.gitlab_groups = vec!["apps".into()];
    }
    let target = case.target().unwrap();
    assert_eq!(target.environments.len(), 2);
}
