//! Whether a universe is at rest.

use harmonix::api::SUSPEND_ANNOTATION;
use harmonix_miniature::State;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use super::api::Stored;
use super::schedule::Trouble;
use super::universe::Universe;

/// How far a universe is from rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rest {
    /// Everything is as it should be.
    Good,
    /// Somebody has to do something.
    Stuck,
    /// Something is under way.
    Busy,
}

impl Universe {
    /// Whether it is at rest.
    pub fn rest(&self) -> Rest {
        if self.core().queue.is_landing() || self.is_troubled() {
            return Rest::Busy;
        }
        let state = self.world().state();
        objects(&state)
            .into_iter()
            .map(|(_, rest)| rest)
            .max()
            .unwrap_or(Rest::Good)
    }

    /// What keeps it from being at rest.
    pub fn unrest(&self) -> String {
        let state = self.world().state();
        let objects = objects(&state).into_iter();
        let moving: Vec<String> = objects
            .filter(|(_, rest)| *rest != Rest::Good)
            .map(|(what, rest)| format!("{what} is {rest:?}"))
            .collect();
        if moving.is_empty() {
            return format!(
                "something is written again and again: {:?}",
                state.writes.last()
            );
        }
        moving.join("; ")
    }

    /// Whether somebody is away right now.
    fn is_troubled(&self) -> bool {
        let age = self.age();
        self.schedule()
            .troubles
            .iter()
            .any(|trouble| match *trouble {
                Trouble::Outage { from, lasts, .. } | Trouble::Watches { from, lasts, .. } => {
                    (from..from + lasts).contains(&age)
                }
                Trouble::Strike { .. } | Trouble::Crash { .. } | Trouble::Stop { .. } => false,
            })
    }
}

fn objects(state: &State) -> Vec<(String, Rest)> {
    let mut found = Vec::new();
    for repository in &state.projects {
        for run in &repository.pipelines {
            if run.pipeline.status == "running" {
                found.push((format!("pipeline {}", run.pipeline.name), Rest::Busy));
            }
        }
    }
    for (name, object) in &state.providers {
        found.push(told(name, object));
    }
    for (name, object) in &state.environments {
        found.push(told(name, object));
    }
    for (key, object) in &state.applications {
        let (what, mut rest) = told(key, object);
        let path = format!("apps/{key}");
        let newest = state
            .projects
            .iter()
            .find(|r| r.project.path == path)
            .and_then(|r| {
                let builds = r.pipelines.iter().rev();
                builds
                    .filter(|run| run.pipeline.status != "skipped")
                    .find(|run| {
                        run.variables
                            .get("HARMONIX_ACTION")
                            .is_some_and(|a| a == "build")
                    })
            });
        let known = object
            .status
            .as_ref()
            .and_then(|s| s.pipeline.as_ref())
            .map(|p| p.id);
        let suspended = object
            .annotations()
            .get(SUSPEND_ANNOTATION)
            .is_some_and(|v| v == "true");
        if newest.map(|run| run.pipeline.id) != known && !suspended {
            rest = Rest::Busy;
        }
        found.push((what, rest));
    }
    found
}

/// What an object says of itself.
fn told<K: Stored>(key: &str, object: &K) -> (String, Rest) {
    let condition =
        |name: &str| -> Option<&Condition> { object.conditions().iter().find(|c| c.type_ == name) };
    let ready = condition("Ready");
    let what = ready.map_or_else(
        || format!("{key} without a status"),
        |ready| {
            format!(
                "{key} ({} {}: {})",
                ready.status, ready.reason, ready.message
            )
        },
    );
    let current = object.observed() == object.meta().generation;
    let suspended = object
        .annotations()
        .get(SUSPEND_ANNOTATION)
        .is_some_and(|v| v == "true");
    let good = ready.is_some_and(|ready| {
        let succeeded = ready.status == "True" && ready.reason == "Succeeded";
        (succeeded && !suspended) || (suspended && ready.reason == "Suspended")
    });
    let rest = if object.meta().deletion_timestamp.is_some() || !current {
        Rest::Busy
    } else if good {
        Rest::Good
    } else if condition("Stalled").is_some() {
        Rest::Stuck
    } else {
        Rest::Busy
    };
    (what, rest)
}
