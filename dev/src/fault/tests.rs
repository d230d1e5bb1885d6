use super::*;
use crate::chaos::label::Label;

mod socket;

fn rule(action: &str, count: u32) -> Rule {
    Rule {
        matches: Match {
            action: Some(action.into()),
            ..Match::default()
        },
        fault: Fault::Deny,
        count,
        skip: 0,
    }
}

fn asked(action: &str) -> Request<'_> {
    Request {
        action,
        ..Request::default()
    }
}

#[test]
fn a_rule_is_used_as_often_as_it_says_and_no_more() {
    let faults = Faults::default();
    faults.add(rule("projects.create", 2));
    assert_eq!(faults.take(&asked("projects.get")), None);
    assert_eq!(faults.take(&asked("projects.create")), Some(Fault::Deny));
    assert_eq!(faults.take(&asked("projects.create")), Some(Fault::Deny));
    assert_eq!(faults.take(&asked("projects.create")), None);
}

#[test]
fn every_given_field_must_hold() {
    let faults = Faults::default();
    faults.add(Rule {
        matches: Match {
            action: Some("ecs:*".into()),
            account: Some("222222222222".into()),
            role_contains: Some("operations".into()),
            path_contains: Some("shop".into()),
            ..Match::default()
        },
        fault: Fault::Refuse,
        count: 9,
        skip: 0,
    });
    let whole = Request {
        action: "ecs:UpdateService",
        path: "service/shop",
        actor: "anyone",
        account: Some("222222222222"),
        role: Some("arn:aws:iam::222222222222:role/demo-operations-role"),
        ..Request::default()
    };
    assert_eq!(faults.take(&whole), Some(Fault::Refuse));
    assert_eq!(
        faults.take(&Request {
            action: "ssm:GetParameter",
            ..whole
        }),
        None
    );
    assert_eq!(
        faults.take(&Request {
            account: None,
            ..whole
        }),
        None
    );
    assert_eq!(
        faults.take(&Request {
            role: None,
            ..whole
        }),
        None
    );
    assert_eq!(
        faults.take(&Request {
            path: "service/cart",
            ..whole
        }),
        None
    );
}

#[test]
fn a_label_names_requests_and_what_has_none_is_never_meant() {
    let faults = Faults::default();
    faults.add(Rule {
        matches: Match {
            label: Some("Application/gitlab/pipelines.create/deploy *".into()),
            ..Match::default()
        },
        count: 9,
        ..rule("", 9)
    });
    let label = |step| Label::new("Application", "gitlab", "pipelines.create", step);
    let (deploys, builds) = (label("deploy dev"), label("build"));
    let labelled = |label| Request {
        label,
        ..Request::default()
    };
    assert_eq!(faults.take(&labelled(Some(&deploys))), Some(Fault::Deny));
    assert_eq!(faults.take(&labelled(Some(&builds))), None);
    assert_eq!(faults.take(&labelled(None)), None);
    faults.clear();
    let mut any = rule("", 9);
    any.matches = Match {
        label: Some("*".into()),
        ..Match::default()
    };
    faults.add(any);
    assert_eq!(faults.take(&labelled(None)), None);
    assert_eq!(faults.take(&labelled(Some(&builds))), Some(Fault::Deny));
}

#[test]
fn a_part_is_looked_for_in_path_actor_and_other_names() {
    let faults = Faults::default();
    let mut part = rule("", 9);
    part.matches = Match {
        contains: Some("p0042".into()),
        ..Match::default()
    };
    faults.add(part);
    let none = Request::default();
    for request in [
        Request {
            path: "aws-apps/p0042/shop",
            ..none
        },
        Request {
            actor: "arn:aws:sts::1:assumed-role/operations/p0042@shop",
            ..none
        },
        Request {
            names: "p0042/shop",
            ..none
        },
    ] {
        assert_eq!(faults.take(&request), Some(Fault::Deny), "{request:?}");
    }
    let other = Request {
        path: "p0041",
        action: "p0042",
        ..none
    };
    assert_eq!(faults.take(&other), None);
}

#[test]
fn a_rule_lets_so_many_pass_first_whatever_another_makes_of_them() {
    let faults = Faults::default();
    let third = Rule {
        skip: 2,
        ..rule("projects.create", 1)
    };
    let first = Rule {
        fault: Fault::Refuse,
        ..rule("projects.create", 1)
    };
    faults.add(third);
    faults.add(first);
    let take = || faults.take(&asked("projects.create"));
    assert_eq!(take(), Some(Fault::Refuse));
    assert_eq!(take(), None);
    assert_eq!(take(), Some(Fault::Deny));
    assert_eq!(take(), None);
}

#[test]
fn wildcards_match_any_text_and_one_character() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("ecs:*", "ecs:UpdateService", true),
        ("ecs:*Service", "ecs:UpdateService", true),
        ("ecs:*Service", "ecs:UpdateServices", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*a*b*", "xxaxxbxx", true),
        ("*a*b*", "xxbxxaxx", false),
        ("abc", "abcd", false),
    ] {
        assert_eq!(
            matches_wildcard(pattern, text),
            expected,
            "{pattern} on {text}"
        );
    }
}

#[test]
fn the_wire_form_is_the_documented_one() {
    let rule: Rule = serde_json::from_str(
        r#"{"match":{"action":"sts:AssumeRole"},"fault":{"kind":"status","status":400,"code":"ThrottlingException"}}"#,
    )
    .unwrap();
    assert_eq!(rule.count, 1);
    assert_eq!(rule.fault.name(), "status");
    let killing: Rule = serde_json::from_str(
        r#"{"match":{"label":"*/hold/*","contains":"p1"},"skip":1,
            "fault":{"kind":"kill","at":"answered","pid_file":"/run/pid"}}"#,
    )
    .unwrap();
    assert_eq!(killing.skip, 1);
    assert_eq!(
        killing.fault,
        Fault::Kill {
            at: Position::Answered,
            pid_file: "/run/pid".into()
        }
    );
    assert_eq!(killing.fault.name(), "kill_answered");
    assert!(
        serde_json::from_str::<Rule>(r#"{"match":{"acton":"x"},"fault":{"kind":"deny"}}"#).is_err()
    );
}
