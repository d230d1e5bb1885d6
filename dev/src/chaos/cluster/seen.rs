//! What the watches told of our objects.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kube::ResourceExt;
use kube::api::DynamicObject;
use kube::runtime::watcher::Event;
use serde_json::Value;

use crate::chaos::evidence::Version;

#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Each object as the newest answer or event has it.
    pub(super) now: BTreeMap<String, Value>,
    /// Each object as the watch told it last.
    told: BTreeMap<String, Value>,
    pub(super) versions: Vec<Version>,
    /// What a list that is being read again holds so far, by kind.
    listed: BTreeMap<String, BTreeSet<String>>,
}

impl Seen {
    /// Takes an object as it is now, unless something newer is known: an answer may be ahead of the watch.
    pub(super) fn learn(&mut self, key: String, object: Value) {
        let is_older = self
            .now
            .get(&key)
            .is_some_and(|known| version(known) > version(&object));
        if !is_older {
            self.now.insert(key, object);
        }
    }

    /// Forgets what a list that was read again no longer holds: nobody tells that it was deleted while the watch
    /// was broken.
    fn drop_unlisted(&mut self, kind: &str) {
        let listed = self.listed.remove(kind).unwrap_or_default();
        let of_kind = |key: &str| key.split_once('/').is_some_and(|(found, _)| found == kind);
        let gone: Vec<String> = self
            .told
            .keys()
            .filter(|key| of_kind(key) && !listed.contains(*key))
            .cloned()
            .collect();
        for key in gone {
            self.now.remove(&key);
            if let Some(object) = self.told.remove(&key) {
                self.versions.push(Version {
                    time: Timestamp::now(),
                    object,
                    deleted: true,
                });
            }
        }
    }

    pub(super) fn take(&mut self, kind: &str, event: Event<DynamicObject>) {
        let (object, deleted, listed) = match event {
            Event::Apply(object) => (object, false, false),
            Event::InitApply(object) => (object, false, true),
            Event::Delete(object) => (object, true, false),
            Event::Init => {
                self.listed.remove(kind);
                return;
            }
            Event::InitDone => return self.drop_unlisted(kind),
        };
        let (name, object) = told(kind, object);
        let key = key(kind, &name);
        if listed {
            let listed = self.listed.entry(kind.to_owned()).or_default();
            listed.insert(key.clone());
        }
        if !deleted && self.told.get(&key) == Some(&object) {
            // A list that was read again tells nothing new.
            return;
        }
        if deleted {
            self.told.remove(&key);
            self.now.remove(&key);
        } else {
            self.told.insert(key.clone(), object.clone());
            self.learn(key, object.clone());
        }
        self.versions.push(Version {
            time: Timestamp::now(),
            object,
            deleted,
        });
    }
}

/// The name of an object, and the object with its kind, which an event of a watch may leave out.
pub(super) fn told(kind: &str, object: DynamicObject) -> (String, Value) {
    let name = match object.namespace() {
        Some(namespace) => format!("{namespace}/{}", object.name_any()),
        None => object.name_any(),
    };
    let mut object = serde_json::to_value(object).unwrap_or_default();
    if let Value::Object(fields) = &mut object {
        fields.insert("kind".into(), kind.into());
    }
    (name, object)
}

/// The number of an object's version; versions of one object may be compared.
fn version(object: &Value) -> Option<u64> {
    object["metadata"]["resourceVersion"].as_str()?.parse().ok()
}

pub(super) fn key(kind: &str, name: &str) -> String {
    format!("{kind}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str) -> DynamicObject {
        let resource = kube::core::ApiResource::erase::<k8s_openapi::api::core::v1::ConfigMap>(&());
        DynamicObject::new(name, &resource)
    }

    #[test]
    fn what_was_deleted_while_the_watch_was_broken_is_gone_when_the_list_was_read_again() {
        let mut seen = Seen::default();
        for name in ["cart", "till"] {
            seen.take("Application", Event::Apply(object(name)));
        }
        seen.take("Environment", Event::Apply(object("dev")));
        seen.take("Application", Event::Init);
        seen.take("Application", Event::InitApply(object("till")));
        assert_eq!(
            seen.now.len(),
            3,
            "until the list is read to its end nothing is gone"
        );
        seen.take("Application", Event::InitDone);
        let left: Vec<&String> = seen.now.keys().collect();
        assert_eq!(left, ["Application/till", "Environment/dev"]);
        let last = seen.versions.last().unwrap();
        assert!(last.deleted && last.object["metadata"]["name"] == "cart");
    }
}
