//! What people write: they create, edit, annotate and delete.

use bytes::Bytes;
use harmonix_miniature::State;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;
use serde_json::json;

use super::{Did, Stored, Table};
use crate::sim::universe::Universe;

/// An object as it is on the wire.
pub(super) fn wire(object: &impl Serialize) -> Bytes {
    serde_json::to_vec(object).unwrap_or_default().into()
}

fn next_version(state: &mut State) -> u64 {
    state.version += 1;
    state.version
}

/// What one change leaves of an object.
pub(super) struct Written {
    pub(super) body: Bytes,
    pub(super) gone: bool,
}

impl Universe {
    /// Makes an object or changes its spec, as `kubectl apply` does. One that asks for nothing new is left alone.
    pub fn apply<K: Stored>(&self, key: &str, mut object: K) {
        self.set_clock();
        let mut state = self.world().state();
        let old = K::rows(&mut state).get(key).cloned();
        if old.as_ref().is_some_and(|old| old.asks_the_same(&object)) {
            return;
        }
        let version = next_version(&mut state);
        let number = state.next_number();
        if let Some(old) = &old {
            *object.meta_mut() = old.meta().clone();
        }
        let meta = object.meta_mut();
        meta.generation = Some(meta.generation.unwrap_or_default() + 1);
        meta.uid.get_or_insert(format!("uid-{number}"));
        meta.resource_version = Some(version.to_string());
        let body = wire(&object);
        K::rows(&mut state).insert(key.to_owned(), object);
        drop(state);
        let did = if old.is_none() {
            Did::Added
        } else {
            Did::Modified
        };
        self.keep(K::TABLE, key, did, version, body);
    }

    /// Changes an object's metadata, whatever the controller does meanwhile.
    pub fn touch<K: Stored>(&self, key: &str, change: impl FnOnce(&mut K)) {
        self.set_clock();
        let mut state = self.world().state();
        let version = next_version(&mut state);
        let Some(object) = K::rows(&mut state).get_mut(key) else {
            return;
        };
        change(object);
        object.meta_mut().resource_version = Some(version.to_string());
        let body = wire(object);
        drop(state);
        self.keep(K::TABLE, key, Did::Modified, version, body);
    }

    /// Asks for an object's deletion.
    pub fn delete<K: Stored>(&self, key: &str) {
        self.set_clock();
        let mut state = self.world().state();
        let now = state.now();
        let Some(object) = K::rows(&mut state).get_mut(key) else {
            return;
        };
        let meta = object.meta_mut();
        if meta.deletion_timestamp.is_some() {
            return;
        }
        meta.deletion_timestamp = Some(Time(now));
        meta.generation = meta.generation.map(|generation| generation + 1);
        let written = settle::<K>(&mut state, key);
        let version = state.version;
        drop(state);
        self.keep_written(K::TABLE, key, written, version);
    }

    /// Makes a namespace.
    pub fn namespace(&self, name: &str) {
        self.set_clock();
        let mut state = self.world().state();
        let version = next_version(&mut state);
        state.namespaces.entry(name.to_owned()).or_default();
        drop(state);
        let body = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": { "name": name, "uid": format!("uid-of-{name}"), "resourceVersion": version.to_string() },
        });
        self.keep(Table::Namespaces, name, Did::Added, version, wire(&body));
    }

    pub(super) fn keep_written(
        &self,
        table: Table,
        key: &str,
        written: Written,
        version: u64,
    ) -> Bytes {
        let did = if written.gone {
            Did::Deleted
        } else {
            Did::Modified
        };
        self.keep(table, key, did, version, written.body.clone());
        written.body
    }

    fn keep(&self, table: Table, key: &str, did: Did, version: u64, body: Bytes) {
        let now = self.now();
        self.server().keep(table, key, did, version, now, body);
        self.wrote();
        self.tell_change();
    }
}

/// Gives a changed object its new version; one that is deleted and held by nobody goes.
pub(super) fn settle<K: Stored>(state: &mut State, key: &str) -> Written {
    let version = next_version(state);
    let rows = K::rows(state);
    let Some(object) = rows.get_mut(key) else {
        return Written {
            body: Bytes::new(),
            gone: true,
        };
    };
    object.meta_mut().resource_version = Some(version.to_string());
    let body = wire(object);
    let gone = object.meta().deletion_timestamp.is_some() && object.finalizers().is_empty();
    if gone {
        rows.remove(key);
    }
    Written { body, gone }
}
