//! What a failed request means. Decided here, once; the words are those of GitLab's source.

use std::fmt::Display;

use gitlab::api::ApiError;
use http::StatusCode;

use crate::domain::failure::{Failure, FailureKind, Party};

use super::attempt::{Attempt, Nature};
use super::said::{Form, shortened, without_tokens};
use super::wire::{Location, Refusal, WireError};

/// A 400 that means: something is there already, or changed in between. Lower case.
const CONFLICTS: [&str; 8] = [
    "has already been taken",
    "already exists",
    "is still being deleted",
    "a file with this name doesn't exist",
    "has changed since you started editing it",
    "you can only create or edit files when you are on a branch",
    "please refresh and try again",
    "no files to ",
];

/// A 400 that means: the token's user may not. Lower case.
const DENIALS: [&str; 6] = [
    "not allowed to",
    "insufficient permission",
    "sufficient permission",
    "verify your account",
    "namespace is not valid",
    "protected branch",
];

/// The failure of an attempt.
pub(super) fn classify(attempt: &Attempt, error: ApiError<WireError>) -> Failure {
    match error {
        ApiError::Client { source } => of_wire(attempt, source),
        // Past the wire only successes are left, so the crate could not read one of these.
        ApiError::GitlabService { status, .. } => failure(
            attempt,
            FailureKind::Retryable,
            &format!("{} without a readable answer", status.as_u16()),
        ),
        ApiError::DataType { source, .. } | ApiError::Json { source } => failure(
            attempt,
            FailureKind::Retryable,
            &format!("the answer is not what GitLab answers there ({source})"),
        ),
        error @ (ApiError::Auth { .. }
        | ApiError::UrlParse { .. }
        | ApiError::Body { .. }
        | ApiError::UnsupportedUrlBase { .. }) => unsaid(attempt, &error),
        // The crate reserves more kinds for later; none of them says that nothing happened.
        error => failure(attempt, FailureKind::Retryable, &error.to_string()),
    }
}

/// The failure of an attempt that could not even be put into a request.
pub(super) fn unsaid(attempt: &Attempt, error: &dyn Display) -> Failure {
    let why = format!("the request cannot be made ({error})");
    failure(attempt, FailureKind::Invalid, &why)
}

fn of_wire(attempt: &Attempt, error: WireError) -> Failure {
    match error {
        WireError::Refused(refusal) => of_refusal(attempt, &refusal),
        WireError::Throttled { after, said } => {
            let said = said.map_or_else(
                || "not sent, GitLab asked for a pause".to_owned(),
                |said| spoken(StatusCode::TOO_MANY_REQUESTS, &said.text),
            );
            // Without the seconds: a sentence that counts down would be written with every pass.
            let wait = format!("{said}; it goes on when the pause is over");
            failure(attempt, FailureKind::Throttled(after), &wait)
        }
        // Nothing was sent, so nobody refused anything; a token that is being rotated is there in a moment.
        WireError::Token(why) => failure(attempt, FailureKind::Unsent, &why),
        WireError::TooLong(_) => failure(attempt, FailureKind::Invalid, &error.to_string()),
        WireError::Deadline(_) | WireError::Transport(_) => {
            failure(attempt, FailureKind::Retryable, &error.to_string())
        }
    }
}

fn of_refusal(attempt: &Attempt, refusal: &Refusal) -> Failure {
    let (kind, next) = meaning(attempt.nature, refusal);
    let mut words = spoken(refusal.status, &refusal.said.text);
    if !next.is_empty() {
        words = format!("{words}; {next}");
    }
    if let Some(Location::Elsewhere(host)) = &refusal.location {
        words = format!("{words} (it leads to {host})");
    }
    failure(attempt, kind, &words)
}

