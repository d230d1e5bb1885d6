//! Triggers: which change of which object wakes which controller, and the loop that runs them.
//!
//! One watch a kind feeds both the cache and the triggers, in this order: whoever is woken sees what
//! woke it. What we write ourselves wakes nobody.

mod fingerprint;
mod pump;

use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use kube::runtime::controller::{Action, Config, ReconcileRequest, applier};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};

use crate::adapters::kube::{Feeds, Stores};
use crate::api::{Application, Environment, EnvironmentProvider};
use crate::ports::StoreError;

use super::{Context, advisory, driver, environment};

/// What may be woken.
#[derive(Clone)]
pub(super) struct Wakers {
    applications: UnboundedSender<Request<Application>>,
    environments: UnboundedSender<Request<Environment>>,
    providers: UnboundedSender<Request<EnvironmentProvider>>,
}

type Request<K> = Result<ReconcileRequest<K>, std::convert::Infallible>;

/// How soon something is looked at again that the API server did not know when it was written to.
const UNKNOWN: Duration = Duration::from_secs(5);

/// A pass that ended without a report.
#[derive(Debug, thiserror::Error)]
enum PassError {
    /// Our own object could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pass died; other objects go on.
    #[error("the pass died: {0}")]
    Panicked(String),
}

/// Runs every controller until `stop` resolves, then finishes the passes that are under way.
pub async fn run(
    context: Arc<Context>,
    feeds: Feeds,
    stores: Stores,
    concurrency: u16,
    stop: BoxFuture<'static, ()>,
) {
    let (wakers, queues) = Wakers::new();
    let pumps = pump::spawn(feeds, stores.clone(), wakers.clone());
    let advisories = tokio::spawn(advisory::keep(Arc::clone(&context)));
    let stop = stop.shared();
    tokio::select! {
        () = stores.ready() => {
            tracing::info!("the caches are filled");
            let config = Config::default().concurrency(concurrency);
            let controllers = async {
                tokio::join!(
                    control(&context, stores.providers.clone(), queues.providers, config.clone(), |c, o| async move { driver::pass(&c, &*o).await }.boxed()),
                    control(&context, stores.environments.clone(), queues.environments, config.clone(), |c, o| async move { environment::pass(&c, &o).await }.boxed()),
                    control(&context, stores.applications.clone(), queues.applications, config.clone(), |c, o| async move { driver::pass(&c, &*o).await }.boxed()),
                )
            };
            let stopping = async {
                stop.clone().await;
                wakers.close();
                futures::future::pending::<()>().await;
            };
            tokio::select! { _ = controllers => {}, () = stopping => {} }
        }
        () = stop.clone() => {}
    }
    advisories.abort();
    for pump in pumps {
        pump.abort();
    }
}

struct Queues {
    applications: UnboundedReceiver<Request<Application>>,
    environments: UnboundedReceiver<Request<Environment>>,
    providers: UnboundedReceiver<Request<EnvironmentProvider>>,
}

impl Wakers {
    fn new() -> (Self, Queues) {
        let (applications, application_queue) = unbounded();
        let (environments, environment_queue) = unbounded();
        let (providers, provider_queue) = unbounded();
        (
            Self {
                applications,
                environments,
                providers,
            },
            Queues {
                applications: application_queue,
                environments: environment_queue,
                providers: provider_queue,
            },
        )
    }

    /// A closed queue ends its controller once the passes under way are done.
    fn close(&self) {
        self.applications.close_channel();
        self.environments.close_channel();
        self.providers.close_channel();
    }

    // A send fails only when its controller has ended, and then nobody is to be woken.

    fn application(&self, application: &Application) {
        let _ = self
            .applications
            .unbounded_send(Ok(ObjectRef::from_obj(application).into()));
    }

    fn environment(&self, name: &str) {
        let _ = self
            .environments
            .unbounded_send(Ok(ObjectRef::new(name).into()));
    }

    fn provider(&self, name: &str) {
        let _ = self
            .providers
            .unbounded_send(Ok(ObjectRef::new(name).into()));
    }
}

/// One controller: passes over one kind, never two at once over one object.
async fn control<K, F>(
    context: &Arc<Context>,
    store: Store<K>,
    queue: UnboundedReceiver<Request<K>>,
    config: Config,
    pass: F,
) where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    F: Fn(Arc<Context>, Arc<K>) -> BoxFuture<'static, Result<Option<Duration>, StoreError>>
        + Clone
        + Send
        + 'static,
{
    let reconcile = move |object: Arc<K>, context: Arc<Context>| {
        // On a task of its own: a panic ends this pass only, and long ones do not block the others.
        let task = tokio::spawn(pass(context, object));
        async move {
            match task.await {
                Ok(Ok(Some(after))) => Ok(Action::requeue(after)),
                Ok(Ok(None)) => Ok(Action::await_change()),
                Ok(Err(error)) => Err(PassError::Store(error)),
                Err(error) => Err(PassError::Panicked(error.to_string())),
            }
        }
        .boxed()
    };
    let retry = |object: Arc<K>, error: &PassError, context: Arc<Context>| {
        let uid = object.uid().unwrap_or_default();
        let after = match error {
            PassError::Store(StoreError::Stale) => Duration::from_millis(200),
            // Where it is really gone, the watch says so, and there is nothing to look at any more.
            PassError::Store(StoreError::Gone) => UNKNOWN,
            PassError::Store(StoreError::Unavailable(_)) | PassError::Panicked(_) => {
                context.remember(&uid, |r| r.failures = r.failures.saturating_add(1));
                let failures = context.recall(&uid).failures.min(8);
                tracing::warn!(object = object.name_any(), %error, "pass not finished");
                Duration::from_millis(500).saturating_mul(2_u32.saturating_pow(failures))
            }
        };
        Action::requeue(super::requeue::jittered(
            after,
            context.ports.clock.jitter(),
        ))
    };
    applier(reconcile, retry, Arc::clone(context), store, queue, config)
        .for_each(|_| futures::future::ready(()))
        .await;
}
