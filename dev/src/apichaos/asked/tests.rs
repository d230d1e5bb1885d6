use http::Request;
use serde_json::json;

use super::*;

fn asked(method: &str, uri: &str, body: &Value) -> Asked {
    let request = Request::builder().method(method).uri(uri).body(()).unwrap();
    Asked::of(&request.into_parts().0, body.to_string().as_bytes())
}

fn label(method: &str, uri: &str, body: &Value) -> String {
    asked(method, uri, body).label.to_string()
}

const CART: &str = "/apis/harmonix.io/v1alpha1/namespaces/shop/applications/cart";
const PROVIDER: &str = "/apis/harmonix.io/v1alpha1/environmentproviders/dev-eu";

fn hold(actions: &Value) -> Value {
    json!({ "metadata": { "uid": "u", "resourceVersion": "7", "annotations": { INTENTS: actions.to_string() } } })
}

#[test]
fn a_hold_is_called_by_the_actions_that_it_makes_durable() {
    let body = hold(&json!([
        { "id": "a", "action": { "do": "commitFiles", "project": "shop/cart" } },
        { "id": "b", "action": { "do": "deploy", "environment": "dev" } },
    ]));
    let asked = asked("PATCH", &format!("{CART}?fieldManager=harmonix"), &body);
    assert_eq!(
        asked.label.to_string(),
        "Application/kubernetes/hold/CommitFiles+Deploy dev"
    );
    assert_eq!(asked.resource, "shop/cart");
    assert!(asked.mutating);
    assert_eq!(
        Value::Object(asked.detail),
        json!({ "resourceVersion": "7", "uid": "u", "intents": ["a", "b"] })
    );
    assert_eq!(
        label("PATCH", PROVIDER, &hold(&json!([]))),
        "EnvironmentProvider/kubernetes/hold/-"
    );
}

#[test]
fn writes_are_told_apart() {
    let release = json!({ "metadata": { "finalizers": [] } });
    let status = json!({ "status": { "conditions": [
        { "type": "Reconciling", "reason": "Updating" },
        { "type": "Ready", "reason": "PipelineRunning" },
    ] } });
    let event =
        json!({ "regarding": { "kind": "Environment", "name": "dev" }, "reason": "Succeeded" });
    assert_eq!(
        label("PATCH", CART, &release),
        "Application/kubernetes/release/-"
    );
    assert_eq!(
        label("PATCH", &format!("{CART}/status?force=true"), &status),
        "Application/kubernetes/status/PipelineRunning"
    );
    let events = "/apis/events.k8s.io/v1/namespaces/default/events";
    assert_eq!(
        label("POST", events, &event),
        "Environment/kubernetes/event/Succeeded"
    );
    assert_eq!(asked("POST", events, &event).resource, "dev");
}

#[test]
fn lists_and_watches_are_called_by_their_kind() {
    let applications = "/apis/harmonix.io/v1alpha1/applications";
    let list = asked("GET", &format!("{applications}?limit=500"), &Value::Null);
    assert_eq!(list.label.to_string(), "Application/kubernetes/list/-");
    assert_eq!(
        (list.follows, list.watch, list.mutating),
        (Some(Kind::Application), false, false)
    );
    let page = asked("GET", &format!("{applications}?continue=x"), &Value::Null);
    assert_eq!(
        page.label.to_string(),
        "Application/kubernetes/list/continue"
    );
    let namespaces = "/api/v1/namespaces?watch=true&resourceVersion=9&allowWatchBookmarks=true";
    let watch = asked("GET", namespaces, &Value::Null);
    assert_eq!(watch.label.to_string(), "Namespace/kubernetes/watch/-");
    assert_eq!((watch.watch, watch.version.as_str()), (true, "9"));
    assert_eq!(
        label("GET", CART, &Value::Null),
        "Application/kubernetes/get/-"
    );
    assert_eq!(
        label("GET", "/api/v1/namespaces/shop", &Value::Null),
        "Namespace/kubernetes/get/-"
    );
    assert_eq!(
        label("GET", "/version", &Value::Null),
        "Installation/kubernetes/get/-"
    );
}

#[test]
fn to_ask_what_one_may_do_changes_nothing() {
    let uri = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let asked = asked("POST", uri, &json!({}));
    assert_eq!(asked.label.to_string(), "Installation/kubernetes/review/-");
    assert!(!asked.mutating);
}

#[test]
fn who_asks_stands_in_the_token() {
    let claims =
        URL_SAFE_NO_PAD.encode(r#"{"sub":"system:serviceaccount:harmonix-system:harmonix"}"#);
    let request = Request::builder()
        .uri("/version")
        .header("authorization", format!("Bearer e30.{claims}.c2ln"))
        .body(())
        .unwrap();
    let asked = Asked::of(&request.into_parts().0, b"");
    assert_eq!(
        asked.actor,
        "system:serviceaccount:harmonix-system:harmonix"
    );
}