/// What a refusal means, and what a person can do.
fn meaning(nature: Nature, refusal: &Refusal) -> (FailureKind, &'static str) {
    let said = &refusal.said;
    match refusal.status.as_u16() {
        300..=399 => match refusal.location {
            // GitLab answers so for the former path of a project that was renamed or moved.
            Some(Location::Project(_)) => {
                (FailureKind::Missing, "the project has another path now")
            }
            Some(Location::Elsewhere(_)) | None => (
                FailureKind::Denied,
                "redirects are not followed; configure the URL that the instance itself uses",
            ),
        },
        400 => of_bad_request(nature, refusal),
        401 => (
            FailureKind::Denied,
            "put a valid access token into the token file",
        ),
        403 if said.has("insufficient_scope") => {
            (FailureKind::Denied, "the access token needs the scope api")
        }
        403 if said.form != Form::Message && said.form != Form::Error => (
            FailureKind::Denied,
            "the instance, or something before it, refuses this address; too many requests with a \
             wrong token ban it for a time",
        ),
        403 if nature == Nature::Push => (FailureKind::Denied, PUSH_REMEDY),
        403 => (
            FailureKind::Denied,
            "give the access token's user the role it needs",
        ),
        404 => match said.form {
            Form::Message | Form::Error => (FailureKind::Missing, ""),
            Form::Text | Form::Page | Form::Nothing => match nature {
                Nature::Artifact => (FailureKind::Missing, ""),
                // A proxy without a route must not make us believe that something is gone.
                Nature::Plain | Nature::Push => (
                    FailureKind::Retryable,
                    "this is not GitLab's own answer; is the configured URL right, and is the instance up?",
                ),
            },
        },
        405 if said.has("moved projects") => {
            (FailureKind::Missing, "the project has another path now")
        }
        409 => (FailureKind::Conflict, ""),
        408 | 500..=599 => (FailureKind::Retryable, ""),
        402..=499 => (FailureKind::Invalid, ""),
        _ => (
            FailureKind::Retryable,
            "this is no answer that GitLab gives",
        ),
    }
}

const PUSH_REMEDY: &str =
    "let the access token's user push to this branch, or exempt it from the rule that refused";

/// GitLab leaves projects as they are when the default of their group changes, hence both.
const VARIABLES_REMEDY: &str = "have an owner of the project set Settings > CI/CD > Variables > \
     \"Minimum role to use pipeline variables\" to Maintainer there, and, for new projects, \
     \"Default role to use pipeline variables\" at the same place of the top-level group";

fn of_bad_request(nature: Nature, refusal: &Refusal) -> (FailureKind, &'static str) {
    let said = &refusal.said;
    let any = |words: &[&str]| words.iter().any(|words| said.has(words));
    if any(&CONFLICTS) {
        return (FailureKind::Conflict, "");
    }
    if said.has("reference not found") {
        return (FailureKind::Missing, "");
    }
    if said.has("ci_pipeline_variables_minimum_override_role") && said.has("not allowed") {
        return (FailureKind::Denied, VARIABLES_REMEDY);
    }
    match nature {
        // Its own findings GitLab tells as an error, or they begin so; every other word on a push
        // comes from a rule, a protected branch or a hook of somebody's.
        Nature::Push if said.form == Form::Message && !any(&["you must ", "unknown action"]) => {
            (FailureKind::Denied, PUSH_REMEDY)
        }
        Nature::Plain | Nature::Push | Nature::Artifact if any(&DENIALS) => (
            FailureKind::Denied,
            "give the access token's user the role it needs",
        ),
        Nature::Plain | Nature::Push | Nature::Artifact => (FailureKind::Invalid, ""),
    }
}

/// Status and words; GitLab often begins the words with the status itself.
fn spoken(status: StatusCode, text: &str) -> String {
    let code = status.as_u16().to_string();
    let text = if text.is_empty() {
        status.canonical_reason().unwrap_or_default()
    } else {
        text
    };
    let text = text.strip_prefix(&code).unwrap_or(text).trim_start();
    format!(
        "{code} {}",
        shortened(text.trim_end_matches(['.', '\n', ' ']))
    )
}

fn failure(attempt: &Attempt, kind: FailureKind, why: &str) -> Failure {
    Failure {
        party: Party::GitLab,
        kind,
        message: without_tokens(&format!("{attempt}: {why}")),
    }
}

#[cfg(test)]
mod tests;
