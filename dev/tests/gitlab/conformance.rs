//! Every answer of success is as GitLab's own API document has it: its status, and the types of its body.
//!
//! Where the document says nothing or something else than GitLab does, the tables below say what is compared instead,
//! and why. Of refusals it gives no schema at all, so that nothing can be compared of them.

use std::sync::LazyLock;

use harmonix_dev::gitlab::endpoint::{self, ENDPOINTS, Endpoint, Found};
use http::Method;
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../src/gitlab/api/openapi.json")).unwrap()
});

/// A status that GitLab answers and its document does not name: action, status, reason.
const OTHER_STATUS: [(&str, u16, &str); 4] = [
    (
        "commits.create",
        201,
        "a POST that makes something; the document has the default of its generator",
    ),
    (
        "pipelines.cancel",
        200,
        "lib/api/ci/pipelines.rs sets it, unlike the document's 201",
    ),
    (
        "state.delete",
        200,
        "lib/api/terraform/state.rb sets it; Terraform takes nothing else",
    ),
    (
        "state.unlock",
        200,
        "lib/api/terraform/state.rb sets it; Terraform takes nothing else",
    ),
];

/// What a body is where no schema says so.
enum Body {
    /// An object with at least these attributes, each of this type.
    Object(&'static [(&'static str, &'static str)]),
    /// What another definition of the document says.
    Definition(&'static str),
    /// Bytes as they are.
    Bytes,
    /// Nothing.
    Nothing,
}

/// Bodies for which the document has no schema that fits: action, body, reason.
const OTHER_BODY: [(&str, Body, &str); 19] = [
    (
        "users.self",
        Body::Object(&[
            ("id", "integer"),
            ("username", "string"),
            ("name", "string"),
            ("state", "string"),
            ("web_url", "string"),
            ("created_at", "string"),
            ("email", "string"),
            ("identities", "array"),
            ("bot", "boolean"),
        ]),
        "the document has no endpoint for oneself; doc/api/users.md shows the answer",
    ),
    (
        "oidc.keys",
        Body::Object(&[("keys", "array")]),
        "not of the REST API: RFC 7517, as AWS reads it",
    ),
    (
        "oidc.configuration",
        Body::Object(&[
            ("issuer", "string"),
            ("jwks_uri", "string"),
            ("subject_types_supported", "array"),
            ("id_token_signing_alg_values_supported", "array"),
        ]),
        "not of the REST API: OpenID Connect Discovery, as AWS reads it",
    ),
    (
        "projects.list",
        Body::Definition("API_Entities_ProjectWithAccess"),
        "the document has what is shown without a token; lib/api/projects.rb shows users the whole project",
    ),
    (
        "projects.delete",
        Body::Object(&[("message", "string")]),
        "no schema; doc/api/projects.md shows the message",
    ),
    (
        "files.get",
        Body::Object(&[
            ("file_name", "string"),
            ("file_path", "string"),
            ("size", "integer"),
            ("encoding", "string"),
            ("content", "string"),
            ("content_sha256", "string"),
            ("ref", "string"),
            ("blob_id", "string"),
            ("commit_id", "string"),
            ("last_commit_id", "string"),
            ("execute_filemode", "boolean"),
        ]),
        "no schema; doc/api/repository_files.md shows the answer",
    ),
    ("files.raw", Body::Bytes, "a file"),
    (
        "branches.delete",
        Body::Nothing,
        "no schema: there is no body",
    ),
    (
        "protected_branches.delete",
        Body::Nothing,
        "no schema: there is no body",
    ),
    (
        "jobs.trace",
        Body::Bytes,
        "the document has the schema of a job; doc/api/jobs.md says that it is the log as it is",
    ),
    (
        "jobs.play",
        Body::Definition("API_Entities_Ci_Job"),
        "the document has the basic entity; lib/api/ci/jobs.rb presents the whole job",
    ),
    ("jobs.artifacts", Body::Bytes, "no schema: an archive"),
    ("jobs.artifact", Body::Bytes, "no schema: a file"),
    (
        "state.get",
        Body::Bytes,
        "no schema: the state as it was sent",
    ),
    ("state.version", Body::Bytes, "a file"),
    ("state.put", Body::Nothing, "no schema: there is no body"),
    ("state.delete", Body::Nothing, "no schema: there is no body"),
    (
        "state.lock",
        Body::Object(&[
            ("ID", "string"),
            ("Operation", "string"),
            ("Info", "string"),
            ("Who", "string"),
            ("Version", "string"),
            ("Created", "string"),
            ("Path", "string"),
        ]),
        "no schema; it is what Terraform calls LockInfo",
    ),
    ("state.unlock", Body::Nothing, "no schema: there is no body"),
];

/// Panics where an answer does not fit; answers the endpoint whose answer was compared with something.
pub fn check(method: &Method, path: &str, status: u16, text: &str) -> Option<&'static Endpoint> {
    let path = path.split('?').next().unwrap();
    let Found::Endpoint(endpoint, _) = endpoint::find(method, path) else {
        return None;
    };
    if method == Method::HEAD || !(200..300).contains(&status) {
        return None;
    }
    let mut wrong = Vec::new();
    if !statuses(endpoint).contains(&status) {
        wrong.push(format!("the status {status}"));
    }
    let compared = match other_body(endpoint) {
        // Without content there is no body, whatever it would be.
        Some(_) if status == 204 => nothing(text, &mut wrong),
        Some(Body::Nothing) => nothing(text, &mut wrong),
        Some(Body::Bytes) => !text.is_empty(),
        Some(Body::Object(attributes)) => object(attributes, text, &mut wrong),
        Some(Body::Definition(name)) => {
            // Of lists it describes the item, as the document does, too.
            let schema = json!({ "$ref": format!("#/definitions/{name}") });
            documented(Some(&schema), text, &mut wrong)
        }
        None => {
            let schema = successes(endpoint).find_map(|(_, schema)| schema);
            documented(schema, text, &mut wrong)
        }
    };
    assert!(
        wrong.is_empty(),
        "{method} {path} is not as documented: {wrong:?} in {text}"
    );
    compared.then_some(endpoint)
}

/// What the document says of an endpoint.
fn operation(endpoint: &Endpoint) -> &'static Value {
    &DOCUMENT["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()]
}

/// The responses of success: status and schema.
fn successes(endpoint: &Endpoint) -> impl Iterator<Item = (u16, Option<&'static Value>)> {
    let responses = operation(endpoint)["responses"].as_object();
    let all = responses.into_iter().flatten();
    all.filter_map(|(code, response)| Some((code.parse().ok()?, response.get("schema"))))
        .filter(|(code, _)| (200..300).contains(code))
}

fn statuses(endpoint: &Endpoint) -> Vec<u16> {
    let other = OTHER_STATUS
        .iter()
        .filter(|(action, ..)| *action == endpoint.action)
        .map(|(_, status, _)| *status);
    let documented = successes(endpoint).map(|(status, _)| status);
    match endpoint.described {
        Some(_) => vec![200],
        None => documented.chain(other).collect(),
    }
}

fn other_body(endpoint: &Endpoint) -> Option<&'static Body> {
    OTHER_BODY
        .iter()
        .find(|(action, ..)| *action == endpoint.action)
        .map(|(_, body, _)| body)
}

