//! What kstatus makes of an object: the rules of `sigs.k8s.io/cli-utils/pkg/kstatus/status` for custom
//! resources, by which Flux goes. `cargo dev test gitops` compares them with the library itself, on objects that the
//! controller wrote.

use serde_json::Value;

/// kstatus' word for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kstatus {
    Current,
    InProgress,
    Failed,
    Terminating,
}

/// The word for an object as the API server shows it.
pub fn kstatus(object: &Value) -> Kstatus {
    if object
        .pointer("/metadata/deletionTimestamp")
        .is_some_and(|t| !t.is_null())
    {
        return Kstatus::Terminating;
    }
    let generation = object
        .pointer("/metadata/generation")
        .and_then(Value::as_i64);
    let observed = object
        .pointer("/status/observedGeneration")
        .and_then(Value::as_i64);
    if observed.is_some() && observed != generation {
        return Kstatus::InProgress;
    }
    let conditions = object
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    let status = |kind: &str| {
        conditions?
            .iter()
            .find(|condition| condition["type"] == kind)?
            .get("status")?
            .as_str()
    };
    if status("Reconciling") == Some("True") {
        return Kstatus::InProgress;
    }
    if status("Stalled") == Some("True") {
        return Kstatus::Failed;
    }
    // "Ready" is not one of the two, but every object that has it is in progress until it is true.
    match status("Ready") {
        Some("False" | "Unknown") => Kstatus::InProgress,
        _ => Kstatus::Current,
    }
}
