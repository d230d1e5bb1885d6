//! O10: a status never goes back, and never says what is not so.

use harmonix::api::SUSPEND_ANNOTATION;
use harmonix_miniature::State;
use kube::{Resource as _, ResourceExt as _};

use crate::sim::api::{Stored, Table};

/// What is wrong with a step from one status to the next.
pub fn status_step<K: Stored>(key: &str, before: &K, after: &K) -> Vec<String> {
    let mut found = Vec::new();
    if after.observed() < before.observed() {
        found.push(format!("O10: observedGeneration of {key} went back"));
    }
    if after.observed() > after.meta().generation {
        found.push(format!(
            "O10: the status of {key} speaks of a generation that does not exist"
        ));
    }
    let stale = |c: &&k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition| {
        c.type_ == "Ready" && c.observed_generation != after.observed()
    };
    if after.conditions().iter().any(|c| stale(&c)) {
        found.push(format!(
            "O10: Ready of {key} speaks of another generation than its status"
        ));
    }
    found
}

/// Whether an application that says that everything is as its spec says is right.
pub fn status_truth(state: &State, table: Table, key: &str) -> Vec<String> {
    let Some(application) = state
        .applications
        .get(key)
        .filter(|_| table == Table::Applications)
    else {
        return Vec::new();
    };
    let settled = application
        .conditions()
        .iter()
        .any(|c| c.type_ == "Ready" && c.status == "True" && c.reason == "Succeeded");
    let suspended = application
        .annotations()
        .get(SUSPEND_ANNOTATION)
        .is_some_and(|v| v == "true");
    if !settled || suspended || application.observed() != application.meta().generation {
        return Vec::new();
    }
    let mut found = Vec::new();
    for wanted in &application.spec.environments {
        let places = state
            .environments
            .get(&wanted.name)
            .map(|e| e.spec.providers.clone());
        for place in places.unwrap_or_default() {
            let cluster = format!("acme-{}-cluster", place.name);
            let service = state
                .services
                .iter()
                .find(|((c, name), _)| *c == cluster && is_of(name, application));
            if service.is_none_or(|(_, service)| service.desired != wanted.replicas) {
                found.push(format!(
                    "O10: {key} says that all is as its spec says, but {} does not run {} replicas",
                    wanted.name, wanted.replicas
                ));
            }
        }
    }
    found
}

/// Whether a service's name is one that an application gets.
fn is_of(service: &str, application: &harmonix::api::Application) -> bool {
    let namespace = application.namespace().unwrap_or_default();
    service.starts_with(&format!("{namespace}-{}", application.name_any()))
}
