//! Whether a universe is at rest.

use harmonix::api::{Application, DeploymentState, SUSPEND_ANNOTATION};
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
        let mut worst = Rest::Good;
        survey(&self.world().state(), |rest, _| worst = worst.max(rest));
        worst
    }

    /// What keeps it from being at rest.
    pub fn unrest(&self) -> String {
        let state = self.world().state();
        let mut moving = Vec::new();
        survey(&state, |rest, what| {
            if rest != Rest::Good {
                moving.push(format!("{} is {rest:?}", what()));
            }
        });
        if moving.is_empty() {
            let last = state.writes.last();
            return format!("something is written again and again: {last:?}");
        }
        moving.join("; ")
    }

    /// Whether somebody is away right now.
    fn is_troubled(&self) -> bool {
        let age = self.age();
        let mut troubles = self.schedule().troubles.iter();
        troubles.any(|trouble| match *trouble {
            Trouble::Outage { from, lasts, .. } | Trouble::Watches { from, lasts, .. } => {
                (from..from + lasts).contains(&age)
            }
            Trouble::Strike { .. } | Trouble::Crash { .. } | Trouble::Stop { .. } => false,
        })
    }
}

/// Looks at everything; what it is called is only made up where somebody wants to know.
fn survey(state: &State, mut tell: impl FnMut(Rest, &dyn Fn() -> String)) {
    for repository in &state.projects {
        for run in &repository.pipelines {
            if run.pipeline.status == "running" {
                tell(Rest::Busy, &|| format!("pipeline {}", run.pipeline.name));
            }
        }
        let key = repository.project.path.strip_prefix("apps/");
        let object = key.and_then(|key| state.applications.get(key));
        let lives = object.is_some_and(|object| !is_suspended(object));
        let ours = repository
            .files
            .get(".harmonix/deploy.sh")
            .filter(|_| lives);
        if ours.is_some_and(|(text, _)| text == "exit 0\n") {
            tell(Rest::Busy, &|| {
                format!("our file in {}", repository.project.path)
            });
        }
    }
    for (name, object) in &state.providers {
        tell(told(object), &|| words(name, object));
    }
    for (name, object) in &state.environments {
        tell(told(object), &|| words(name, object));
    }
    for (key, object) in &state.applications {
        let rest = if knows_newest_build(state, key, object) && !is_kept_waiting(object) {
            told(object)
        } else {
            Rest::Busy
        };
        tell(rest, &|| words(key, object));
    }
}

/// Whether an application tells of the newest build; one that is suspended need not.
fn knows_newest_build(state: &State, key: &str, object: &Application) -> bool {
    let path = format!("apps/{key}");
    let repository = state.projects.iter().find(|r| r.project.path == path);
    let newest = repository.and_then(|repository| {
        let mut runs = repository.pipelines.iter().rev();
        runs.find(|run| {
            run.pipeline.status != "skipped"
                && run
                    .variables
                    .get("HARMONIX_ACTION")
                    .is_some_and(|action| action == "build")
        })
    });
    let told = object
        .status
        .as_ref()
        .and_then(|status| status.pipeline.as_ref());
    is_suspended(object) || newest.map(|run| run.pipeline.id) == told.map(|told| told.id)
}

/// Whether a release could go on to a place, but for what passes: what comes after a place that failed waits for people.
fn is_kept_waiting(object: &Application) -> bool {
    let Some(status) = object.status.as_ref().filter(|_| !is_suspended(object)) else {
        return false;
    };
    let mut deployments = status.deployments.iter();
    let first = deployments.find(|deployment| {
        let state = deployment.state;
        !matches!(state, DeploymentState::Running | DeploymentState::Stopped)
    });
    status.release.is_some() && first.is_some_and(|first| first.state == DeploymentState::Waiting)
}

fn is_suspended<K: ResourceExt>(object: &K) -> bool {
    object
        .annotations()
        .get(SUSPEND_ANNOTATION)
        .is_some_and(|value| value == "true")
}

fn condition<'a, K: Stored>(object: &'a K, name: &str) -> Option<&'a Condition> {
    object
        .conditions()
        .iter()
        .find(|condition| condition.type_ == name)
}

fn words<K: Stored>(key: &str, object: &K) -> String {
    condition(object, "Ready").map_or_else(
        || format!("{key} without a status"),
        |ready| {
            format!(
                "{key} ({} {}: {})",
                ready.status, ready.reason, ready.message
            )
        },
    )
}

/// What an object says of itself.
fn told<K: Stored>(object: &K) -> Rest {
    let good = condition(object, "Ready").is_some_and(|ready| {
        if is_suspended(object) {
            ready.reason == "Suspended"
        } else {
            ready.status == "True" && ready.reason == "Succeeded"
        }
    });
    let current = object.observed() == object.meta().generation;
    if object.meta().deletion_timestamp.is_some() || !current {
        Rest::Busy
    } else if good {
        Rest::Good
    } else if condition(object, "Stalled").is_some() {
        Rest::Stuck
    } else {
        Rest::Busy
    }
}
