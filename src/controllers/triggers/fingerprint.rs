//! Fingerprints: the part of an object whose change matters to somebody.

use std::hash::{DefaultHasher, Hash, Hasher};

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use crate::api::{self, EnvironmentProvider};

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What of an object matters to its own controller: all that people write, nothing that we do.
pub(super) fn own<K: ResourceExt>(object: &K) -> u64 {
    let annotation = |name: &str| object.annotations().get(name).cloned();
    hash((
        object.uid(),
        object.meta().generation,
        object.meta().deletion_timestamp.is_some(),
        [
            api::RETRY_ANNOTATION,
            api::SUSPEND_ANNOTATION,
            api::REQUESTED_BY_ANNOTATION,
        ]
        .map(annotation),
    ))
}

/// What of a provider matters to those who use it.
pub(super) fn provider(provider: &EnvironmentProvider) -> u64 {
    let status = provider.status.as_ref();
    let ready = status.map(|s| ready(&s.conditions));
    let table = status
        .and_then(|s| s.outputs.as_ref())
        .map(|outputs| outputs.audit_table.clone());
    hash((own(provider), ready, table))
}

/// What of a namespace matters to its applications.
pub(super) fn namespace(namespace: &Namespace) -> u64 {
    hash((
        namespace.labels().clone(),
        namespace
            .annotations()
            .get(api::GITLAB_GROUP_ANNOTATION)
            .cloned(),
    ))
}

fn ready(conditions: &[Condition]) -> Option<(String, Option<i64>)> {
    conditions
        .iter()
        .find(|condition| condition.type_ == "Ready")
        .map(|condition| (condition.status.clone(), condition.observed_generation))
}
