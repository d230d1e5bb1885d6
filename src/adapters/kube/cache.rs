//! The caches.

use std::sync::Arc;

use futures::FutureExt as _;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::runtime::reflector::{ObjectRef, Store};

use crate::api::{Application, Environment, EnvironmentProvider};
use crate::domain::version::NamespaceFacts;
use crate::ports::Cache;

/// One cache a kind.
#[derive(Clone)]
pub struct Stores {
    /// Applications.
    pub applications: Store<Application>,
    /// Environments.
    pub environments: Store<Environment>,
    /// EnvironmentProviders.
    pub providers: Store<EnvironmentProvider>,
    /// Namespaces.
    pub namespaces: Store<Namespace>,
}

impl Stores {
    /// Resolves once every cache holds a complete list. A pass before that could take "not seen
    /// yet" for "not there".
    pub async fn ready(&self) {
        // A dropped writer means that we are stopping; then nobody looks any more.
        let _ = tokio::join!(
            self.applications.wait_until_ready(),
            self.environments.wait_until_ready(),
            self.providers.wait_until_ready(),
            self.namespaces.wait_until_ready(),
        );
    }

    /// The kinds that no complete list was seen of yet.
    pub fn unfilled(&self) -> Vec<&'static str> {
        let filled = [
            ("Application", is_filled(&self.applications)),
            ("Environment", is_filled(&self.environments)),
            ("EnvironmentProvider", is_filled(&self.providers)),
            ("Namespace", is_filled(&self.namespaces)),
        ];
        let unfilled = filled.into_iter().filter(|(_, filled)| !filled);
        unfilled.map(|(kind, _)| kind).collect()
    }
}

fn is_filled<K>(store: &Store<K>) -> bool
where
    K: kube::runtime::reflector::Lookup + Clone + 'static,
    K::DynamicType: Eq + std::hash::Hash + Clone,
{
    store.wait_until_ready().now_or_never().is_some()
}

impl Cache for Stores {
    fn provider(&self, name: &str) -> Option<Arc<EnvironmentProvider>> {
        self.providers.get(&ObjectRef::new(name))
    }

    fn environment(&self, name: &str) -> Option<Arc<Environment>> {
        self.environments.get(&ObjectRef::new(name))
    }

    fn namespace(&self, name: &str) -> Option<NamespaceFacts> {
        self.namespaces
            .get(&ObjectRef::new(name))
            .map(|namespace| NamespaceFacts {
                labels: namespace.labels().clone(),
                annotations: namespace.annotations().clone(),
            })
    }

    fn providers(&self) -> Vec<Arc<EnvironmentProvider>> {
        self.providers.state()
    }

    fn environments(&self) -> Vec<Arc<Environment>> {
        self.environments.state()
    }

    fn applications(&self) -> Vec<Arc<Application>> {
        self.applications.state()
    }

    fn application(&self, namespace: &str, name: &str) -> Option<Arc<Application>> {
        self.applications
            .get(&ObjectRef::new(name).within(namespace))
    }
}
