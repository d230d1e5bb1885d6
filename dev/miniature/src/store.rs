//! Our own objects, as the API server keeps them and the caches show them.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use harmonix::api::{Application, Environment, EnvironmentProvider, INTENTS_ANNOTATION, all_crds};
use harmonix::domain::identity::Kind;
use harmonix::domain::notice::Notice;
use harmonix::domain::version::{NamespaceFacts, Version};
use harmonix::ports::{Cache, Store, StoreError};
use jsonschema::Validator;
use kube::ResourceExt;
use kube::api::ObjectMeta;
use serde_json::Value;

use super::fault::Side;
use super::{State, World, key};

/// The schema of each kind's status: what the API server would refuse is a violation here.
static STATUS: LazyLock<Vec<(String, Validator)>> = LazyLock::new(|| {
    all_crds()
        .iter()
        .map(|crd| {
            let crd_value = serde_json::to_value(crd).unwrap();
            let schema = crd_value
                .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/status")
                .unwrap();
            (
                crd.spec.names.kind.clone(),
                jsonschema::draft202012::new(schema).unwrap(),
            )
        })
        .collect()
});

/// What the API server would refuse of a status of this kind.
pub fn status_problems(kind: &str, status: &Value) -> Vec<String> {
    let schema = STATUS.iter().find(|(name, _)| name == kind).unwrap();
    schema
        .1
        .iter_errors(status)
        .map(|error| format!("{kind} status {}: {error}", error.instance_path()))
        .collect()
}

impl Cache for World {
    fn provider(&self, name: &str) -> Option<Arc<EnvironmentProvider>> {
        self.state().providers.get(name).cloned().map(Arc::new)
    }

    fn environment(&self, name: &str) -> Option<Arc<Environment>> {
        self.state().environments.get(name).cloned().map(Arc::new)
    }

    fn namespace(&self, name: &str) -> Option<NamespaceFacts> {
        self.state().namespaces.get(name).cloned()
    }

    fn providers(&self) -> Vec<Arc<EnvironmentProvider>> {
        self.state()
            .providers
            .values()
            .cloned()
            .map(Arc::new)
            .collect()
    }

    fn environments(&self) -> Vec<Arc<Environment>> {
        self.state()
            .environments
            .values()
            .cloned()
            .map(Arc::new)
            .collect()
    }

    fn applications(&self) -> Vec<Arc<Application>> {
        self.state()
            .applications
            .values()
            .cloned()
            .map(Arc::new)
            .collect()
    }

    fn application(&self, namespace: &str, name: &str) -> Option<Arc<Application>> {
        let key = key(namespace, name);
        self.state().applications.get(&key).cloned().map(Arc::new)
    }
}

impl State {
    /// The metadata of an object at exactly this version.
    fn at(&mut self, version: &Version) -> Result<&mut ObjectMeta, StoreError> {
        let name = &version.identity.name;
        let meta = match version.identity.kind {
            Kind::Provider => self.providers.get_mut(name).map(|o| &mut o.metadata),
            Kind::Environment => self.environments.get_mut(name).map(|o| &mut o.metadata),
            Kind::Application => {
                let key = key(&version.identity.namespace, name);
                self.applications.get_mut(&key).map(|o| &mut o.metadata)
            }
        };
        let meta = meta.ok_or(StoreError::Gone)?;
        if meta.resource_version.as_deref() == Some(version.resource_version.as_str()) {
            Ok(meta)
        } else {
            Err(StoreError::Stale)
        }
    }

    fn bump(&mut self, version: &Version) -> Result<Version, StoreError> {
        self.version += 1;
        let next = self.version.to_string();
        self.at(version)?.resource_version = Some(next.clone());
        Ok(Version {
            resource_version: next,
            ..version.clone()
        })
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("the API server does not answer".into())
}

#[async_trait]
impl Store for World {
    async fn hold(
        &self,
        object: &Version,
        finalizers: &[String],
        intents: &str,
    ) -> Result<Version, StoreError> {
        let what = format!("hold {}", object.identity);
        self.write(Side::Ours, &what, unavailable(), |state| {
            let meta = state.at(object)?;
            meta.finalizers = Some(finalizers.to_vec());
            meta.annotations
                .get_or_insert_default()
                .insert(INTENTS_ANNOTATION.into(), intents.into());
            state.bump(object)
        })
        .await
    }

    async fn apply_status(&self, object: &Version, status: Value) -> Result<Version, StoreError> {
        let what = format!("status {}", object.identity);
        self.write(Side::Ours, &what, unavailable(), |state| {
            state.at(object)?;
            let kind = object.identity.kind.as_str();
            state.violations.extend(status_problems(kind, &status));
            let name = &object.identity.name;
            let status = status.clone();
            match object.identity.kind {
                Kind::Provider => {
                    state.providers.get_mut(name).unwrap().status =
                        serde_json::from_value(status).unwrap();
                }
                Kind::Environment => {
                    state.environments.get_mut(name).unwrap().status =
                        serde_json::from_value(status).unwrap();
                }
                Kind::Application => {
                    let key = key(&object.identity.namespace, name);
                    state.applications.get_mut(&key).unwrap().status =
                        serde_json::from_value(status).unwrap();
                }
            }
            state.bump(object)
        })
        .await
    }

    async fn release(&self, object: &Version, finalizers: &[String]) -> Result<(), StoreError> {
        let what = format!("release {}", object.identity);
        self.write(Side::Ours, &what, unavailable(), |state| {
            let meta = state.at(object)?;
            meta.finalizers = Some(finalizers.to_vec());
            let gone = meta.deletion_timestamp.is_some() && finalizers.is_empty();
            state.bump(object)?;
            if gone {
                state
                    .applications
                    .retain(|_, o| o.uid().as_ref() != Some(&object.uid));
                state
                    .providers
                    .retain(|_, o| o.uid().as_ref() != Some(&object.uid));
            }
            Ok(())
        })
        .await
    }

    async fn notify(&self, _object: &Version, notice: &Notice) {
        if notice.message.len() > 4096 {
            self.state()
                .violations
                .push(format!("a notice is too long: {}", notice.message));
        }
    }
}
