//! O8, secrecy: what must never be seen outside is seen nowhere in what a run leaves: no log, object, event, version,
//! record, commit, file, pipeline, request; not as it is, not in Base64, not escaped as in an address.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Case, Finding};

/// A shorter one is met by chance.
const SHORTEST: usize = 8;

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let evidence = case.evidence;
    if evidence.canaries.is_empty() {
        return vec![Finding::new("the run has no secret that could be told")];
    }
    let mut found = Vec::new();
    let mut wanted: Vec<(&str, String)> = Vec::new();
    for (name, text) in &evidence.canaries {
        if text.len() < SHORTEST {
            found.push(Finding::new(format!("{name} is too short to be a secret")));
            continue;
        }
        wanted.extend(spellings(text).map(|spelling| (name.as_str(), spelling)));
    }
    match serde_json::to_value(evidence) {
        Ok(Value::Object(mut all)) => {
            all.remove("canaries");
            search(&Value::Object(all), "", &wanted, &mut found);
        }
        Ok(_) | Err(_) => found.push(Finding::new("the evidence cannot be searched for secrets")),
    }
    found
}

fn spellings(text: &str) -> impl Iterator<Item = String> {
    let escaped = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut all = vec![
        text.to_owned(),
        STANDARD_NO_PAD.encode(text),
        URL_SAFE_NO_PAD.encode(text),
        escaped,
    ];
    all.dedup();
    all.into_iter()
}

fn search(value: &Value, place: &str, wanted: &[(&str, String)], found: &mut Vec<Finding>) {
    let read = |text: &str, found: &mut Vec<Finding>| {
        let met = wanted
            .iter()
            .find(|(_, spelling)| text.contains(spelling.as_str()));
        if let Some((name, _)) = met {
            // The secret itself is told no further.
            found.push(Finding::new(format!("the {name} is told at {place}")).text(place));
        }
    };
    match value {
        Value::String(text) => read(text, found),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                search(item, &format!("{place}/{at}"), wanted, found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                read(name, found);
                search(field, &format!("{place}/{name}"), wanted, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
