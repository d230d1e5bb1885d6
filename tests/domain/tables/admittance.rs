//! Who gets in where: namespaces into environments, groups into places.

use harmonix::api::GITLAB_GROUP_ANNOTATION;
use harmonix::api::condition::Reason;
use harmonix::domain::version::NamespaceFacts;
use serde_json::json;

use super::case::{Case, assert_says};

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
