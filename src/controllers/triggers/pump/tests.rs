use std::sync::Arc;

use futures::{FutureExt as _, stream};
use kube::Resource;
use kube::runtime::reflector::store::Writer;
use serde_json::json;

use super::super::queue::Request;
use super::super::{Queues, Telemetry};
use super::*;
use crate::adapters::silence::Silence;
use crate::api::EnvironmentStatus;

fn cart(generation: i64, environments: &[&str]) -> Application {
    let environments: Vec<_> = environments
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    serde_json::from_value(json!({
        "apiVersion": "harmonix.io/v1alpha1",
        "kind": "Application",
        "metadata": { "name": "cart", "namespace": "shop", "generation": generation },
        "spec": { "template": { "name": "node-service" }, "environments": environments },
    }))
    .unwrap()
}

fn dev(generation: i64, providers: &[&str]) -> Environment {
    let providers: Vec<_> = providers
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    serde_json::from_value(json!({
        "apiVersion": "harmonix.io/v1alpha1",
        "kind": "Environment",
        "metadata": { "name": "dev", "generation": generation },
        "spec": { "type": "ecs", "category": "development", "level": 1, "providers": providers },
    }))
    .unwrap()
}

/// A list of this one object.
fn listed<K>(object: K) -> Vec<Event<K>> {
    vec![Event::Init, Event::InitApply(object), Event::InitDone]
}

fn feed<K: Send + 'static>(events: Vec<Event<K>>) -> Feed<K> {
    stream::iter(events).boxed()
}

fn empty<K>() -> kube::runtime::reflector::Store<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    Writer::default().as_reader()
}

/// Runs the pumps until these events are through, and answers who may take up work.
async fn woken(
    applications: Vec<Event<Application>>,
    environments: Vec<Event<Environment>>,
) -> Queues {
    let wakers = Wakers::default();
    let silence: Arc<dyn Telemetry> = Arc::new(Silence);
    let (doors, queues) = wakers.open(&silence);
    drop(doors);
    let feeds = Feeds {
        applications: feed(applications),
        environments: feed(environments),
        providers: feed(Vec::new()),
        namespaces: feed(Vec::new()),
    };
    let stores = Stores::new(empty(), empty(), empty(), empty());
    let mut pumps = spawn(feeds, stores, wakers.clone());
    for pump in &mut pumps.0 {
        (&mut pump.task).await.unwrap();
    }
    wakers.close();
    queues
}

/// How often an object of this name was woken.
fn times<K: Resource<DynamicType = ()>>(
    queue: futures::channel::mpsc::UnboundedReceiver<Request<K>>,
    name: &str,
) -> usize {
    let all: Vec<_> = queue.collect::<Vec<_>>().now_or_never().unwrap();
    all.into_iter()
        .filter(|request| request.as_ref().is_ok_and(|r| r.obj_ref.name == name))
        .count()
}

#[tokio::test]
async fn an_environment_learns_that_an_application_no_longer_names_it() {
    let later = [
        vec![Event::Apply(cart(2, &["dev"]))],
        // The watch broke meanwhile, and a new list tells.
        listed(cart(2, &["dev"])),
    ];
    for events in later {
        let mut all = listed(cart(1, &["dev", "prod"]));
        all.extend(events);
        let queues = woken(all, Vec::new()).await;
        assert_eq!(
            times(queues.environments, "prod"),
            2,
            "when it began and when it ended"
        );
    }
}

#[tokio::test]
async fn a_provider_learns_that_an_environment_no_longer_names_it() {
    let later = [
        vec![Event::Apply(dev(2, &["dev-eu"]))],
        listed(dev(2, &["dev-eu"])),
    ];
    for events in later {
        let mut all = listed(dev(1, &["dev-eu", "dev-us"]));
        all.extend(events);
        let queues = woken(Vec::new(), all).await;
        assert_eq!(
            times(queues.providers, "dev-us"),
            2,
            "when it began and when it ended"
        );
    }
}

#[tokio::test]
async fn an_environment_alone_looks_at_a_status_that_it_has_now() {
    let told = || {
        let mut told = dev(1, &["dev-eu"]);
        told.metadata.resource_version = Some("7".into());
        told.status = Some(EnvironmentStatus::default());
        told
    };
    for events in [vec![Event::Apply(told())], listed(told())] {
        let mut all = listed(dev(1, &["dev-eu"]));
        all.extend(events);
        let queues = woken(Vec::new(), all).await;
        assert_eq!(times(queues.environments, "dev"), 2);
        assert_eq!(times(queues.providers, "dev-eu"), 1);
    }
}

#[tokio::test]
async fn nobody_is_woken_by_what_changes_nothing() {
    let mut all = listed(cart(1, &["dev", "prod"]));
    all.push(Event::Apply(cart(1, &["dev", "prod"])));
    all.extend(listed(cart(1, &["dev", "prod"])));
    let queues = woken(all, Vec::new()).await;
    assert_eq!(times(queues.environments, "prod"), 1);
    assert_eq!(times(queues.applications, "cart"), 1);
}
