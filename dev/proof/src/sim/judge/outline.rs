//! O1 and O2: what there is in the end, without what differs from run to run.

use std::collections::BTreeMap;

use harmonix_miniature::{Shape, State, World, shape};

/// What there is in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Everything, with how often each thing was done.
    pub shape: Shape,
    /// What each service runs, by the subject of its commit.
    pub releases: BTreeMap<String, String>,
    /// What each service runs, by the last change of the developers in it.
    pub sources: BTreeMap<String, String>,
    /// How often each of our commits was made.
    pub commits: BTreeMap<String, usize>,
}

impl Outline {
    /// The outline of a world.
    pub fn of(world: &World) -> Self {
        let shape = shape(world);
        let state = world.state();
        let runs = |told: &dyn Fn(&str) -> Option<String>| {
            let services = state.services.iter().map(|((cluster, name), service)| {
                let release = service.tags.get("harmonix:release");
                let release = release.and_then(|release| told(release));
                let release = release.unwrap_or_else(|| "nothing".to_owned());
                (format!("{name} in {cluster}"), release)
            });
            services.collect()
        };
        let releases = runs(&|sha| subject(&state, sha));
        let sources = runs(&|sha| source(&state, sha));
        let mut commits = BTreeMap::new();
        for repository in &state.projects {
            for (_, message) in &repository.commits {
                let subject = message.lines().next().unwrap_or_default();
                let key = format!("{} {subject}", repository.project.path);
                *commits.entry(key).or_default() += 1;
            }
        }
        drop(state);
        Self {
            shape,
            releases,
            sources,
            commits,
        }
    }

    /// What differs from `reference`: O1 always, O2 where effects can be counted.
    pub fn differs(&self, reference: &Self, strict: bool) -> Vec<String> {
        let (wanted, seen) = (&reference.shape, &self.shape);
        let mut found = Vec::new();
        // Words are only made of what differs: nearly always nothing does.
        let mut compare =
            |oracle: &str, what: &str, same: bool, words: &dyn Fn(&Self) -> String| {
                if !same {
                    let difference = difference(&words(reference), &words(self));
                    found.push(format!("{oracle}: {what}: {difference}"));
                }
            };
        compare("O1", "groups", wanted.groups == seen.groups, &|outline| {
            lines(&outline.shape.groups)
        });
        let files = wanted.projects.iter().map(|(path, files, _)| (path, files));
        let same = files.eq(seen.projects.iter().map(|(path, files, _)| (path, files)));
        compare("O1", "files", same, &|outline| words(&outline.shape));
        compare("O1", "objects", wanted.ready == seen.ready, &|outline| {
            lines(&outline.shape.ready)
        });
        let same = wanted.services == seen.services;
        compare("O1", "services", same, &|outline| {
            lines(&outline.shape.services)
        });
        let same = reference.sources == self.sources;
        compare("O1", "sources", same, &|outline| lines(&outline.sources));
        if strict {
            let same = reference.releases == self.releases;
            compare("O1", "releases", same, &|outline| lines(&outline.releases));
            let same = wanted.pipelines == seen.pipelines;
            compare("O2", "pipelines", same, &|outline| {
                lines(&outline.shape.pipelines)
            });
            let same = reference.commits == self.commits;
            compare("O2", "commits", same, &|outline| lines(&outline.commits));
            let same = wanted.records == seen.records;
            compare("O2", "records", same, &|outline| {
                lines(&outline.shape.records)
            });
        }
        found
    }
}

/// The files, a line each.
fn words(shape: &Shape) -> String {
    let mut text = String::new();
    for (path, files, _) in &shape.projects {
        for (file, content) in files {
            text.extend([path.as_str(), " ", file, " "]);
            text.extend(content.escape_debug());
            text.push('\n');
        }
    }
    text
}

/// The commit, by its subject.
fn subject(state: &State, sha: &str) -> Option<String> {
    let mut commits = state.projects.iter().flat_map(|r| &r.commits);
    let (_, message) = commits.find(|(id, _)| id == sha)?;
    message.lines().next().map(str::to_owned)
}

/// The last change of the developers until a commit. Where people do several things at a time, it depends
/// on the order whether a commit of ours that is built comes before or after theirs; what is built is their
/// source.
fn source(state: &State, sha: &str) -> Option<String> {
    let mut histories = state.projects.iter().map(|r| &r.commits);
    let commits = histories.find(|commits| commits.iter().any(|(id, _)| id == sha))?;
    let mut before = commits.iter().rev().skip_while(|(id, _)| id != sha);
    let last = before.find(|(_, message)| message.starts_with("Change "));
    let subject = last.and_then(|(_, message)| message.lines().next());
    Some(subject.unwrap_or("what was there at the start").to_owned())
}

fn lines<T: std::fmt::Debug>(things: impl IntoIterator<Item = T>) -> String {
    let lines: Vec<String> = things
        .into_iter()
        .map(|thing| format!("{thing:?}"))
        .collect();
    lines.join("\n")
}

fn difference(wanted: &str, seen: &str) -> String {
    let only = |a: &str, b: &str| {
        let lines: Vec<String> = a
            .lines()
            .filter(|line| !b.lines().any(|other| other == *line))
            .map(|line| line.trim().chars().take(160).collect())
            .collect();
        lines.join(", ")
    };
    format!(
        "missing [{}], instead [{}]",
        only(wanted, seen),
        only(seen, wanted)
    )
}
