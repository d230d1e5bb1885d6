//! Pod Identity associations: which service account of a cluster gets which role.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{decoded, invalid, missing};
use crate::aws::answer::Refusal;
use crate::aws::call::Call;
use crate::aws::identity::letters;
use crate::aws::moto::Place;

/// One association.
#[derive(Debug, Clone)]
pub struct Association {
    place: Place,
    cluster: String,
    /// Its id.
    pub id: String,
    /// The namespace of the service account.
    pub namespace: String,
    /// The service account.
    pub account: String,
    /// The role.
    pub role: String,
    /// Whether sessions carry tags that say which pod they are for.
    pub tagged: bool,
    tags: BTreeMap<String, String>,
    created: Timestamp,
    modified: Timestamp,
}

/// All associations.
#[derive(Debug, Default)]
pub struct Associations(Mutex<Vec<Association>>);

/// What AWS can do with an association and the gate cannot.
const UNSERVED: [&str; 2] = ["policy", "targetRoleArn"];

impl Association {
    /// The ARN.
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:eks:{}:{}:podidentityassociation/{}/{}",
            self.place.region, self.place.account, self.cluster, self.id
        )
    }

    /// The association as a list shows it.
    pub fn summary(&self) -> Value {
        json!({
            "clusterName": self.cluster,
            "namespace": self.namespace,
            "serviceAccount": self.account,
            "associationArn": self.arn(),
            "associationId": self.id,
        })
    }

    /// The association as it is described.
    pub fn document(&self) -> Value {
        let mut document = self.summary();
        document["roleArn"] = json!(self.role);
        document["disableSessionTags"] = json!(!self.tagged);
        document["tags"] = json!(self.tags);
        document["createdAt"] = json!(self.created.as_second());
        document["modifiedAt"] = json!(self.modified.as_second());
        document
    }

    fn is(&self, place: &Place, cluster: &str) -> bool {
        self.place == *place && self.cluster == cluster
    }
}

impl Associations {
    fn with<T>(&self, use_all: impl FnOnce(&mut Vec<Association>) -> T) -> T {
        use_all(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes one; a service account has at most one.
    pub fn create(
        &self,
        place: &Place,
        cluster: &str,
        call: &Call,
    ) -> Result<Association, Refusal> {
        served(call)?;
        let text = |name: &str| {
            let given = call.text(name).filter(|text| !text.is_empty());
            given
                .map(str::to_owned)
                .ok_or_else(|| invalid(format!("{name} is required")))
        };
        let now = Timestamp::now();
        let made = Association {
            place: place.clone(),
            cluster: cluster.to_owned(),
            id: format!("a-{}", letters(17, b"abcdefghijklmnopqrstuvwxyz0123456789")),
            namespace: text("namespace")?,
            account: text("serviceAccount")?,
            role: text("roleArn")?,
            tagged: call.value("disableSessionTags").as_bool() != Some(true),
            tags: call.tags("tags"),
            created: now,
            modified: now,
        };
        self.with(|all| {
            let same = |one: &&Association| {
                one.is(place, cluster)
                    && (&one.namespace, &one.account) == (&made.namespace, &made.account)
            };
            if let Some(there) = all.iter().find(same) {
                return Err(Refusal::with_status(
                    "ResourceInUseException",
                    409,
                    format!("Association already exists: {}", there.id),
                ));
            }
            all.push(made.clone());
            Ok(made)
        })
    }

    /// Lists those of a cluster.
    pub fn list(&self, place: &Place, cluster: &str) -> Vec<Association> {
        let of = |all: &mut Vec<Association>| {
            all.iter()
                .filter(|one| one.is(place, cluster))
                .cloned()
                .collect()
        };
        self.with(of)
    }

    /// Answers one by its id.
    pub fn find(&self, place: &Place, cluster: &str, id: &str) -> Result<Association, Refusal> {
        self.change(place, cluster, id, |_| {})
    }

    /// Gives one another role, or switches its tags on or off.
    pub fn update(
        &self,
        place: &Place,
        cluster: &str,
        id: &str,
        call: &Call,
    ) -> Result<Association, Refusal> {
        served(call)?;
        self.change(place, cluster, id, |one| {
            if let Some(role) = call.text("roleArn") {
                role.clone_into(&mut one.role);
            }
            if let Some(disabled) = call.value("disableSessionTags").as_bool() {
                one.tagged = !disabled;
            }
            one.modified = Timestamp::now();
        })
    }

    fn change(
        &self,
        place: &Place,
        cluster: &str,
        id: &str,
        change: impl FnOnce(&mut Association),
    ) -> Result<Association, Refusal> {
        self.with(|all| {
            let found = all
                .iter_mut()
                .find(|one| one.is(place, cluster) && one.id == id);
            let one = found.ok_or_else(|| absent(id))?;
            change(one);
            Ok(one.clone())
        })
    }

    /// Takes one away.
    pub fn remove(&self, place: &Place, cluster: &str, id: &str) -> Result<Association, Refusal> {
        self.with(|all| {
            let at = all
                .iter()
                .position(|one| one.is(place, cluster) && one.id == id);
            Ok(all.remove(at.ok_or_else(|| absent(id))?))
        })
    }

    /// Takes those of a cluster away, which is gone.
    pub fn forget(&self, place: &Place, cluster: &str) {
        self.with(|all| all.retain(|one| !one.is(place, cluster)));
    }
}

fn absent(id: &str) -> Refusal {
    missing(format!("Association not found: {}", decoded(id)))
}

fn served(call: &Call) -> Result<(), Refusal> {
    let asked = UNSERVED
        .into_iter()
        .find(|name| !call.value(name).is_null());
    asked.map_or(Ok(()), |name| {
        Err(invalid(format!(
            "The gate serves Pod Identity associations without {name}"
        )))
    })
}
