//! The writes. Each carries the version and the uid it was decided on, so that a decision on an old
//! view, or on an object of the same name before this one, is refused before it does anything.

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Patch, PatchParams};
use kube::core::{ApiResource, DynamicObject};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Api, Client, ResourceExt};
use serde_json::{Map, Value, json};

use crate::api::{
    Application, Environment, EnvironmentProvider, FIELD_MANAGER, INTENTS_ANNOTATION,
};
use crate::domain::identity::Kind;
use crate::domain::notice::{Notice, NoticeKind};
use crate::domain::version::{NamespaceFacts, Version};
use crate::ports::{Cache, Store, StoreError};

use super::Stores;
use super::failure::call;

/// Our objects, through the API server.
pub struct KubeStore {
    client: Client,
    stores: Stores,
    recorder: Recorder,
}

impl KubeStore {
    /// A store over a client and the caches that its feeds fill.
    pub fn new(client: Client, stores: Stores, instance: Option<String>) -> Self {
        let reporter = Reporter {
            controller: FIELD_MANAGER.into(),
            instance,
        };
        Self {
            recorder: Recorder::new(client.clone(), reporter),
            client,
            stores,
        }
    }

    fn api(&self, object: &Version) -> (Api<DynamicObject>, ApiResource) {
        let resource = match object.identity.kind {
            Kind::Provider => ApiResource::erase::<EnvironmentProvider>(&()),
            Kind::Environment => ApiResource::erase::<Environment>(&()),
            Kind::Application => ApiResource::erase::<Application>(&()),
        };
        let api = if object.identity.namespace.is_empty() {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), &object.identity.namespace, &resource)
        };
        (api, resource)
    }

    async fn patch_metadata(
        &self,
        object: &Version,
        mut metadata: Map<String, Value>,
    ) -> Result<Version, StoreError> {
        let (api, _) = self.api(object);
        metadata.insert(
            "resourceVersion".into(),
            object.resource_version.clone().into(),
        );
        metadata.insert("uid".into(), object.uid.clone().into());
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.into()),
            ..PatchParams::default()
        };
        let patch = Patch::Merge(json!({ "metadata": metadata }));
        let what = format!("patching {}", object.identity);
        let written = call(&what, api.patch(&object.identity.name, &params, &patch)).await?;
        Ok(seen(object, &written))
    }
}

fn seen(object: &Version, written: &DynamicObject) -> Version {
    Version {
        resource_version: written.resource_version().unwrap_or_default(),
        ..object.clone()
    }
}

#[async_trait]
impl Store for KubeStore {
    async fn hold(
        &self,
        object: &Version,
        finalizers: &[String],
        intents: &str,
    ) -> Result<Version, StoreError> {
        let metadata = Map::from_iter([
            ("finalizers".to_owned(), json!(finalizers)),
            (
                "annotations".to_owned(),
                json!({ INTENTS_ANNOTATION: intents }),
            ),
        ]);
        self.patch_metadata(object, metadata).await
    }

    async fn apply_status(&self, object: &Version, status: Value) -> Result<Version, StoreError> {
        let (api, resource) = self.api(object);
        let patch = Patch::Apply(json!({
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {
                "name": object.identity.name,
                "uid": object.uid,
                "resourceVersion": object.resource_version,
            },
            "status": status,
        }));
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let what = format!("writing the status of {}", object.identity);
        let written = call(
            &what,
            api.patch_status(&object.identity.name, &params, &patch),
        )
        .await?;
        Ok(seen(object, &written))
    }

    async fn release(&self, object: &Version, finalizers: &[String]) -> Result<(), StoreError> {
        self.patch_metadata(
            object,
            Map::from_iter([("finalizers".to_owned(), json!(finalizers))]),
        )
        .await
        .map(|_| ())
    }

    async fn notify(&self, object: &Version, notice: &Notice) {
        let (_, resource) = self.api(object);
        let namespace = &object.identity.namespace;
        let about = ObjectReference {
            api_version: Some(resource.api_version),
            kind: Some(resource.kind),
            name: Some(object.identity.name.clone()),
            namespace: (!namespace.is_empty()).then(|| namespace.clone()),
            uid: Some(object.uid.clone()),
            ..ObjectReference::default()
        };
        let event = Event {
            type_: match notice.kind {
                NoticeKind::Normal => EventType::Normal,
                NoticeKind::Warning => EventType::Warning,
            },
            reason: notice.reason.to_owned(),
            note: Some(notice.message.clone()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        if let Err(error) = call("publishing an event", self.recorder.publish(&event, &about)).await
        {
            tracing::debug!(object = %object.identity, %error, "an event was not published");
        }
    }
}

impl Cache for KubeStore {
    fn provider(&self, name: &str) -> Option<Arc<EnvironmentProvider>> {
        self.stores.provider(name)
    }

    fn environment(&self, name: &str) -> Option<Arc<Environment>> {
        self.stores.environment(name)
    }

    fn namespace(&self, name: &str) -> Option<NamespaceFacts> {
        self.stores.namespace(name)
    }

    fn providers(&self) -> Vec<Arc<EnvironmentProvider>> {
        self.stores.providers()
    }

    fn environments(&self) -> Vec<Arc<Environment>> {
        self.stores.environments()
    }

    fn applications(&self) -> Vec<Arc<Application>> {
        self.stores.applications()
    }

    fn application(&self, namespace: &str, name: &str) -> Option<Arc<Application>> {
        self.stores.application(namespace, name)
    }
}
