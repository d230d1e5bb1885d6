//! O6, convergence: everything stands within the bound after the last fault was over and the last step was asked for.

use super::version::{condition, identity, standing};
use super::{Case, Finding, Proof};
use crate::chaos::evidence::{Evidence, Happening};

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let timeline = &case.evidence.timeline;
    let last = |is: fn(&Happening) -> bool| timeline.iter().rposition(|moment| is(&moment.what));
    let Some(converged) = last(|what| matches!(what, Happening::Converged)) else {
        let sentence = format!("it never came to rest: {}", left(case.evidence));
        return vec![Finding::new(sentence)];
    };
    // A fault that was never mended ends where it struck last.
    let begin = last(|what| matches!(what, Happening::Mended | Happening::Step { .. }))
        .or_else(|| last(|what| matches!(what, Happening::Struck { .. } | Happening::Started)));
    let Some(begin) = begin else {
        return vec![Finding::new("nobody wrote down when the run began")];
    };
    // What struck after everything stood is over when nothing moves any more.
    let end = if converged < begin {
        last(|what| matches!(what, Happening::QuietFrom)).unwrap_or(converged)
    } else {
        converged
    };
    let (Some(from), Some(until)) = (timeline.get(begin), timeline.get(end)) else {
        return Vec::new();
    };
    if end < begin {
        let sentence = format!(
            "it did not come to rest after the last fault or step: {}",
            left(case.evidence)
        );
        return vec![Finding::new(sentence).with([Proof::Moment(begin)])];
    }
    let took = until.time.duration_since(from.time);
    if took <= case.bounds.converge {
        return Vec::new();
    }
    let sentence = format!(
        "it came to rest after {:.1} s, and may take {:.1} s",
        took.as_secs_f64(),
        case.bounds.converge.as_secs_f64()
    );
    vec![Finding::new(sentence).with([Proof::Moment(begin), Proof::Moment(end)])]
}

/// How objects stand that are not ready.
fn left(evidence: &Evidence) -> String {
    let standings = evidence.objects.iter().filter_map(|object| {
        let ready = condition(object, "Ready")?;
        let message = ready["message"].as_str().unwrap_or_default();
        (ready["status"] != "True")
            .then(|| format!("{} is {}: {message}", identity(object), standing(ready)))
    });
    let all: Vec<String> = standings.collect();
    if all.is_empty() {
        "every object that is there says that it is ready".to_owned()
    } else {
        all.join("; ")
    }
}
