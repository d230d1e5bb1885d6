//! O10, generation: what the status says of itself only goes forward, and is never said of another generation.
//!
//! - `observedGeneration` of an object, and of each of its conditions, never decreases from one version to the next
//!   and is never ahead of the object's generation.
//! - Whenever the controller writes a status, it is about the generation that the object has then: `Ready=True` of an
//!   older one is never written. (A person's edit leaves the old status standing for a moment; readers see by
//!   `observedGeneration` that it is old.)
//! - At the end every status is about the generation that is there.
//!
//! Versions that somebody else wrote are no fault of the controller, and are left out: which ones it wrote is told by
//! the answers to its status patches (`detail.written`). Where the journal tells of none, all versions count as its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::version::{conditions, identity, is_true, uid};
use super::{Case, Finding, Proof};
use crate::chaos::evidence::Evidence;

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let evidence = case.evidence;
    let own = own(evidence);
    let mut found = Vec::new();
    let mut before: BTreeMap<&str, (usize, &Value)> = BTreeMap::new();
    for (at, version) in evidence.versions.iter().enumerate() {
        let object = &version.object;
        let number = object["metadata"]["resourceVersion"].as_str();
        let is_own = number.is_some_and(|number| own.contains(number));
        if version.deleted || !(own.is_empty() || is_own) {
            continue;
        }
        let earlier = before.insert(uid(object), (at, object));
        let written = earlier.is_none_or(|(_, previous)| object["status"] != previous["status"]);
        if !written || object["status"].is_null() {
            continue;
        }
        let mut proof: Vec<Proof> = earlier.iter().map(|(at, _)| Proof::Version(*at)).collect();
        proof.push(Proof::Version(at));
        let previous = earlier.map_or(&Value::Null, |(_, previous)| previous);
        let sentences = judge_step(previous, object);
        found.extend(sentences.map(|sentence| Finding::new(sentence).with(proof.clone())));
    }
    found.extend(evidence.objects.iter().filter_map(judge_end));
    found
}

/// The resource versions that the controller's status patches made.
fn own(evidence: &Evidence) -> BTreeSet<&str> {
    let patches = evidence.requests.iter().filter(|request| {
        let label = request.label.as_ref();
        let is_status =
            label.is_some_and(|label| label.service == "kubernetes" && label.verb == "status");
        is_status && request.took_effect()
    });
    patches
        .filter_map(|request| request.detail.get("written")?.as_str())
        .collect()
}

fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"]
        .as_i64()
        .unwrap_or_default()
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
