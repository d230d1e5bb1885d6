//! The caches.

use std::hash::Hash;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, join_all};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::runtime::reflector::{Lookup, ObjectRef, Store};

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
    filled: [Filled; 4],
}

/// A kind, and what resolves once its cache holds a complete list. A store wakes only the last one who waits for it, so
/// nobody but this does, and everybody else waits for this.
#[derive(Clone)]
struct Filled(&'static str, Shared<BoxFuture<'static, ()>>);

impl Filled {
    fn of<K>(kind: &'static str, store: &Store<K>) -> Self
    where
        K: Lookup + Clone + Send + Sync + 'static,
        K::DynamicType: Eq + Hash + Clone + Send + Sync,
    {
        let store = store.clone();
        let filled = async move {
            // A dropped writer means that we are stopping; then nobody looks any more.
            let _ = store.wait_until_ready().await;
        };
        Self(kind, filled.boxed().shared())
    }
}

impl Stores {
    /// The caches that these are.
    pub fn new(
        applications: Store<Application>,
        environments: Store<Environment>,
        providers: Store<EnvironmentProvider>,
        namespaces: Store<Namespace>,
    ) -> Self {
        Self {
            filled: [
                Filled::of("Application", &applications),
                Filled::of("Environment", &environments),
                Filled::of("EnvironmentProvider", &providers),
                Filled::of("Namespace", &namespaces),
            ],
            applications,
            environments,
            providers,
            namespaces,
        }
    }

    /// Resolves once every cache holds a complete list. A pass before that could take "not seen
    /// yet" for "not there".
    pub async fn ready(&self) {
        join_all(self.filled.iter().map(|Filled(_, filled)| filled.clone())).await;
    }

    /// The kinds that no complete list was seen of yet.
    pub fn unfilled(&self) -> Vec<&'static str> {
        let unfilled = |Filled(kind, filled): &Filled| {
            let is_filled = filled.clone().now_or_never().is_some();
            (!is_filled).then_some(*kind)
        };
        self.filled.iter().filter_map(unfilled).collect()
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kube::runtime::reflector::store;
    use kube::runtime::watcher::Event;

    use super::*;

    #[tokio::test]
    async fn who_asks_what_is_unfilled_takes_no_wake_up_from_who_waits() {
        let (applications, mut application_writer) = store();
        let (environments, mut environment_writer) = store();
        let (providers, mut provider_writer) = store();
        let (namespaces, mut namespace_writer) = store();
        let stores = Stores::new(applications, environments, providers, namespaces);
        let waiting = tokio::spawn({
            let stores = stores.clone();
            async move { stores.ready().await }
        });
        tokio::task::yield_now().await;
        assert_eq!(stores.unfilled().len(), 4);

        application_writer.apply_watcher_event(&Event::InitDone);
        environment_writer.apply_watcher_event(&Event::InitDone);
        provider_writer.apply_watcher_event(&Event::InitDone);
        assert_eq!(stores.unfilled(), ["Namespace"]);
        namespace_writer.apply_watcher_event(&Event::InitDone);
        let waited = tokio::time::timeout(Duration::from_secs(5), waiting).await;
        waited.unwrap().unwrap();
        assert!(stores.unfilled().is_empty());
    }
}
