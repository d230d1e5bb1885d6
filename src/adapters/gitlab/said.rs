//! What the far side said, made fit for one sentence.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::token::REDACTED;

/// How much of it a message takes.
const SHOWN: usize = 300;

/// The shapes of a refusal's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// GitLab's own: `{"message": …}`.
    Message,
    /// Of its API framework or of OAuth: `{"error": …}`.
    Error,
    /// Text of whoever answered.
    Text,
    /// A page for people: not GitLab's API, or something in front of it.
    Page,
    /// No word.
    Nothing,
}

/// A refusal's body, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its shape.
    pub form: Form,
    /// Its words, on one line, without tokens.
    pub text: String,
}

impl Said {
    /// Reads a body.
    pub fn read(body: &[u8]) -> Self {
        let (form, text) = match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(fields)) => {
                let words = |name: &str| fields.get(name).map(flat);
                match (words("message"), words("error")) {
                    (Some(message), _) => (Form::Message, message),
                    (None, Some(error)) => {
                        let more = words("error_description");
                        (
                            Form::Error,
                            more.map_or(error.clone(), |more| format!("{error}: {more}")),
                        )
                    }
                    (None, None) => (Form::Text, flat(&Value::Object(fields))),
                }
            }
            Ok(other) => (Form::Text, flat(&other)),
            Err(_) => {
                let text = String::from_utf8_lossy(body);
                match text.trim() {
                    "" => (Form::Nothing, String::new()),
                    text if text.starts_with('<') => (
                        Form::Page,
                        "a page for people instead of an answer of GitLab's API".to_owned(),
                    ),
                    text => (Form::Text, text.to_owned()),
                }
            }
        };
        Self {
            form,
            text: without_tokens(&one_line(&text)),
        }
    }

    /// Whether it contains these words, in any case.
    pub fn has(&self, words: &str) -> bool {
        self.text.to_lowercase().contains(words)
    }

    /// The beginning, as a message shows it.
    pub fn shown(&self) -> String {
        shortened(&self.text)
    }
}

/// The first 300 characters.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Takes out whatever looks like one of GitLab's tokens, ours or anybody's.
pub(super) fn without_tokens(text: &str) -> String {
    static TOKEN: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\bgl[a-z]{1,6}-[0-9A-Za-z_.\-]{8,}").ok());
    TOKEN.as_ref().map_or_else(
        || text.to_owned(),
        |token| token.replace_all(text, REDACTED).into_owned(),
    )
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// `{"path": ["has already been taken"]}` as `path has already been taken`.
fn flat(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name, flat(value)))
            .filter(|(_, words)| !words.is_empty())
            .map(|(name, words)| match name.as_str() {
                // GitLab's name for what concerns the thing as a whole.
                "base" | "error" => words,
                name => format!("{name} {words}"),
            })
            .collect::<Vec<_>>()
            .join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_body_becomes_one_line() {
        for (body, form, text) in [
            (
                r#"{"message":"404 Project Not Found"}"#,
                Form::Message,
                "404 Project Not Found",
            ),
            (
                r#"{"message":{"path":["has already been taken"],"base":["no\n more"],"limit_reached":[]}}"#,
                Form::Message,
                "path has already been taken; no more",
            ),
            (
                r#"{"message":{"error":"This endpoint has been requested too many times."}}"#,
                Form::Message,
                "This endpoint has been requested too many times.",
            ),
            (
                r#"{"error":"branch is missing"}"#,
                Form::Error,
                "branch is missing",
            ),
            (
                r#"{"error":"insufficient_scope","error_description":"Too little.","scope":"api"}"#,
                Form::Error,
                "insufficient_scope: Too little.",
            ),
            ("Retry later\n", Form::Text, "Retry later"),
            (r#"["a","b"]"#, Form::Text, "a, b"),
            (
                "<html><title>502</title></html>",
                Form::Page,
                "a page for people instead of an answer of GitLab's API",
            ),
            ("", Form::Nothing, ""),
        ] {
            let said = Said::read(body.as_bytes());
            assert_eq!((said.form, said.text.as_str()), (form, text), "{body}");
        }
    }

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        let said = Said::read("ä".repeat(400).as_bytes());
        assert_eq!(said.shown().chars().count(), 301);
    }

    #[test]
    fn nobodys_token_is_repeated() {
        let said =
            Said::read(br#"{"message":"glpat-AbCdEfGhIjKlMnOpQrSt is not glamorous-looking"}"#);
        assert_eq!(said.text, "[token] is not glamorous-looking");
    }
}
