//! O10, generation: what the status says of itself only goes forward, and is never said of another generation.
//!
//! - `observedGeneration` of an object, and of each of its conditions, never decreases from one version to the next
//!   and is never ahead of the object's generation.
//! - Whenever the controller writes a status, it is about the generation that the object has then: `Ready=True` of an
//!   older one is never written. (A person's edit leaves the old status standing for a moment; readers see by
//!   `observedGeneration` that it is old.)
//! - At the end every status is about the generation that is there.
//!
//! Versions that somebody else wrote are no fault of the controller. Who wrote one is told by the field manager that
//! `managedFields` name last, where the versions have them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::version::{conditions, identity, is_true, uid};
use super::{Case, Finding, Proof};

const MANAGER: &str = "harmonix";

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let evidence = case.evidence;
    let mut found = Vec::new();
    let mut before: BTreeMap<&str, (usize, &Value)> = BTreeMap::new();
    for (at, version) in evidence.versions.iter().enumerate() {
        let object = &version.object;
        if let Some((earlier, previous)) = before.insert(uid(object), (at, object)) {
            let written = object["status"] != previous["status"];
            if written && !is_anothers(object, previous) {
                let proof = [Proof::Version(earlier), Proof::Version(at)];
                let steps = judge_step(previous, object);
                found.extend(steps.map(|sentence| Finding::new(sentence).with(proof.clone())));
            }
        }
    }
    for object in &evidence.objects {
        found.extend(judge_end(object));
    }
    found
}

fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"]
        .as_i64()
        .unwrap_or_default()
}

/// Whether somebody else wrote the status of this version: our own part of it is as it was.
fn is_anothers(object: &Value, previous: &Value) -> bool {
    let own = |object: &Value| -> Option<Vec<Value>> {
        let fields = object["metadata"]["managedFields"].as_array()?;
        let own = fields
            .iter()
            .filter(|entry| entry["manager"] == MANAGER && entry["subresource"] == "status");
        Some(own.cloned().collect())
    };
    let others = |object: &Value| -> Option<Vec<Value>> {
        let fields = object["metadata"]["managedFields"].as_array()?;
        let others = fields
            .iter()
            .filter(|entry| entry["manager"] != MANAGER && entry["subresource"] == "status");
        Some(others.cloned().collect())
    };
    match (own(object), own(previous)) {
        (Some(now), Some(then)) => {
            // Who takes a field over takes it out of our part: what tells is that another's part has changed.
            others(object) != others(previous) && times(&now) == times(&then)
        }
        _ => false,
    }
}

fn times(entries: &[Value]) -> Vec<&Value> {
    entries.iter().map(|entry| &entry["time"]).collect()
}

fn judge_step<'a>(
    previous: &'a Value,
    object: &'a Value,
) -> impl Iterator<Item = String> + use<'a> {
    let who = identity(object);
    let mut sentences = Vec::new();
    let observed = |object: &Value| object["status"]["observedGeneration"].as_i64();
    let (then, now, is) = (observed(previous), observed(object), generation(object));
    if let (Some(then), Some(now)) = (then, now)
        && now < then
    {
        sentences.push(format!(
            "the status of {who} was about generation {then} and then about {now}"
        ));
    }
    if then.is_some() && now.is_none() {
        sentences.push(format!(
            "the status of {who} no longer says which generation it is about"
        ));
    }
    if now.is_some_and(|now| now != is) {
        sentences.push(format!(
            "the status of {who} was written about generation {}, and the object had {is}",
            now.unwrap_or_default()
        ));
    }
    for condition in conditions(object) {
        let kind = condition["type"].as_str().unwrap_or_default();
        let about = condition["observedGeneration"].as_i64();
        let earlier = conditions(previous).find(|earlier| earlier["type"] == kind);
        let then = earlier.and_then(|earlier| earlier["observedGeneration"].as_i64());
        if about < then {
            sentences.push(format!(
                "{kind} of {who} was about generation {then:?} and then about {about:?}"
            ));
        }
        if about.is_some_and(|about| about > is) {
            sentences.push(format!(
                "{kind} of {who} is about generation {about:?}, and the object has {is}"
            ));
        }
        if kind == "Ready" && is_true(object, "Ready") && about != Some(is) {
            sentences.push(format!(
                "{who} was said to be Ready about generation {about:?}, and the object had {is}"
            ));
        }
    }
    sentences.into_iter()
}

fn judge_end(object: &Value) -> Option<Finding> {
    let status = object.get("status")?;
    let (about, is) = (status["observedGeneration"].as_i64(), generation(object));
    (about != Some(is)).then(|| {
        Finding::new(format!(
            "the status of {} ends about generation {about:?}, and the object has {is}",
            identity(object)
        ))
    })
}
