//! Pumps: one for each watch, from events to wake-ups.

use std::collections::HashMap;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::runtime::watcher::Event;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::adapters::kube::{Feed, Feeds, Stores};
use crate::api::{Application, Environment, EnvironmentProvider};

use super::{Wakers, fingerprint};

/// Every pump. They end with this.
pub(super) struct Pumps(Vec<Pump>);

struct Pump {
    task: JoinHandle<()>,
    /// Told when the first list is through.
    primed: oneshot::Receiver<()>,
}

impl Pumps {
    /// Resolves once everything that was there at the beginning is through. Who is woken by hand from then on is woken once.
    pub(super) async fn primed(&mut self) {
        for pump in &mut self.0 {
            // A pump that ends before that has nothing to tell, and then we are stopping.
            let _ = (&mut pump.primed).await;
        }
    }
}

impl Drop for Pumps {
    fn drop(&mut self) {
        for pump in &self.0 {
            pump.task.abort();
        }
    }
}

/// Starts every pump.
pub(super) fn spawn(feeds: Feeds, stores: Stores, wakers: Wakers) -> Pumps {
    let applications = {
        let wakers = wakers.clone();
        pump(
            feeds.applications,
            fingerprint::own,
            move |application: &Application| {
                wakers.application(application);
                for wanted in &application.spec.environments {
                    wakers.environment(&wanted.name);
                }
            },
            |_| (),
        )
    };
    let environments = {
        let (wakers, own, stores) = (wakers.clone(), wakers.clone(), stores.clone());
        pump(
            feeds.environments,
            fingerprint::own,
            move |environment: &Environment| {
                let name = environment.name_any();
                wakers.environment(&name);
                for reference in &environment.spec.providers {
                    wakers.provider(&reference.name);
                }
                wake_applications(&stores, &wakers, |application| names(application, &name));
            },
            // A status that came late is put right by nobody else: this kind is not looked at from time to
            // time. A pass over it asks nobody, so it may look at what it wrote itself.
            move |environment: &Environment| own.environment(&environment.name_any()),
        )
    };
    let providers = {
        let (wakers, stores) = (wakers.clone(), stores.clone());
        pump(
            feeds.providers,
            fingerprint::provider,
            move |provider: &EnvironmentProvider| {
                let name = provider.name_any();
                wakers.provider(&name);
                let users: Vec<String> = stores
                    .environments
                    .state()
                    .iter()
                    .filter(|environment| environment.spec.providers.iter().any(|p| p.name == name))
                    .map(|environment| environment.name_any())
                    .collect();
                for user in &users {
                    wakers.environment(user);
                }
                wake_applications(&stores, &wakers, |application| {
                    users.iter().any(|user| names(application, user))
                });
            },
            |_| (),
        )
    };
    let namespaces = pump(
        feeds.namespaces,
        fingerprint::namespace,
        move |namespace: &Namespace| {
            let name = namespace.name_any();
            wake_applications(&stores, &wakers, |application| {
                application.namespace().as_deref() == Some(name.as_str())
            });
        },
        |_| (),
    );
    Pumps(vec![applications, environments, providers, namespaces])
}

fn names(application: &Application, environment: &str) -> bool {
    application
        .spec
        .environments
        .iter()
        .any(|wanted| wanted.name == environment)
}

fn wake_applications(stores: &Stores, wakers: &Wakers, concerned: impl Fn(&Application) -> bool) {
    for application in stores.applications.state() {
        if concerned(&application) {
            wakers.application(&application);
        }
    }
}

/// Wakes for every object whose fingerprint changed, and for what it was before: whoever it no longer
/// names is concerned as well. During a relist the cache still shows the old
/// state, so whoever it concerns is woken once the new one is in. `again` is told of every other change.
fn pump<K>(
    mut feed: Feed<K>,
    fingerprint: fn(&K) -> u64,
    wake: impl Fn(&K) + Send + 'static,
    again: impl Fn(&K) + Send + 'static,
) -> Pump
where
    K: ResourceExt + Clone + Send + Sync + 'static,
{
    let (told, primed) = oneshot::channel();
    let mut told = Some(told);
    let task = tokio::spawn(async move {
        let mut known: HashMap<String, (u64, K)> = HashMap::new();
        let mut listed: Option<HashMap<String, (u64, K)>> = None;
        let key = |object: &K| {
            format!(
                "{}/{}",
                object.namespace().unwrap_or_default(),
                object.name_any()
            )
        };
        while let Some(event) = feed.next().await {
            match event {
                Event::Init => listed = Some(HashMap::new()),
                Event::InitApply(object) => {
                    if let Some(listed) = &mut listed {
                        listed.insert(key(&object), (fingerprint(&object), object));
                    }
                }
                Event::InitDone => {
                    let now = listed.take().unwrap_or_default();
                    for (key, (print, object)) in &now {
                        if known.get(key).is_none_or(|(before, _)| before != print) {
                            wake(object);
                        } else {
                            again(object);
                        }
                    }
                    for (key, (before, object)) in &known {
                        if now.get(key).is_none_or(|(print, _)| before != print) {
                            wake(object);
                        }
                    }
                    known = now;
                    if let Some(told) = told.take() {
                        let _ = told.send(());
                    }
                }
                Event::Apply(object) => {
                    let print = fingerprint(&object);
                    let before = known.insert(key(&object), (print, object.clone()));
                    match before {
                        Some((before, _)) if before == print => again(&object),
                        Some((_, before)) => {
                            wake(&before);
                            wake(&object);
                        }
                        None => wake(&object),
                    }
                }
                Event::Delete(object) => {
                    if let Some((_, before)) = known.remove(&key(&object)) {
                        wake(&before);
                    }
                    wake(&object);
                }
            }
        }
    });
    Pump { task, primed }
}

#[cfg(test)]
mod tests;
