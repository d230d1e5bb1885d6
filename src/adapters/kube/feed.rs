//! Feeds: one watch a kind, which fills the cache and then tells what changed.

use std::fmt::Debug;

use futures::stream::BoxStream;
use futures::{StreamExt as _, future, stream};
use k8s_openapi::api::core::v1::Namespace;
use kube::runtime::reflector::store;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::api::{Application, Environment, EnvironmentProvider};

use super::Stores;

/// What changed in one kind, after the cache took it.
pub type Feed<K> = BoxStream<'static, Event<K>>;

/// One feed a kind.
pub struct Feeds {
    /// Applications.
    pub applications: Feed<Application>,
    /// Environments.
    pub environments: Feed<Environment>,
    /// EnvironmentProviders.
    pub providers: Feed<EnvironmentProvider>,
    /// Namespaces.
    pub namespaces: Feed<Namespace>,
}

/// Opens every watch. Nothing is sent before the feeds are polled.
pub fn feeds(client: &Client) -> (Feeds, Stores) {
    let (providers, provider_store) = feed::<EnvironmentProvider>(client);
    let (environments, environment_store) = feed::<Environment>(client);
    let (applications, application_store) = feed::<Application>(client);
    let (namespaces, namespace_store) = feed::<Namespace>(client);
    (
        Feeds {
            applications,
            environments,
            providers,
            namespaces,
        },
        Stores::new(
            application_store,
            environment_store,
            provider_store,
            namespace_store,
        ),
    )
}

fn feed<K>(client: &Client) -> (Feed<K>, kube::runtime::reflector::Store<K>)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (reader, writer) = store();
    let mut reachable = true;
    let feed = events(Api::<K>::all(client.clone()))
        .default_backoff()
        .modify(strip)
        .reflect(writer)
        .filter_map(move |event| {
            future::ready(match event {
                Ok(event) => {
                    if !reachable {
                        tracing::info!(kind = %K::kind(&()), "the API server answers again");
                        reachable = true;
                    }
                    Some(event)
                }
                Err(error) => {
                    if reachable {
                        tracing::warn!(kind = %K::kind(&()), %error, "the watch is interrupted; it is opened again until it holds");
                        reachable = false;
                    }
                    None
                }
            })
        })
        .boxed();
    (feed, reader)
}

/// The events of one watch after the other. kube begins anew where a running watch says 410; where the
/// API server refuses to open one with 410 it would ask for the same version for ever.
fn events<K>(api: Api<K>) -> BoxStream<'static, watcher::Result<Event<K>>>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    stream::unfold(None, move |open: Option<BoxStream<'static, _>>| {
        let mut open =
            open.unwrap_or_else(|| watch(api.clone(), watcher::Config::default()).boxed());
        async move {
            let event = open.next().await?;
            let anew = event.as_ref().is_err_and(is_refused_as_gone);
            Some((event, (!anew).then_some(open)))
        }
    })
    .boxed()
}

fn is_refused_as_gone(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

/// Of managed fields only the manager's name and time are ever looked at; the rest is most of an
/// object's memory.
fn strip<K: Resource>(object: &mut K) {
    for entry in object.managed_fields_mut() {
        entry.fields_v1 = None;
    }
}
