//! O1, end state: what is left is what a run without faults leaves.
//!
//! Our objects, what is in GitLab, the records and the services are compared fact by fact, without what differs from
//! run to run (`shape` says what that is). Records of refused tries are allowed beyond the reference where a fault
//! struck, since the fault caused them (O3 asks for the try); nothing else is.

use std::collections::BTreeMap;

use super::{Case, Finding, Proof};
use crate::chaos::evidence::{Evidence, Happening};

/// As much of a fact as a sentence shows.
const SHOWN: usize = 160;
/// So many differences of one thing are told; of the rest only how many.
const TOLD: usize = 3;

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let (is, meant) = (&case.shape().facts, &case.reference.facts);
    let mut differences: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut note = |what, sentence| {
        let of = differences.entry(thing(what)).or_default();
        of.push(sentence);
    };
    for (what, value) in meant {
        match is.get(what) {
            Some(now) if now == value => {}
            Some(now) => {
                let (now, value) = apart(now, value);
                note(what, format!("{what} is {now}, and {value} without faults"));
            }
            None => {
                let value = short(value);
                note(
                    what,
                    format!("{what} is missing, and {value} without faults"),
                );
            }
        }
    }
    for (what, value) in is.iter().filter(|(what, _)| !meant.contains_key(*what)) {
        let value = short(value);
        note(
            what,
            format!("{what} is {value}, and not there without faults"),
        );
    }
    let mut found: Vec<Finding> = differences.into_values().map(|all| told(&all)).collect();
    if !struck(case.evidence) && case.shape().refusals != case.reference.refusals {
        found.push(Finding::new(format!(
            "refusals are recorded that no fault caused: {:?}, and {:?} in the reference",
            case.shape().refusals,
            case.reference.refusals
        )));
    }
    found
}

/// What a fact is about: the object, or what stands before its name and that.
fn thing(what: &str) -> &str {
    let words = match what.split(' ').next() {
        Some("project" | "service" | "group" | "records") => 2,
        Some(_) | None => 1,
    };
    let end = what.match_indices(' ').nth(words - 1);
    end.and_then(|(at, _)| what.get(..at)).unwrap_or(what)
}

/// The differences of one thing as one sentence.
fn told(all: &[String]) -> Finding {
    let more = all.len().saturating_sub(TOLD);
    let mut sentence = all
        .iter()
        .take(TOLD)
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    if more > 0 {
        sentence.push_str(&format!("; and {more} more differences of it"));
    }
    Finding::new(sentence).with(all.iter().cloned().map(Proof::Text))
}

/// Whether anything went wrong on purpose.
fn struck(evidence: &Evidence) -> bool {
    let in_time = evidence.timeline.iter().any(|moment| {
        matches!(
            moment.what,
            Happening::Armed { .. } | Happening::Struck { .. } | Happening::Died
        )
    });
    in_time
        || evidence
            .requests
            .iter()
            .any(|request| request.fault.is_some())
}

/// Two texts from a little before where they part.
fn apart(one: &str, other: &str) -> (String, String) {
    let same = one
        .chars()
        .zip(other.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let from = same.saturating_sub(SHOWN / 4);
    let rest = |text: &str| {
        let rest: String = text.chars().skip(from).collect();
        let before = if from > 0 { "…" } else { "" };
        format!("{before}{}", short(&rest))
    };
    (rest(one), rest(other))
}

fn short(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    let after = if cut.len() < text.len() { "…" } else { "" };
    format!("{cut:?}{after}")
}
