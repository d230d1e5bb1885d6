//! The smallest story of a plan that failed: what was asked for around the fault, how it stands now, what is wrong.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::cluster::describe;
use super::evidence::{Evidence, Happening};
use super::lane::Played;
use super::oracle::{Proof, Violation};
use super::plan::Plan;
use crate::demo::text::shorten;
use crate::journal::Entry;

/// How many requests are told before and after each that matters.
const AROUND: usize = 3;
const LONGEST: usize = 300;
/// More violations than these are of the same kind.
const TOLD: usize = 8;

/// Tells the story.
#[must_use]
pub fn tell(plan: &Plan, played: &Played, violations: &[Violation]) -> String {
    let mut text = String::new();
    let evidence = &played.evidence;
    let troubles: Vec<String> = plan.troubles.iter().map(ToString::to_string).collect();
    let mut line = |line: String| {
        // A string takes whatever is written to it.
        let _ = writeln!(text, "{line}");
    };
    line(format!("what went wrong: {}", troubles.join("; ")));
    for missed in &played.missed {
        line(format!("  which did not strike: {missed}"));
    }
    if let Some(step) = &played.stuck {
        line(format!("the scenario did not come beyond: {step}"));
    }
    line("requests around it:".to_owned());
    let mut last = None;
    for at in told(evidence, violations) {
        if last.is_some_and(|last| at > last + 1) {
            line("  ...".to_owned());
        }
        if let Some(entry) = evidence.requests.get(at) {
            line(format!("  {}", request(entry)));
        }
        last = Some(at);
    }
    let deaths: Vec<String> = evidence
        .timeline
        .iter()
        .filter(|moment| moment.what == Happening::Died)
        .map(|moment| clock(&moment.time.to_string()))
        .collect();
    if !deaths.is_empty() {
        line(format!("the controller died at {}", deaths.join(", ")));
    }
    for object in &evidence.objects {
        let metadata = &object["metadata"];
        let part = |name: &str| metadata[name].as_str().unwrap_or_default().to_owned();
        line(format!(
            "{} {}/{}: {}",
            object["kind"].as_str().unwrap_or_default(),
            part("namespace"),
            part("name"),
            describe(object)
        ));
    }
    for violation in violations.iter().take(TOLD) {
        line(format!(
            "violated: {}",
            shorten(&violation.to_string(), LONGEST)
        ));
        for proof in &violation.proof {
            if let Proof::Text(text) = proof {
                line(format!("    {}", shorten(text, LONGEST)));
            }
        }
    }
    if violations.len() > TOLD {
        line(format!("and {} more", violations.len() - TOLD));
    }
    text
}

/// Which requests are told: those that met a fault, those that prove something, and a few around each.
fn told(evidence: &Evidence, violations: &[Violation]) -> BTreeSet<usize> {
    let struck = evidence
        .requests
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.fault.is_some())
        .map(|(at, _)| at);
    let proofs = violations.iter().flat_map(|violation| &violation.proof);
    let proving = proofs.filter_map(|proof| match proof {
        Proof::Request(at) => Some(*at),
        Proof::Version(_) | Proof::Record(_) | Proof::Moment(_) | Proof::Text(_) => None,
    });
    struck
        .chain(proving)
        .flat_map(|at| at.saturating_sub(AROUND)..=at + AROUND)
        .collect()
}

/// One request, on one line.
#[must_use]
pub fn request(entry: &Entry) -> String {
    let label = entry.label.as_ref().map(ToString::to_string);
    let about = entry.resource.as_deref().unwrap_or(&entry.path);
    let fault = entry.fault.as_deref().map(|fault| format!("  <-- {fault}"));
    format!(
        "{} {} {} ({}){}",
        clock(&entry.time.to_string()),
        label.unwrap_or_else(|| format!("{} {}", entry.service, entry.action)),
        shorten(about, LONGEST),
        entry.status,
        fault.unwrap_or_default()
    )
}

/// The time of day of a moment, to the millisecond.
#[must_use]
pub fn clock(moment: &str) -> String {
    moment.chars().skip(11).take(12).collect()
}
