//! Add-ons of clusters, which moto lacks: the gate remembers them and runs nothing. There are no nodes for them to run on.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{invalid, missing};
use crate::aws::answer::Refusal;
use crate::aws::call::Call;
use crate::aws::moto::Place;

/// The add-ons of all clusters, by place, cluster and name.
#[derive(Debug, Default)]
pub struct Addons(Mutex<BTreeMap<(Place, String, String), Value>>);

impl Addons {
    fn with<T>(
        &self,
        use_all: impl FnOnce(&mut BTreeMap<(Place, String, String), Value>) -> T,
    ) -> T {
        use_all(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds one to a cluster, which has it at once.
    pub fn create(&self, place: &Place, cluster: &str, call: &Call) -> Result<Value, Refusal> {
        let name = call
            .text("addonName")
            .ok_or_else(|| invalid("addonName is required"))?;
        let now = Timestamp::now().as_second();
        let made = json!({
            "addonName": name,
            "clusterName": cluster,
            "status": "ACTIVE",
            "health": { "issues": [] },
            "addonArn": format!(
                "arn:aws:eks:{}:{}:addon/{cluster}/{name}/00000000-0000-4000-8000-000000000000",
                place.region, place.account
            ),
            "createdAt": now,
            "modifiedAt": now,
            "tags": call.tags("tags"),
        });
        let key = (place.clone(), cluster.to_owned(), name.to_owned());
        self.with(|all| {
            if all.contains_key(&key) {
                return Err(Refusal::with_status(
                    "ResourceInUseException",
                    409,
                    "Addon already exists.",
                ));
            }
            all.insert(key, made.clone());
            Ok(made)
        })
    }

    /// Answers one of a cluster.
    pub fn find(&self, place: &Place, cluster: &str, name: &str) -> Result<Value, Refusal> {
        let key = (place.clone(), cluster.to_owned(), name.to_owned());
        let found = self.with(|all| all.get(&key).cloned());
        found.ok_or_else(|| missing(format!("No addon: {name} found in cluster: {cluster}")))
    }

    /// Takes those of a cluster away, which is gone.
    pub fn forget(&self, place: &Place, cluster: &str) {
        self.with(|all| all.retain(|(of, name, _), _| of != place || name != cluster));
    }
}