fn nothing(text: &str, wrong: &mut Vec<String>) -> bool {
    if !text.is_empty() {
        wrong.push("a body".to_owned());
    }
    true
}

fn object(attributes: &[(&str, &str)], text: &str, wrong: &mut Vec<String>) -> bool {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    for (name, kind) in attributes {
        match body.get(name) {
            None => wrong.push(format!("/{name} is missing")),
            Some(value) => fits(&json!({ "type": kind }), value, &format!("/{name}"), wrong),
        }
    }
    true
}

/// Compares with a schema of the document. A list without items proves nothing.
fn documented(schema: Option<&Value>, text: &str, wrong: &mut Vec<String>) -> bool {
    match (schema, serde_json::from_str::<Value>(text)) {
        (Some(schema), Ok(body)) => {
            fits(schema, &body, "", wrong);
            body.as_array().is_none_or(|items| !items.is_empty())
        }
        (None, _) => {
            wrong.push("no schema, and OTHER_BODY does not say why".to_owned());
            false
        }
        (_, Err(error)) => {
            wrong.push(format!("no JSON: {error}"));
            false
        }
    }
}

fn fits(schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    // The document does not say what may be null.
    if value.is_null() {
        return;
    }
    let schema = match schema["$ref"].as_str() {
        Some(name) => &DOCUMENT["definitions"][name.rsplit('/').next().unwrap()],
        None => schema,
    };
    let object = schema.get("properties").is_some();
    if let (true, Value::Array(items)) = (object, value) {
        // Of some lists the document describes the item only.
        return items.iter().for_each(|item| fits(schema, item, at, wrong));
    }
    let good = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(_) | None => !object || value.is_object(),
    };
    if !good {
        wrong.push(format!("{at}: {value} is no {}", schema["type"]));
    }
    if let (Some(properties), Value::Object(fields)) = (schema["properties"].as_object(), value) {
        for (name, field) in fields {
            match properties.get(name) {
                Some(schema) => fits(schema, field, &format!("{at}/{name}"), wrong),
                None if is_newer(name) => {}
                None => wrong.push(format!("{at}/{name}: the document has no such attribute")),
            }
        }
    }
    if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
        values
            .iter()
            .for_each(|value| fits(items, value, at, wrong));
    }
}

