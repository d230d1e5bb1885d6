//! The objects as they change, from the API server's watches.

use futures::stream::{BoxStream, SelectAll};
use futures::{StreamExt, TryStreamExt};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};

use super::object::Object;

/// Our kinds.
pub const KINDS: [&str; 3] = ["EnvironmentProvider", "Environment", "Application"];

/// All objects of ours, as they change.
pub type Feed = SelectAll<BoxStream<'static, Object>>;

/// Watches the three kinds. A watch that breaks is begun again.
pub fn watch(client: &Client) -> Feed {
    let streams = KINDS.map(|kind| {
        let resource =
            ApiResource::from_gvk(&GroupVersionKind::gvk("harmonix.io", "v1alpha1", kind));
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        watcher(api, watcher::Config::default())
            .default_backoff()
            .applied_objects()
            .into_stream()
            .filter_map(async |found| Some(Object::of(&found.ok()?)))
            .boxed()
    });
    futures::stream::select_all(streams)
}
