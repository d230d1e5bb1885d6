//! O5, quiet: once everything stands, nothing is written: not to GitLab, not to AWS, not to Kubernetes. Events and
//! leases are beside; a try that was refused counts, since it would be repeated for ever.

use jiff::Timestamp;

use super::{Case, Finding, Proof};
use crate::chaos::evidence::{Evidence, Happening, Moment};
use crate::journal::Entry;

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let evidence = case.evidence;
    let times = times(evidence);
    if times.is_empty() {
        // What never came to rest is judged by O6.
        let rested = |moment: &Moment| matches!(moment.what, Happening::Converged);
        if !evidence.timeline.iter().any(rested) {
            return Vec::new();
        }
        return vec![Finding::new(
            "nobody watched whether anything is written once everything stands",
        )];
    }
    let mut found = Vec::new();
    if times
        .iter()
        .all(|(from, until)| until.duration_since(*from) < case.bounds.quiet)
    {
        found.push(Finding::new(format!(
            "the quiet time was never as long as {:#}",
            case.bounds.quiet
        )));
    }
    let within = |time: Timestamp| {
        times
            .iter()
            .any(|(from, until)| *from < time && time < *until)
    };
    for (at, request) in evidence.requests.iter().enumerate() {
        if is_write(request) && within(request.arrived.unwrap_or(request.time)) {
            let sentence = format!(
                "{} {} about {} was asked for in the quiet time",
                request.service,
                request.action,
                request
                    .resource
                    .as_deref()
                    .unwrap_or("nothing that is named")
            );
            found.push(Finding::new(sentence).with([Proof::Request(at)]));
        }
    }
    found
}

fn is_write(request: &Entry) -> bool {
    let beside = request.service == "kubernetes"
        && ["/events", "/leases"]
            .iter()
            .any(|kind| request.path.ends_with(kind) || request.path.contains(&format!("{kind}/")));
    request.mutating && !beside
}

/// From when to when nothing was to be written.
fn times(evidence: &Evidence) -> Vec<(Timestamp, Timestamp)> {
    let mut times = Vec::new();
    let mut since = None;
    for moment in &evidence.timeline {
        match moment.what {
            Happening::QuietFrom => since = Some(moment.time),
            Happening::QuietUntil => times.extend(since.take().map(|from| (from, moment.time))),
            Happening::Step { .. }
            | Happening::Armed { .. }
            | Happening::Struck { .. }
            | Happening::Mended
            | Happening::Started
            | Happening::Died
            | Happening::Converged => {}
        }
    }
    times
}
