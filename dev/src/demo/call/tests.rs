use serde_json::json;

use super::*;

/// A call of the controller, this many milliseconds after the epoch.
pub fn call(at: i64, system: System, verb: &str, what: &str, about: &str) -> Call {
    Call {
        time: Timestamp::from_millisecond(at).unwrap(),
        system,
        who: Who::Controller,
        verb: verb.into(),
        what: what.into(),
        about: about.into(),
        mutating: !matches!(verb, "GET" | "get" | "list" | "watch"),
        status: 200,
        made_ready: false,
    }
}

#[test]
fn the_controllers_sessions_are_told_from_those_of_pipelines() {
    let operations = ["arn:aws:iam::222222222222:role/acme-dev-eu-operations-role".to_owned()];
    let session =
        |account: &str, role: &str| format!("arn:aws:sts::{account}:assumed-role/{role}/session");
    let who = |actor: &str| caller(actor, &operations);
    assert_eq!(who(CONTROLLER_PRINCIPAL), Who::Controller);
    let own = session("222222222222", "acme-dev-eu-operations-role");
    assert_eq!(who(&own), Who::Controller);
    let namesake = session("333333333333", "acme-dev-eu-operations-role");
    assert_eq!(who(&namesake), Who::Pipeline);
    let job = session("222222222222", "acme-dev-eu-provisioning-role");
    assert_eq!(who(&job), Who::Pipeline);
    assert_eq!(who("anonymous"), Who::Pipeline);
    let person = "arn:aws:iam::222222222222:user/administrator";
    assert_eq!(who(person), Who::Person);
}

#[test]
fn a_line_of_the_audit_log_is_a_call() {
    let event = json!({
        "verb": "patch", "stageTimestamp": "1970-01-01T00:00:00.007000Z",
        "objectRef": { "resource": "applications", "subresource": "status", "namespace": "shop", "name": "cart" },
        "responseStatus": { "code": 200 },
        "responseObject": {
            "metadata": { "generation": 3 },
            "status": { "observedGeneration": 3, "conditions": [{ "type": "Ready", "status": "True" }] },
        },
    });
    let expected = Call {
        made_ready: true,
        ..call(
            7,
            System::Kubernetes,
            "patch",
            "applications/status",
            "Application shop/cart",
        )
    };
    assert_eq!(audited(&event), Some(expected));
}

#[test]
fn to_ask_what_one_may_do_is_no_write() {
    let event = json!({
        "verb": "create", "stageTimestamp": "1970-01-01T00:00:00.007000Z",
        "objectRef": { "resource": "selfsubjectaccessreviews", "apiGroup": "authorization.k8s.io" },
        "responseStatus": { "code": 201 },
    });
    assert!(!audited(&event).unwrap().mutating);
}
