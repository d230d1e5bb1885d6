//! O8: no secret is told to anybody.

use base64::Engine as _;
use harmonix_dev::chaos::evidence::Evidence;
use harmonix_dev::chaos::oracle::Oracle::Secret;

use super::control::{accepts, judged, rejects};
use super::history::{condition, object};

/// Tells a token somewhere.
type Tell = fn(&mut Evidence, String);

fn token(evidence: &Evidence) -> String {
    evidence.canaries["GitLab token"].clone()
}

#[test]
fn a_token_anywhere() {
    let places: [(&str, Tell); 9] = [
        ("/log", |evidence, token| evidence.log.push_str(&token)),
        ("/events/", |evidence, token| {
            evidence.events[0]["note"] = format!("cannot use {token}").into();
        }),
        ("/objects/", |evidence, token| {
            let ready = condition(object(evidence, "Application"), "Ready");
            ready["message"] = format!("refused: {token}").into();
        }),
        ("/versions/", |evidence, token| {
            evidence.versions[3].object["metadata"]["annotations"] =
                serde_json::json!({ token: "" });
        }),
        ("/records/", |evidence, token| {
            let record = &mut evidence.records[0];
            record.attributes.insert("message".into(), token);
        }),
        ("/commits/", |evidence, token| {
            evidence.projects[0].commits[0]["message"] = token.into();
        }),
        ("/files/", |evidence, token| {
            let files = &mut evidence.projects[0].files;
            files.insert("README.md".into(), format!("# {token}"));
        }),
        ("/pipelines/", |evidence, token| {
            evidence.projects[0].pipelines[0]["variables"]["TOKEN"] = token.into();
        }),
        ("/requests/", |evidence, token| {
            evidence.requests[0].path = format!("/x?private_token={token}");
        }),
    ];
    for (place, tell) in places {
        rejects(Secret, place, |evidence| {
            let token = token(evidence);
            tell(evidence, token);
        });
    }
}

#[test]
fn a_token_in_base64() {
    rejects(Secret, "/log", |evidence| {
        let hidden = base64::engine::general_purpose::STANDARD.encode(token(evidence));
        evidence.log.push_str(&hidden);
    });
}

#[test]
fn what_is_found_does_not_tell_the_secret_again() {
    let mut secret = String::new();
    let found = judged(|evidence| {
        secret = token(evidence);
        evidence.log.push_str(&secret);
    });
    assert!(!secret.is_empty() && !format!("{found:?}").contains(&secret));
}

#[test]
fn a_run_without_secrets_proves_nothing() {
    rejects(Secret, "has no secret", |evidence| {
        evidence.canaries.clear()
    });
    rejects(Secret, "too short", |evidence| {
        evidence.canaries.insert("word".into(), "x".into());
    });
}

#[test]
fn half_a_token_is_none() {
    accepts(|evidence| {
        let half: String = token(evidence).chars().take(8).collect();
        evidence.log.push_str(&half);
    });
}
