//! Controls: what the oracle must find.

use super::*;

const ROLES: &str = "---
kind: ClusterRole
metadata: { name: some }
rules:
  - { apiGroups: [harmonix.io], resources: [applications], verbs: [list, patch] }
  - { apiGroups: [harmonix.io], resources: [applications/status], verbs: [patch] }
---
kind: Role
metadata: { name: own, namespace: own }
rules:
  - { apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [harmonix], verbs: [get] }
";

const USED: [&str; 4] = [
    r#""verb":"list","requestURI":"/apis/harmonix.io/v1alpha1/applications?limit=500","objectRef":{"resource":"applications","apiGroup":"harmonix.io"}"#,
    r#""verb":"patch","objectRef":{"resource":"applications","namespace":"shop","name":"cart","apiGroup":"harmonix.io"}"#,
    r#""verb":"patch","objectRef":{"resource":"applications","namespace":"shop","name":"cart","apiGroup":"harmonix.io","subresource":"status"}"#,
    r#""verb":"get","objectRef":{"resource":"leases","namespace":"own","name":"harmonix","apiGroup":"coordination.k8s.io"}"#,
];

fn line(account: &str, decision: &str, rest: &str) -> String {
    format!(
        r#"{{"user":{{"username":"{account}"}},"annotations":{{"authorization.k8s.io/decision":"{decision}"}},{rest}}}"#
    )
}

fn judged(lines: &[String]) -> Verdict {
    let requests = asked::of(&lines.join("\n"), asked::ACCOUNT).unwrap();
    let (own, everybody) = (Granted::read(ROLES), Granted::read(EVERYBODY));
    judge(&own.unwrap(), &everybody.unwrap(), requests)
}

fn used() -> Vec<String> {
    USED.map(|rest| line(asked::ACCOUNT, "allow", rest))
        .to_vec()
}

#[test]
fn rights_that_are_all_used_and_requests_that_are_all_granted_are_well() {
    let mut lines = used();
    lines.extend(used());
    let review = r#""verb":"create","objectRef":{"resource":"selfsubjectaccessreviews","apiGroup":"authorization.k8s.io"}"#;
    lines.push(line(asked::ACCOUNT, "allow", review));
    let verdict = judged(&lines);
    assert_eq!(
        verdict.to_string(),
        "4 rights over 9 requests: 0 unused, 0 missing"
    );
}

#[test]
fn each_right_that_nobody_used_is_found() {
    for (left_out, unused) in [
        "list applications of harmonix.io",
        "patch applications of harmonix.io",
        "patch applications/status of harmonix.io",
        "get leases of coordination.k8s.io named harmonix in own",
    ]
    .into_iter()
    .enumerate()
    {
        let mut lines = used();
        lines.remove(left_out);
        // Somebody else's use is not ours.
        lines.push(line("administrator", "allow", USED[left_out]));
        let verdict = judged(&lines);
        let found: Vec<String> = verdict.unused.iter().map(ToString::to_string).collect();
        assert_eq!(found, [unused]);
        assert!(verdict.missing.is_empty(), "{verdict}");
    }
}

#[test]
fn each_request_that_no_role_grants_is_found() {
    for (rest, missing) in [
        (
            r#""verb":"watch","objectRef":{"resource":"applications","apiGroup":"harmonix.io"}"#,
            "watch applications of harmonix.io",
        ),
        (
            r#""verb":"list","objectRef":{"resource":"applications","apiGroup":"example.com"}"#,
            "list applications of example.com",
        ),
        (
            r#""verb":"list","objectRef":{"resource":"secrets","namespace":"own"}"#,
            "list secrets in own",
        ),
        (
            r#""verb":"get","objectRef":{"resource":"leases","namespace":"shop","name":"harmonix","apiGroup":"coordination.k8s.io"}"#,
            "get leases of coordination.k8s.io named harmonix in shop",
        ),
        (
            r#""verb":"get","objectRef":{"resource":"leases","namespace":"own","name":"other","apiGroup":"coordination.k8s.io"}"#,
            "get leases of coordination.k8s.io named other in own",
        ),
        (
            r#""verb":"patch","objectRef":{"resource":"applications","namespace":"shop","name":"cart","apiGroup":"harmonix.io","subresource":"scale"}"#,
            "patch applications/scale of harmonix.io named cart in shop",
        ),
        (
            r#""verb":"get","requestURI":"/metrics?a=b""#,
            "get /metrics",
        ),
    ] {
        let mut lines = used();
        lines.push(line(asked::ACCOUNT, "forbid", rest));
        lines.push(line(asked::ACCOUNT, "allow", rest));
        let verdict = judged(&lines);
        let found: Vec<String> = verdict.missing.keys().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [missing.to_owned(), format!("{missing}, which was refused")]
        );
        assert!(verdict.unused.is_empty(), "{verdict}");
    }
}

#[test]
fn a_request_that_was_refused_uses_no_right() {
    let mut lines = used();
    lines[0] = line(asked::ACCOUNT, "forbid", USED[0]);
    let verdict = judged(&lines);
    assert_eq!(
        (verdict.unused.len(), verdict.missing.len()),
        (1, 1),
        "{verdict}"
    );
}

#[test]
fn what_is_refused_once_and_allowed_otherwise_is_counted_apart() {
    let mut lines = used();
    lines.push(line(asked::ACCOUNT, "forbid", USED[0]));
    let verdict = judged(&lines);
    assert_eq!(
        verdict.to_string(),
        "4 rights over 5 requests: 0 unused, 0 missing (1 refused while an API server began)"
    );
}

#[test]
fn the_controllers_own_roles_can_be_read() {
    let granted = Granted::read(CONTROLLER).unwrap();
    assert!(granted.rights().len() > 15, "{granted:?}");
    assert!(
        granted
            .rights()
            .iter()
            .all(|right| right.resource != "secrets")
    );
}
