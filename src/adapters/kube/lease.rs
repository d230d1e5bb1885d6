//! The lease, through the API server (`coordination.k8s.io/v1`).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::coordination::v1::{Lease as Object, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client, ResourceExt};

use crate::api::FIELD_MANAGER;
use crate::domain::lease::{Epoch, Lease, Seen};
use crate::ports::{LeaseError, Leases};

/// One lease in one namespace.
pub struct KubeLeases {
    api: Api<Object>,
    name: String,
    what: String,
    /// The object as it was last seen: what others put beside the lease stays when it is written.
    last: Mutex<Option<Object>>,
}

impl KubeLeases {
    /// The lease of this name.
    pub fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
            what: format!("the lease {namespace}/{name}"),
            last: Mutex::new(None),
        }
    }

    fn keep(&self, object: Option<Object>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = object;
    }

    /// The object as it was at this version, or one of which nothing else is known.
    fn at(&self, version: &str) -> Object {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |last: &&Object| last.metadata.resource_version.as_deref() == Some(version);
        last.as_ref()
            .filter(same)
            .cloned()
            .unwrap_or_else(|| Object {
                metadata: ObjectMeta {
                    name: Some(self.name.clone()),
                    resource_version: Some(version.to_owned()),
                    ..ObjectMeta::default()
                },
                spec: None,
            })
    }

    fn written(&self, written: Result<Object, kube::Error>) -> Result<Seen, LeaseError> {
        let object = written.map_err(|error| self.failure(error))?;
        let seen = seen(&object);
        self.keep(Some(object));
        Ok(seen)
    }

    fn failure(&self, error: kube::Error) -> LeaseError {
        match error {
            // Somebody else wrote it, made it, or removed it.
            kube::Error::Api(status)
                if status.is_conflict() || status.is_already_exists() || status.is_not_found() =>
            {
                LeaseError::Changed
            }
            error => LeaseError::Unavailable(format!("{}: {error}", self.what)),
        }
    }
}

#[async_trait]
impl Leases for KubeLeases {
    async fn read(&self) -> Result<Option<Seen>, LeaseError> {
        let object = self.api.get_opt(&self.name).await;
        let object = object.map_err(|error| self.failure(error))?;
        let found = object.as_ref().map(seen);
        self.keep(object);
        Ok(found)
    }

    async fn create(&self, lease: &Lease) -> Result<Seen, LeaseError> {
        let object = Object {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            spec: Some(spec(LeaseSpec::default(), lease)),
        };
        self.written(self.api.create(&params(), &object).await)
    }

    async fn replace(&self, version: &str, lease: &Lease) -> Result<Seen, LeaseError> {
        let mut object = self.at(version);
        object.spec = Some(spec(object.spec.unwrap_or_default(), lease));
        self.written(self.api.replace(&self.name, &params(), &object).await)
    }
}

fn params() -> PostParams {
    PostParams {
        field_manager: Some(FIELD_MANAGER.into()),
        ..PostParams::default()
    }
}

fn seen(object: &Object) -> Seen {
    let spec = object.spec.clone().unwrap_or_default();
    let seconds = spec.lease_duration_seconds.unwrap_or_default();
    Seen {
        lease: Lease {
            holder: spec.holder_identity.unwrap_or_default(),
            epoch: Epoch::new(spec.lease_transitions.unwrap_or_default().into()),
            duration: u64::try_from(seconds)
                .ok()
                .filter(|seconds| *seconds > 0)
                .map(Duration::from_secs),
            acquired: spec.acquire_time.map(|MicroTime(time)| time),
            renewed: spec.renew_time.map(|MicroTime(time)| time),
        },
        version: object.resource_version().unwrap_or_default(),
    }
}

fn spec(before: LeaseSpec, lease: &Lease) -> LeaseSpec {
    let seconds = |duration: Duration| i32::try_from(duration.as_secs().max(1)).unwrap_or(i32::MAX);
    LeaseSpec {
        holder_identity: Some(lease.holder.clone()),
        lease_transitions: Some(i32::try_from(lease.epoch.number()).unwrap_or(i32::MAX)),
        lease_duration_seconds: lease.duration.map(seconds),
        acquire_time: lease.acquired.map(MicroTime),
        renew_time: lease.renewed.map(MicroTime),
        ..before
    }
}
