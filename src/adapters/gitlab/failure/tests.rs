use std::time::Duration;

use FailureKind::{Conflict, Denied, Invalid, Missing, Retryable};
use Nature::{Artifact, Plain, Push};
use http::StatusCode;

use super::*;
use crate::adapters::gitlab::said::Said;

fn refused(nature: Nature, status: u16, body: &str) -> Failure {
    let refusal = Refusal {
        status: StatusCode::from_u16(status).unwrap(),
        said: Said::read(body.as_bytes()),
        location: None,
    };
    let attempt = Attempt::new("trying apps/shop/cart").of(nature);
    classify(&attempt, ApiError::client(WireError::Refused(refusal)))
}

/// The bodies are GitLab's own, from its source and from people's reports.
const BODIES: &[(Nature, u16, &str, FailureKind)] = &[
    (
        Plain,
        400,
        r#"{"message":{"project_namespace.name":["has already been taken"],"name":["has already been taken"],"path":["has already been taken"]}}"#,
        Conflict,
    ),
    (
        Plain,
        400,
        r#"{"message":{"base":["The project is still being deleted. Please try again later."],"limit_reached":[]}}"#,
        Conflict,
    ),
    (
        Plain,
        400,
        r#"{"message":"Failed to save group {:path=>[\"has already been taken\"]}"}"#,
        Conflict,
    ),
    (
        Plain,
        400,
        r#"{"message":{"namespace":["is not valid"]}}"#,
        Denied,
    ),
    (
        Plain,
        400,
        r#"{"message":{"path":["can contain only letters, digits, '_', '-' and '.'."]}}"#,
        Invalid,
    ),
    (
        Plain,
        400,
        r#"{"error":"visibility does not have a valid value"}"#,
        Invalid,
    ),
    (
        Plain,
        400,
        r#"{"message":{"base":["Reference not found"]}}"#,
        Missing,
    ),
    (
        Plain,
        400,
        r#"{"message":{"base":["Insufficient permissions to set pipeline variables"]}}"#,
        Denied,
    ),
    (
        Plain,
        400,
        r#"{"message":"Changing the restrict_user_defined_variables or ci_pipeline_variables_minimum_override_role is not allowed"}"#,
        Denied,
    ),
    (
        Plain,
        400,
        r#"{"message":{"base":["You do not have sufficient permission to run a pipeline on 'main'."]}}"#,
        Denied,
    ),
    (
        Plain,
        400,
        r#"{"message":{"base":["Missing CI config file"]}}"#,
        Invalid,
    ),
    (
        Push,
        400,
        r#"{"message":"A file with this name already exists"}"#,
        Conflict,
    ),
    (
        Push,
        400,
        r#"{"message":"A file with this name doesn't exist"}"#,
        Conflict,
    ),
    (
        Push,
        400,
        r#"{"message":"You are attempting to update a file that has changed since you started editing it."}"#,
        Conflict,
    ),
    (
        Push,
        400,
        r#"{"message":"You can only create or edit files when you are on a branch"}"#,
        Conflict,
    ),
    (
        Push,
        400,
        r#"{"message":"Could not update refs/heads/main. Please refresh and try again.."}"#,
        Conflict,
    ),
    (
        Push,
        400,
        r#"{"message":"You are not allowed to push into this branch"}"#,
        Denied,
    ),
    (
        Push,
        400,
        r#"{"message":"Commit message does not follow the pattern '\\A[A-Z]+-[0-9]+'"}"#,
        Denied,
    ),
    (
        Push,
        400,
        r#"{"message":"Commit must be signed with a GPG key"}"#,
        Denied,
    ),
    (
        Push,
        400,
        r#"{"message":"pre-receive hook declined"}"#,
        Denied,
    ),
    (
        Push,
        400,
        r#"{"message":"Only on Tuesdays, says our own hook"}"#,
        Denied,
    ),
    (Push, 400, r#"{"error":"branch is missing"}"#, Invalid),
    (
        Push,
        400,
        r#"{"message":"You must specify a file_path"}"#,
        Invalid,
    ),
    (
        Push,
        403,
        r#"{"message":"403 Forbidden - You are not allowed to push into this branch"}"#,
        Denied,
    ),
    (Plain, 401, r#"{"message":"401 Unauthorized"}"#, Denied),
    (
        Plain,
        401,
        r#"{"error":"invalid_token","error_description":"Token was revoked. You have to re-authorize from the user."}"#,
        Denied,
    ),
    (
        Plain,
        403,
        r#"{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api"}"#,
        Denied,
    ),
    (Plain, 403, r#"{"message":"403 Forbidden"}"#, Denied),
    (Plain, 403, "Forbidden\n", Denied),
    (
        Plain,
        404,
        r#"{"message":"404 Project Not Found"}"#,
        Missing,
    ),
    (
        Plain,
        404,
        r#"{"message":"404 invalid revision or path Not Found"}"#,
        Missing,
    ),
    (Plain, 404, r#"{"error":"404 Not Found"}"#, Missing),
    (Plain, 404, "404 page not found\n", Retryable),
    (Plain, 404, "<html><body>no route</body></html>", Retryable),
    (Artifact, 404, "404 page not found\n", Missing),
    (
        Plain,
        405,
        r#"{"message":"405 Method Not Allowed - Non GET methods are not allowed for moved projects"}"#,
        Missing,
    ),
    (Plain, 405, r#"{"error":"405 Not Allowed"}"#, Invalid),
    (Plain, 408, "", Retryable),
    (
        Plain,
        409,
        r#"{"message":"409 Conflict: Resource lock"}"#,
        Conflict,
    ),
    (
        Plain,
        413,
        r#"{"message":"413 Request Entity Too Large"}"#,
        Invalid,
    ),
    (
        Plain,
        422,
        r#"{"error":["Project access must be enabled"]}"#,
        Invalid,
    ),
    (
        Plain,
        500,
        r#"{"message":"500 Internal Server Error"}"#,
        Retryable,
    ),
    (
        Plain,
        502,
        "<html>Whoops, GitLab is taking too much time to respond.</html>",
        Retryable,
    ),
    (Plain, 503, "", Retryable),
];

#[test]
fn every_refusal_of_gitlab_has_its_meaning() {
    for (nature, status, body, kind) in BODIES {
        let failure = refused(*nature, *status, body);
        assert_eq!(failure.kind, *kind, "{status} {body}");
        assert_eq!(failure.party, Party::GitLab);
        let begin = format!("trying apps/shop/cart: {status} ");
        assert!(failure.message.starts_with(&begin), "{}", failure.message);
        assert!(!failure.message.contains(&format!("{status} {status}")));
    }
}

#[test]
fn a_denial_says_what_a_person_can_do() {
    for (nature, status, body, said) in [
        (
            Plain,
            401,
            r#"{"message":"401 Unauthorized"}"#,
            "token file",
        ),
        (
            Plain,
            403,
            r#"{"error":"insufficient_scope","error_description":"Too little."}"#,
            "the scope api",
        ),
        (Plain, 403, "Forbidden\n", "refuses this address"),
        (
            Push,
            400,
            r#"{"message":"Commit must be signed with a GPG key"}"#,
            "Commit must be signed with a GPG key; let the access token's user push",
        ),
    ] {
        let failure = refused(nature, status, body);
        assert!(failure.message.contains(said), "{}", failure.message);
    }
}

#[test]
fn a_redirect_to_a_projects_number_is_a_move_and_any_other_is_a_wrong_configuration() {
    let redirected = |location| {
        let refusal = Refusal {
            status: StatusCode::MOVED_PERMANENTLY,
            said: Said::read(b""),
            location: Some(location),
        };
        classify(
            &Attempt::new("trying"),
            ApiError::client(WireError::Refused(refusal)),
        )
    };
    assert_eq!(redirected(Location::Project("7".into())).kind, Missing);
    let elsewhere = redirected(Location::Elsewhere("https://login.example.com".into()));
    assert_eq!(elsewhere.kind, Denied);
    assert!(elsewhere.message.contains("https://login.example.com"));
}

#[test]
fn what_has_no_complete_answer_may_have_happened_and_what_was_not_sent_has_not() {
    let kind =
        |error| classify(&Attempt::new("trying"), ApiError::client(error)).may_have_happened();
    assert!(kind(WireError::Deadline(Duration::from_secs(30))));
    assert!(kind(WireError::Transport("connection reset".into())));
    assert!(!kind(WireError::Token("no token".into())));
    assert!(!kind(WireError::Throttled {
        after: Duration::from_secs(1),
        said: None
    }));
}

#[test]
fn a_pause_is_told_in_the_same_words_however_long_it_lasts() {
    let told = |seconds| {
        let wire = WireError::Throttled {
            after: Duration::from_secs(seconds),
            said: None,
        };
        of_wire(&Attempt::new("looking"), wire)
    };
    assert_eq!(told(59).message, told(3).message);
    assert_ne!(told(59).kind, told(3).kind);
}
