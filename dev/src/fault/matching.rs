//! Which requests a rule meets.

use serde::{Deserialize, Serialize};

use crate::chaos::label::Label;

/// Which requests a rule meets; all given fields must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// The request's label, where it has one; `*` stands for any text: `Application/gitlab/*/*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// A part of the path, the resource, the actor or another name that the request bears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// The journal's action; `*` stands for any text: `ecs:*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// A part of the path (GitLab) or of the resource (AWS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_contains: Option<String>,
    /// The journal's actor; `*` stands for any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The AWS account acted in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// A part of the ARN of the role that is asked for, or that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_contains: Option<String>,
}

/// What is known of a request when the rules are asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// What the request is called, where it is one of the controller's.
    pub label: Option<&'a Label>,
    /// The journal's action.
    pub action: &'a str,
    /// The path (GitLab) or the resource (AWS).
    pub path: &'a str,
    /// The journal's actor.
    pub actor: &'a str,
    /// Other names that the request bears: the session's that is asked for, the item's key.
    pub names: &'a str,
    /// The AWS account acted in.
    pub account: Option<&'a str>,
    /// The ARN of the role that is asked for, or that asks.
    pub role: Option<&'a str>,
}

impl Match {
    /// Says whether it meets this request.
    #[must_use]
    pub fn meets(&self, request: &Request<'_>) -> bool {
        let like = |pattern: &Option<String>, text: &str| {
            pattern
                .as_deref()
                .is_none_or(|pattern| matches_wildcard(pattern, text))
        };
        let part = |part: &Option<String>, texts: &[&str]| {
            part.as_deref()
                .is_none_or(|part| texts.iter().any(|text| text.contains(part)))
        };
        // What has no label is nobody's request that a label could mean, not even `*`.
        let labelled = self.label.as_deref().is_none_or(|pattern| {
            request
                .label
                .is_some_and(|label| matches_wildcard(pattern, &label.to_string()))
        });
        labelled
            && like(&self.action, request.action)
            && like(&self.actor, request.actor)
            && part(&self.path_contains, &[request.path])
            && part(
                &self.contains,
                &[request.path, request.actor, request.names],
            )
            && self
                .account
                .as_deref()
                .is_none_or(|wanted| request.account == Some(wanted))
            && part(&self.role_contains, &[request.role.unwrap_or_default()])
    }
}

/// Says whether `text` matches `pattern`, where `*` stands for any text and `?` for any one character.
#[must_use]
pub fn matches_wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` was, and the text position it currently swallows up to.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, swallowed)) = star {
            star = Some((at, swallowed + 1));
            p = at + 1;
            t = swallowed + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}
