//! Plays one plan again: the timeline of all journals side by side, the controller's own log in between, and the verdict.

use std::fmt;

use jiff::Timestamp;

use super::evidence::{Evidence, Happening};
use super::lane::Lane;
use super::plan::Plan;
use super::report::Verdict;
use super::run::Run;
use super::story::{clock, request};
use crate::demo::text::shorten;
use crate::failure::Failure;
use crate::progress::Progress;

/// How much of a log line is shown.
const LONGEST: usize = 220;

/// A plan that was played again.
#[derive(Debug)]
pub struct Replayed {
    /// What came of it.
    pub verdict: Verdict,
    /// Everything that happened, in order.
    pub lines: Vec<Line>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    time: Timestamp,
    column: Column,
    text: String,
}

/// Where it is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Plan,
    Gitlab,
    Aws,
    Kubernetes,
    Object,
    Log,
}

/// Plays a plan again.
pub async fn replay(
    lane: &mut Lane,
    plan: &Plan,
    progress: &Progress,
) -> Result<Replayed, Failure> {
    let run = Run::of(vec![plan.clone()], None, progress);
    let task = progress.task("replay");
    task.note(plan.id.clone());
    let (verdict, evidence) = run.once(lane, plan).await?;
    task.done();
    let mut lines = lines(&evidence);
    lines.sort();
    Ok(Replayed { verdict, lines })
}

fn lines(evidence: &Evidence) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for moment in &evidence.timeline {
        let text = match &moment.what {
            Happening::Step { name } => name.clone(),
            Happening::Armed { fault } => format!("armed: {fault}"),
            Happening::Struck { fault } => format!("struck: {fault}"),
            Happening::Mended => "the last fault was over".to_owned(),
            Happening::Started => "the controller was started".to_owned(),
            Happening::Died => "the controller died".to_owned(),
            Happening::Converged => "everything stands".to_owned(),
            Happening::QuietFrom => "nothing may be written from here ...".to_owned(),
            Happening::QuietUntil => "... until here".to_owned(),
        };
        lines.push(Line {
            time: moment.time,
            column: Column::Plan,
            text,
        });
    }
    for entry in &evidence.requests {
        let column = match entry.service.as_str() {
            "gitlab" => Column::Gitlab,
            "kubernetes" => Column::Kubernetes,
            _ => Column::Aws,
        };
        let told = request(entry);
        lines.push(Line {
            time: entry.time,
            column,
            text: told.get(13..).unwrap_or_default().to_owned(),
        });
    }
    for version in &evidence.versions {
        let metadata = &version.object["metadata"];
        let part = |name: &str| metadata[name].as_str().unwrap_or_default().to_owned();
        let ready = super::cluster::condition(&version.object, "Ready");
        let reason = ready
            .and_then(|ready| ready["reason"].as_str())
            .unwrap_or("-");
        let text = format!(
            "{} {}/{} version {}: {}",
            version.object["kind"].as_str().unwrap_or_default(),
            part("namespace"),
            part("name"),
            part("resourceVersion"),
            if version.deleted { "deleted" } else { reason }
        );
        lines.push(Line {
            time: version.time,
            column: Column::Object,
            text,
        });
    }
    for line in evidence.log.lines() {
        let Some((time, text)) = line.split_once(' ') else {
            continue;
        };
        if let Ok(time) = time.parse() {
            lines.push(Line {
                time,
                column: Column::Log,
                text: shorten(text, LONGEST),
            });
        }
    }
    lines
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let column = match line.column {
                Column::Plan => "plan",
                Column::Gitlab => "  gitlab",
                Column::Aws => "    aws",
                Column::Kubernetes => "      kubernetes",
                Column::Object => "        object",
                Column::Log => "          log",
            };
            writeln!(
                f,
                "{} {column:<17} {}",
                clock(&line.time.to_string()),
                line.text
            )?;
        }
        write!(f, "\n{}", self.verdict)
    }
}
