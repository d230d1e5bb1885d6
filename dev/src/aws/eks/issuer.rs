//! Which issuer signs the tokens of a cluster's service accounts. moto makes one up; where a cluster stands for one that is
//! really there, the world says which it is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::aws::moto::Place;

/// The clusters that are really there.
#[derive(Debug, Default)]
pub struct ClusterIssuers(Mutex<BTreeMap<(Place, String), String>>);

impl ClusterIssuers {
    /// Says who signs the tokens of this cluster.
    pub fn learn(&self, place: Place, cluster: String, issuer: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((place, cluster), issuer);
    }

    /// Puts the issuer into what moto says of a cluster.
    pub fn correct(&self, place: &Place, document: &mut Value) {
        let Some(name) = document["cluster"]["name"].as_str() else {
            return;
        };
        let key = (place.clone(), name.to_owned());
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(issuer) = known {
            document["cluster"]["identity"] = json!({ "oidc": { "issuer": issuer } });
        }
    }
}
