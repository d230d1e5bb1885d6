//! The controller's own share of the time: from the moment the world could go on until the controller had acted.
//!
//! Everything is computed from journals: a pipeline's end from GitLab, what the controller read and wrote from the three
//! journals. While a pipeline runs, and until the controller's next look (at most the poll interval later), nothing is
//! the controller's share.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::call::{Call, System};
use super::forge::Forge;
use super::object::Object;

/// One gap, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The object.
    pub object: String,
    /// What had happened.
    pub after: String,
    /// What the controller did then.
    pub until: &'static str,
    /// From one to the other.
    pub whole: i64,
    /// What of it was waiting for the next look.
    pub poll: i64,
}

impl Gap {
    /// Answers the controller's own share of it.
    pub fn own(&self) -> i64 {
        self.whole - self.poll
    }
}

/// What gaps are found in.
#[derive(Debug, Clone, Copy)]
pub struct Story<'a> {
    /// The journals.
    pub calls: &'a [Call],
    /// The objects.
    pub objects: &'a BTreeMap<String, Object>,
    /// When each was first seen.
    pub appeared: &'a BTreeMap<String, Timestamp>,
    /// GitLab.
    pub forge: &'a Forge,
    /// How often the controller looks at what is under way.
    pub interval: Duration,
}

impl Story<'_> {
    /// Answers the gaps of every object that has a repository.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut objects: Vec<&Object> = self.objects.values().collect();
        objects.sort_by_key(|object| object.rank());
        let owners = objects
            .into_iter()
            .filter_map(|object| Some((object, object.status.repository.as_ref()?.path.as_str())));
        let gaps = owners.flat_map(|(object, path)| {
            let beginning = self.beginning(object, path);
            beginning
                .into_iter()
                .chain(self.after_pipelines(object, path))
        });
        gaps.collect()
    }

    /// From the object's appearance, or from its home's readiness, to the push that starts its first pipeline.
    fn beginning(&self, object: &Object, path: &str) -> Option<Gap> {
        let appeared = *self.appeared.get(&object.title())?;
        let home = format!("EnvironmentProvider {}", object.status.home);
        let ready = self.made_ready(&home, appeared);
        let from = ready.unwrap_or(appeared);
        let pushed = self.first(from, |call| {
            call.is(System::GitLab, "commits.create") && call.about == path && call.succeeded()
        })?;
        Some(Gap {
            object: object.title(),
            after: ready.map_or_else(|| "it appeared".into(), |_| format!("{home} was Ready")),
            until: "repository made and files pushed",
            whole: millis(from, pushed),
            poll: 0,
        })
    }

    fn after_pipelines(&self, object: &Object, path: &str) -> Vec<Gap> {
        let ends = self
            .forge
            .pipelines_of(path)
            .filter_map(|pipeline| Some((pipeline, pipeline.finished_at?)));
        ends.filter_map(|(pipeline, end)| {
            let started = self.first(end, |call| {
                call.is(System::GitLab, "pipelines.create") && call.about == path
            });
            let (acted, until) = match started {
                Some(time) => (time, "next pipeline started"),
                None => (self.made_ready(&object.title(), end)?, "told Ready"),
            };
            let noticed = self.first(end, |call| {
                call.system == System::GitLab && !call.mutating && call.about == path
            })?;
            let interval = i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX);
            // Where the next step needs a provider that was ready only later, the world could not go on before.
            let held = match object.kind.as_str() {
                "Application" => self.last_provider_ready(end, acted),
                _ => None,
            };
            let (from, after, poll) = match held {
                Some((time, title)) => (time, format!("{title} was Ready"), 0),
                None => {
                    let what = format!("pipeline {} ({}) ended", pipeline.id, pipeline.purpose());
                    (end, what, millis(end, noticed).min(interval))
                }
            };
            Some(Gap {
                object: object.title(),
                after,
                until,
                whole: millis(from, acted),
                poll,
            })
        })
        .collect()
    }

    /// Answers the provider that was the last to become ready between two times.
    fn last_provider_ready(&self, from: Timestamp, to: Timestamp) -> Option<(Timestamp, String)> {
        let providers = self
            .objects
            .values()
            .filter(|object| object.kind == "EnvironmentProvider");
        providers
            .filter_map(|provider| {
                Some((self.made_ready(&provider.title(), from)?, provider.title()))
            })
            .filter(|(time, _)| *time < to)
            .max()
    }

    fn made_ready(&self, title: &str, from: Timestamp) -> Option<Timestamp> {
        self.first(from, |call| call.made_ready && call.about == title)
    }

    /// Answers when the controller first made such a call.
    fn first(&self, from: Timestamp, is: impl Fn(&Call) -> bool) -> Option<Timestamp> {
        let calls = self.calls.iter();
        let found = calls.filter(|call| {
            call.time >= from && call.who == super::call::Who::Controller && is(call)
        });
        found.map(|call| call.time).min()
    }
}

fn millis(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millisecond() - from.as_millisecond()
}

#[cfg(test)]
mod tests;
