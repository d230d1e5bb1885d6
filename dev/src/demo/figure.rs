//! The figures that are promised, each with what was found.

use super::audit::Record;
use super::call::{Call, System, Who};
use super::forge::Forge;
use super::gap::Gap;
use super::object::Object;
use super::text::seconds;

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What is counted.
    pub what: String,
    /// What was found.
    pub found: String,
    /// What is promised.
    pub promised: String,
    /// Whether the promise was kept; nothing where this run cannot tell.
    pub kept: Option<bool>,
}

impl Figure {
    fn new(what: &str, found: impl ToString, promised: impl ToString, kept: bool) -> Self {
        Self {
            what: what.to_owned(),
            found: found.to_string(),
            promised: promised.to_string(),
            kept: Some(kept),
        }
    }

    /// Answers the row of the table.
    pub fn row(&self) -> [String; 4] {
        let kept = match self.kept {
            Some(true) => "ok",
            Some(false) => "MISSED",
            None => "-",
        };
        [
            self.what.clone(),
            self.found.clone(),
            self.promised.clone(),
            kept.to_owned(),
        ]
    }
}

/// An application that was made new, and everything that was written down about it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The application.
    pub object: &'a Object,
    /// All journals, by time.
    pub calls: &'a [Call],
    /// GitLab.
    pub forge: &'a Forge,
    /// All audit records.
    pub records: &'a [Record],
}

impl Case<'_> {
    fn path(&self) -> &str {
        let repository = self.object.status.repository.as_ref();
        repository.map_or("", |repository| repository.path.as_str())
    }

    fn about_project(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| {
            call.system == System::GitLab
                && call.who == Who::Controller
                && call.about == self.path()
        })
    }

    /// Answers the figures of GitLab.
    pub fn gitlab(&self) -> Vec<Figure> {
        let calls: Vec<&Call> = self.about_project().collect();
        let pushed = calls
            .iter()
            .position(|call| call.what == "commits.create" && call.succeeded())
            .map_or(calls.len(), |at| at + 1);
        let (before, after) = calls.split_at(pushed);
        let writes = before.iter().filter(|call| call.mutating).count();
        let reads = before.iter().filter(|call| !call.mutating).count();
        let settings = calls
            .iter()
            .filter(|call| call.what == "projects.update")
            .count();
        let starts = after
            .iter()
            .filter(|call| call.mutating && call.what != "projects.update")
            .count();
        let deployments = self.environments();
        vec![
            Figure::new(
                "GitLab writes until the first pipeline",
                writes,
                2,
                writes == 2,
            ),
            Figure::new("GETs about the project before them", reads, 0, reads == 0),
            Figure::new("PUTs of its settings", settings, 1, settings == 1),
            Figure::new(
                "GitLab writes for its deployments",
                starts,
                format!("{deployments} (one for each environment)"),
                starts == deployments,
            ),
            self.built_once(),
        ]
    }

    fn environments(&self) -> usize {
        let rows = self.object.status.deployments.iter();
        let names: std::collections::BTreeSet<_> = rows.map(|row| &row.environment).collect();
        names.len()
    }

    fn built_once(&self) -> Figure {
        let jobs = self
            .forge
            .pipelines_of(self.path())
            .flat_map(|pipeline| self.forge.jobs_of(pipeline.id));
        let builds = jobs.filter(|job| job.name() == "harmonix-build").count();
        Figure::new("build jobs", builds, 1, builds == 1)
    }

    /// Answers the figures of Kubernetes.
    pub fn kubernetes(&self) -> Vec<Figure> {
        let title = self.object.title();
        let writes: Vec<&Call> = self
            .calls
            .iter()
            .filter(|call| {
                call.system == System::Kubernetes && call.mutating && call.about == title
            })
            .collect();
        // The first write to the object itself, not to its status, holds the first intents: work begins with it.
        let begins = writes.iter().position(|call| call.what == "applications");
        let (waiting, working) = writes.split_at(begins.unwrap_or(writes.len()));
        let built = self
            .forge
            .pipelines_of(self.path())
            .find_map(|pipeline| pipeline.finished_at);
        let before = working
            .iter()
            .filter(|call| built.is_none_or(|built| call.time <= built))
            .count();
        let ready = working.iter().position(|call| call.made_ready);
        let until_ready = ready.map_or(working.len(), |at| at + 1);
        let most = 6 * self.environments();
        vec![
            Figure::new(
                "Kubernetes writes before its first pipeline's result",
                before,
                "at most 2",
                before <= 2,
            ),
            Figure::new(
                "Kubernetes writes until Ready",
                until_ready,
                format!("at most {most} (6 for each environment)"),
                ready.is_some() && until_ready <= most,
            ),
            Figure {
                kept: None,
                ..Figure::new(
                    "Kubernetes writes while it waited for its environments",
                    waiting.len(),
                    "not counted",
                    true,
                )
            },
        ]
    }

    /// Answers the figures of the audit tables.
    pub fn audit(&self) -> Vec<Figure> {
        let effects = self
            .calls
            .iter()
            .filter(|call| {
                call.system == System::GitLab
                    && call.who == Who::Controller
                    && call.mutating
                    && call.succeeded()
            })
            .count();
        let inserts = self
            .calls
            .iter()
            .filter(|call| {
                call.is(System::Aws, "dynamodb") && call.mutating && call.about != "probe"
            })
            .count();
        let records = self.records.len();
        vec![
            Figure::new(
                "DynamoDB writes, of all objects",
                inserts,
                format!("{effects} (one for each effect)"),
                inserts == effects,
            ),
            Figure::new(
                "audit records, of all objects",
                records,
                format!("{effects} (one for each effect)"),
                records == effects,
            ),
        ]
    }
}

/// The controller's own share of the time.
pub fn own_share(gaps: &[Gap]) -> Figure {
    let own: i64 = gaps.iter().map(Gap::own).sum();
    Figure::new(
        "the controller's own share of the time",
        seconds(own),
        "under 3 s",
        own < 3_000,
    )
}

/// The controller's memory at the end.
pub fn memory(resident: Option<u64>) -> Figure {
    const MEBIBYTE: u64 = 1024 * 1024;
    let what = "the controller's resident memory at the end";
    let promised = "under 30 MiB";
    match resident {
        Some(bytes) => Figure::new(
            what,
            format!("{} MiB", bytes.div_ceil(MEBIBYTE)),
            promised,
            bytes < 30 * MEBIBYTE,
        ),
        None => Figure::new(what, "it does not run", promised, false),
    }
}

/// How long the demo took, and what of it went into filling the caches.
pub fn total(total: std::time::Duration, preparation: std::time::Duration) -> Figure {
    /// Longer than this, tools or binary were not there yet.
    const WARM: u64 = 60;
    let minutes = |time: std::time::Duration| {
        format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
    };
    let found = format!(
        "{} ({} for tools and binary)",
        minutes(total),
        minutes(preparation)
    );
    let figure = Figure::new(
        "the whole demo",
        found,
        "under 8 min, caches warm",
        total.as_secs() < 8 * 60,
    );
    if preparation.as_secs() > WARM {
        return Figure {
            kept: figure.kept.filter(|kept| *kept),
            ..figure
        };
    }
    figure
}

#[cfg(test)]
mod tests;