/// Attributes that GitLab answers and its document of August 2025 leaves out.
fn is_newer(name: &str) -> bool {
    // The pipelines' list names its entity without the metadata that it has.
    name == "name"
}

#[test]
fn every_endpoint_is_in_gitlabs_document_or_says_where_it_is_described() {
    for endpoint in ENDPOINTS {
        let documented =
            DOCUMENT["paths"][endpoint.path].get(endpoint.method.as_str().to_lowercase());
        assert_eq!(
            documented.is_some(),
            endpoint.described.is_none(),
            "{} {}",
            endpoint.method,
            endpoint.path
        );
    }
}

#[test]
fn what_is_compared_otherwise_is_what_the_document_leaves_open_or_has_wrong() {
    let endpoint = |wanted: &str| {
        let mut all = ENDPOINTS.iter();
        all.find(|endpoint| endpoint.action == wanted)
            .unwrap_or_else(|| panic!("{wanted} is not served"))
    };
    for (action, status, why) in OTHER_STATUS {
        let documented = successes(endpoint(action)).any(|(code, _)| code == status);
        assert!(
            !documented,
            "{action} {status} is documented, not so: {why}"
        );
    }
    for (action, _, why) in &OTHER_BODY {
        let schema = successes(endpoint(action)).find_map(|(_, schema)| schema);
        let open = schema.is_none_or(|schema| schema["type"] == "file");
        let wrong = ["projects.list", "jobs.trace", "jobs.play"].contains(action);
        assert!(
            open || wrong,
            "{action} has the schema {schema:?}, not so: {why}"
        );
    }
    // Every other endpoint has one.
    for endpoint in ENDPOINTS {
        let schema = successes(endpoint).find_map(|(_, schema)| schema);
        assert!(
            other_body(endpoint).is_some() || schema.is_some(),
            "{} {}",
            endpoint.method,
            endpoint.path
        );
    }
    // And no refusal has one.
    for endpoint in ENDPOINTS {
        let responses = operation(endpoint)["responses"].as_object();
        for (code, response) in responses.into_iter().flatten() {
            let refusal = !code.starts_with('2');
            assert!(!refusal || response.get("schema").is_none(), "{code}");
        }
    }
}

#[test]
fn a_wrong_type_is_noticed() {
    let mut wrong = Vec::new();
    let schema = serde_json::json!({ "$ref": "#/definitions/API_Entities_Ci_Pipeline" });
    fits(
        &schema,
        &serde_json::json!({ "id": "seven", "ref": "main" }),
        "",
        &mut wrong,
    );
    assert_eq!(wrong, ["/id: \"seven\" is no \"integer\""]);
}
