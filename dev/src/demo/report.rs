//! The report: what came of it, readable for a stranger.

mod figure;
mod record;
mod service;

use std::time::Duration;

use jiff::Timestamp;

use super::outcome::Outcome;
use super::tally;
use super::text::{seconds, table};
use figure::{figures, gaps, shares};
use record::records;
use service::{answers, services};

/// One section.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its title.
    pub title: &'static str,
    /// Its lines.
    pub body: String,
}

impl std::fmt::Display for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { title, body } = self;
        write!(f, "\n{title}\n\n{}\n", body.trim_end())
    }
}

/// Tells everything, in the order in which one wants to know it.
pub fn sections(outcome: &Outcome, total: Duration) -> Vec<Section> {
    let section = |title, body| Section { title, body };
    let gaps = gaps(outcome);
    vec![
        section(
            "Objects: kubectl get envp,hxenv,hxapp -A",
            indented(&outcome.listed),
        ),
        section("Repositories, for git clone", repositories(outcome)),
        section("Pipelines, by time after kubectl apply", pipelines(outcome)),
        section(
            "Services of ECS, and the image each runs",
            services(outcome),
        ),
        section(
            "The application, called at each of its running tasks",
            answers(&outcome.tasks),
        ),
        section(
            "Audit records, from the DynamoDB tables of both accounts (times in UTC)",
            records(&outcome.records),
        ),
        section("Calls of the controller, by verb", calls(outcome)),
        section("Calls of everybody", everybody(outcome)),
        section("The controller's own share of the time", shares(&gaps)),
        section("Figures", figures(outcome, &gaps, total)),
    ]
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}").trim_end().to_owned() + "\n")
        .collect()
}

fn repositories(outcome: &Outcome) -> String {
    let mut objects: Vec<_> = outcome.seen.objects.values().collect();
    objects.sort_by_key(|object| object.rank());
    let rows = objects.into_iter().filter_map(|object| {
        let repository = object.status.repository.as_ref()?;
        Some([object.title(), repository.clone_url.clone()])
    });
    table(["OBJECT", "URL"], rows)
}

fn pipelines(outcome: &Outcome) -> String {
    let forge = &outcome.seen.forge;
    let zero = outcome.seen.appeared.values().min().copied();
    let after = |time: Option<Timestamp>| match (time, zero) {
        (Some(time), Some(zero)) => seconds(time.as_millisecond() - zero.as_millisecond()),
        (_, None) | (None, _) => String::new(),
    };
    let rows = forge.pipelines().flat_map(|pipeline| {
        let jobs = forge.jobs_of(pipeline.id).map(move |job| {
            let took = job.finished_at.and_then(|end| job.millis(end));
            [
                pipeline.id.to_string(),
                forge.path(pipeline.project_id).to_owned(),
                pipeline.purpose(),
                job.name().to_owned(),
                job.status.clone(),
                after(job.started_at),
                took.map(seconds).unwrap_or_default(),
            ]
        });
        jobs.collect::<Vec<_>>()
    });
    table(
        [
            "PIPELINE", "PROJECT", "PURPOSE", "JOB", "STATUS", "STARTED", "TOOK",
        ],
        rows,
    )
}

fn calls(outcome: &Outcome) -> String {
    let header = ["SYSTEM", "KIND", "VERB", "OF", "CALLS"];
    format!(
        "{}\n\n  A group that is answered 404 is made next; a PutItem that is answered 400 is the probe of an audit table, a write \
         whose condition\n  never holds.",
        table(header, tally::of_controller(&outcome.calls))
    )
}

fn everybody(outcome: &Outcome) -> String {
    let header = ["SYSTEM", "WHO", "READS", "WRITES"];
    let text = table(header, tally::of_everybody(&outcome.calls));
    format!("{text}\n\n  Kubernetes writes down the controller's calls only.")
}
