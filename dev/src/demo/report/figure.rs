//! What is promised, and what was found.

use std::time::Duration;

use crate::demo::figure::{self, Case, Figure};
use crate::demo::gap::{Gap, Story};
use crate::demo::outcome::Outcome;
use crate::demo::text::{seconds, table};
use crate::world::controller::POLL_INTERVAL;

/// Finds the gaps.
pub fn gaps(outcome: &Outcome) -> Vec<Gap> {
    let story = Story {
        calls: &outcome.calls,
        objects: &outcome.seen.objects,
        appeared: &outcome.seen.appeared,
        forge: &outcome.seen.forge,
        interval: POLL_INTERVAL,
    };
    story.gaps()
}

/// Tells each gap.
pub fn shares(gaps: &[Gap]) -> String {
    let rows = gaps.iter().map(|gap| {
        [
            gap.object.clone(),
            gap.after.clone(),
            gap.until.to_owned(),
            seconds(gap.whole),
            seconds(gap.poll),
            seconds(gap.own()),
        ]
    });
    let header = [
        "OBJECT",
        "AFTER",
        "UNTIL",
        "TOOK",
        "OF IT POLL",
        "OWN SHARE",
    ];
    format!(
        "{}\n\n  The controller looks at what is under way every {} s (its poll interval here).",
        table(header, rows),
        POLL_INTERVAL.as_secs()
    )
}

/// Tells each figure.
pub fn figures(outcome: &Outcome, gaps: &[Gap], total: Duration) -> String {
    let mut figures: Vec<Figure> = Vec::new();
    for object in outcome.seen.of_kind("Application") {
        let case = Case {
            object,
            calls: &outcome.calls,
            forge: &outcome.seen.forge,
            records: &outcome.records,
        };
        figures.extend(case.gitlab());
        figures.extend(case.kubernetes());
        figures.extend(case.audit());
    }
    figures.push(figure::own_share(gaps));
    figures.push(figure::memory(outcome.memory));
    figures.push(figure::total(total, outcome.preparation));
    table(
        ["FIGURE", "FOUND", "PROMISED", ""],
        figures.iter().map(Figure::row),
    )
}
