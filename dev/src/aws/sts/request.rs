//! What is asked of a new session, checked as STS does before it looks at any policy.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::aws::answer::Refusal;
use crate::aws::call::Call;
use crate::aws::identity::RoleSession;
use crate::aws::policy::Context;

/// What is asked of a new session.
#[derive(Debug, Clone)]
pub struct SessionRequest {
    /// The role.
    pub role_arn: String,
    /// The session's name.
    pub session_name: String,
    /// How long it lasts.
    pub seconds: i64,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Which tags further sessions made from it inherit.
    pub transitive: Vec<String>,
    /// Who is behind it.
    pub source_identity: Option<String>,
    /// The external id.
    pub external_id: Option<String>,
    /// A policy that narrows the session.
    pub policy: Option<String>,
}

/// Says whether a text has one of these lengths and only letters, digits, `_` and these marks.
fn fits(text: &str, length: RangeInclusive<usize>, marks: &str) -> bool {
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || marks.contains(letter);
    length.contains(&text.len()) && text.chars().all(allowed)
}

/// Tags may have letters of any script, and spaces.
fn fits_tag(text: &str, length: RangeInclusive<usize>) -> bool {
    let allowed = |letter: char| letter.is_alphanumeric() || " _.:/=+-@".contains(letter);
    length.contains(&text.chars().count()) && text.chars().all(allowed)
}

const NAME_MARKS: &str = "+=,.@-";
const NAME_RULE: &str =
    r"Member must satisfy regular expression pattern: [\w+=,.@-]*, with length 2 to 64";
const EXTERNAL_ID_RULE: &str =
    r"Member must satisfy regular expression pattern: [\w+=,.@:\/-]*, with length 2 to 1224";

impl SessionRequest {
    /// Reads the parameters; what breaks a rule of STS is refused as `ValidationError`.
    pub fn read(call: &Call) -> Result<Self, Refusal> {
        let wrong = |what: &str, value: &str, rule: &str| {
            Refusal::code(
                "ValidationError",
                format!(
                    "1 validation error detected: Value '{value}' at '{what}' failed to satisfy constraint: {rule}"
                ),
            )
        };
        let text = |name: &str| call.text(name).map(str::to_owned);
        let role_arn = text("RoleArn").unwrap_or_default();
        if crate::aws::role::parts(&role_arn).is_none() {
            return Err(Refusal::code(
                "ValidationError",
                format!("{role_arn} is invalid"),
            ));
        }
        let session_name = text("RoleSessionName").unwrap_or_default();
        if !fits(&session_name, 2..=64, NAME_MARKS) {
            return Err(wrong("roleSessionName", &session_name, NAME_RULE));
        }
        let duration = text("DurationSeconds").unwrap_or_else(|| "3600".into());
        let seconds = duration
            .parse()
            .ok()
            .filter(|seconds| (900..=43200).contains(seconds));
        let Some(seconds) = seconds else {
            let rule = "Member must have value between 900 and 43200";
            return Err(wrong("durationSeconds", &duration, rule));
        };
        let source_identity = text("SourceIdentity");
        if let Some(identity) = &source_identity
            && !fits(identity, 2..=64, NAME_MARKS)
        {
            return Err(wrong("sourceIdentity", identity, NAME_RULE));
        }
        let external_id = text("ExternalId");
        if let Some(id) = &external_id
            && !fits(id, 2..=1224, "+=,.@:/-")
        {
            return Err(wrong("externalId", id, EXTERNAL_ID_RULE));
        }
        let tags = call.tags("Tags");
        if tags.len() > 50 {
            return Err(wrong(
                "tags",
                &tags.len().to_string(),
                "Member must have length at most 50",
            ));
        }
        for (key, value) in &tags {
            if !fits_tag(key, 1..=128) || !fits_tag(value, 0..=256) {
                let rule = "Tag keys have 1 to 128 and values at most 256 letters, digits, spaces or _.:/=+-@";
                return Err(wrong("tags", key, rule));
            }
        }
        Ok(Self {
            role_arn,
            session_name,
            seconds,
            tags,
            transitive: call.texts("TransitiveTagKeys"),
            source_identity,
            external_id,
            policy: text("Policy"),
        })
    }

    /// Adds the tags that a session made from this one cannot but have. AWS does not say whether a trust policy sees
    /// them among the tags of the request; here it does, the stricter of the two.
    pub fn inherit(&mut self, session: &RoleSession) -> Result<(), Refusal> {
        for key in &session.transitive {
            if self
                .tags
                .keys()
                .any(|asked| asked.eq_ignore_ascii_case(key))
            {
                return Err(Refusal::code(
                    "InvalidParameterValue",
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
                ));
            }
            let value = session.tags.get(key).cloned().unwrap_or_default();
            self.tags.insert(key.clone(), value);
            self.transitive.push(key.clone());
        }
        Ok(())
    }

    /// Sets the condition keys that tell of the tags.
    pub fn tell(&self, context: &mut Context) {
        for (key, value) in &self.tags {
            context.set(&format!("aws:RequestTag/{key}"), value);
        }
        if !self.tags.is_empty() {
            context.set_all("aws:TagKeys", self.tags.keys().cloned().collect());
        }
    }
}
