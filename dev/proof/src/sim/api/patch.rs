//! Patches: the metadata by a merge, the status by server-side apply, both with preconditions.

use harmonix::api::{Application, Environment, EnvironmentProvider};
use harmonix_miniature::status_problems;
use serde_json::Value;

use super::write::{settle, wire};
use super::{Reply, Stored, Table};
use crate::sim::judge;
use crate::sim::universe::Universe;

/// What a patch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Finalizers and annotations.
    Metadata,
    /// The status.
    Status,
}

impl Universe {
    /// Does a patch.
    pub(super) fn patch(&self, table: Table, key: &str, part: Part, body: &Value) -> Reply {
        match table {
            Table::Providers => self.patch_as::<EnvironmentProvider>(key, part, body),
            Table::Environments => self.patch_as::<Environment>(key, part, body),
            Table::Applications => self.patch_as::<Application>(key, part, body),
            Table::Namespaces => Reply::refusal(403, "Forbidden", "namespaces are not ours"),
        }
    }

    fn patch_as<K: Stored>(&self, key: &str, part: Part, body: &Value) -> Reply {
        self.set_clock();
        let mut violations = Vec::new();
        let mut state = self.world().state();
        let Some(object) = K::rows(&mut state).get_mut(key) else {
            return Reply::refusal(404, "NotFound", "the object is not found");
        };
        let wanted = &body["metadata"];
        let text = |name: &str| wanted[name].as_str();
        if text("uid").is_none() || text("resourceVersion").is_none() {
            violations.push(format!("a patch of {key} without uid and resourceVersion"));
        }
        let meta = object.meta();
        if text("uid").is_some_and(|uid| meta.uid.as_deref() != Some(uid))
            || text("resourceVersion")
                .is_some_and(|version| meta.resource_version.as_deref() != Some(version))
        {
            return Reply::refusal(409, "Conflict", "the object has been modified");
        }
        let before = object.clone();
        let changed = match part {
            Part::Metadata => match merge(object, wanted) {
                Ok(changed) => changed,
                Err(problem) => {
                    *object = before;
                    return Reply::refusal(422, "Invalid", &problem);
                }
            },
            Part::Status => {
                violations.extend(status_problems(K::TABLE.kind(), &body["status"]));
                match object.set_status(body["status"].clone()) {
                    Ok(changed) => changed,
                    Err(error) => return Reply::refusal(422, "Invalid", &error.to_string()),
                }
            }
        };
        if !changed {
            return Reply::fine(wire(object));
        }
        if part == Part::Status {
            violations.extend(judge::status_step(key, &before, object));
        }
        let written = settle::<K>(&mut state, key);
        state.writes.push(format!("{part:?} {key}"));
        let truth = match part {
            Part::Status => judge::status_truth(&state, K::TABLE, key),
            Part::Metadata => Vec::new(),
        };
        violations.extend(truth);
        let version = state.version;
        drop(state);
        let body = self.keep_written(K::TABLE, key, written, version);
        let mut core = self.core();
        for violation in violations {
            core.journal.violation(violation);
        }
        Reply::fine(body)
    }
}

/// Merges finalizers and annotations. Whether anything changed.
fn merge<K: Stored>(object: &mut K, wanted: &Value) -> Result<bool, String> {
    let meta = object.meta_mut();
    let mut changed = false;
    for (name, value) in wanted.as_object().into_iter().flatten() {
        match name.as_str() {
            "uid" | "resourceVersion" => {}
            "finalizers" => {
                let new: Vec<String> = serde_json::from_value(value.clone()).unwrap_or_default();
                let old = meta.finalizers.clone().unwrap_or_default();
                let more = new.iter().any(|finalizer| !old.contains(finalizer));
                if more && meta.deletion_timestamp.is_some() {
                    return Err(
                        "no new finalizers can be added if the object is being deleted".into(),
                    );
                }
                changed |= new != old;
                meta.finalizers = Some(new);
            }
            "annotations" => {
                let annotations = meta.annotations.get_or_insert_default();
                for (name, value) in value.as_object().into_iter().flatten() {
                    let old = match value.as_str() {
                        Some(text) => annotations.insert(name.clone(), text.to_owned()),
                        None => annotations.remove(name),
                    };
                    changed |= old.as_deref() != value.as_str();
                }
            }
            other => return Err(format!("a patch of metadata.{other}")),
        }
    }
    Ok(changed)
}
