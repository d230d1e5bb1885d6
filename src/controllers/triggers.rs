//! Triggers: which change of which object wakes which controller, and the loop that runs them.
//!
//! One watch a kind feeds both the cache and the triggers, in this order: whoever is woken sees what
//! woke it. What we write ourselves wakes nobody. While another process leads, the caches are kept and nobody is
//! woken; when this one begins to lead, everybody is, once.

mod fingerprint;
mod pump;
mod queue;
mod watched;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::channel::mpsc::UnboundedReceiver;
use futures::future::{BoxFuture, Shared};
use futures::{FutureExt as _, StreamExt as _};
use kube::runtime::controller::{self, Action, Config, applier};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};
use tokio::task::JoinHandle;

use crate::adapters::kube::{Feeds, Stores};
use crate::api::{Application, Environment, EnvironmentProvider};
use crate::domain::identity::Kind;
use crate::domain::measure::PassResult;
use crate::ports::{StoreError, Telemetry};

use super::{Context, advisory, driver, environment};
use queue::{Queue, Request};
use watched::Watched;

/// What may be woken; nothing while another process leads.
#[derive(Clone, Default)]
pub(super) struct Wakers {
    open: Arc<Mutex<Option<Doors>>>,
}

#[derive(Clone)]
struct Doors {
    applications: Queue<Application>,
    environments: Queue<Environment>,
    providers: Queue<EnvironmentProvider>,
}

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

impl PassError {
    const fn result(&self) -> PassResult {
        match self {
            Self::Store(StoreError::Stale) => PassResult::Stale,
            Self::Store(StoreError::Gone) => PassResult::Gone,
            Self::Store(StoreError::Withheld) => PassResult::Withheld,
            Self::Store(StoreError::Unavailable(_)) => PassResult::Unwritten,
            Self::Panicked(_) => PassResult::Died,
        }
    }
}

/// Runs every controller while this process leads, until `stop` resolves; then the passes that are under way are
/// finished first.
pub async fn run(
    context: Arc<Context>,
    feeds: Feeds,
    stores: Stores,
    concurrency: u16,
    stop: BoxFuture<'static, ()>,
) {
    let wakers = Wakers::default();
    let mut pumps = pump::spawn(feeds, stores.clone(), wakers.clone());
    let stop = stop.shared();
    let filled = async {
        stores.ready().await;
        pumps.primed().await;
    };
    tokio::select! {
        () = filled => tracing::info!("the caches are filled"),
        () = stop.clone() => return,
    }
    let config = Config::default().concurrency(concurrency);
    loop {
        let term = tokio::select! {
            biased;
            () = stop.clone() => return,
            term = context.leadership.gained() => term,
        };
        let context = Arc::new(context.in_term(&term));
        context.ports.telemetry.leads(true);
        lead(&context, &stores, &wakers, &config, stop.clone()).await;
        wakers.close();
        context.ports.telemetry.leads(false);
    }
}

/// Runs every controller for one term. Where that ends before `stop` resolves, so do the passes that are under way.
async fn lead(
    context: &Arc<Context>,
    stores: &Stores,
    wakers: &Wakers,
    config: &Config,
    stop: Shared<BoxFuture<'static, ()>>,
) {
    let (doors, queues) = wakers.open(&context.ports.telemetry);
    wakers.all(stores);
    let _advisories = Task(tokio::spawn(advisory::keep(Arc::clone(context))));
    let controllers = async {
        tokio::join!(
            control(
                context,
                stores.providers.clone(),
                (doors.providers, queues.providers),
                config.clone(),
                |c, o| async move { driver::pass(&c, &*o).await }.boxed()
            ),
            control(
                context,
                stores.environments.clone(),
                (doors.environments, queues.environments),
                config.clone(),
                |c, o| async move { environment::pass(&c, &o).await }.boxed()
            ),
            control(
                context,
                stores.applications.clone(),
                (doors.applications, queues.applications),
                config.clone(),
                |c, o| async move { driver::pass(&c, &*o).await }.boxed()
            ),
        )
    };
    let stopping = async {
        stop.await;
        wakers.close();
        futures::future::pending::<()>().await;
    };
    tokio::select! {
        _ = controllers => {}
        () = stopping => {}
        () = context.leadership.lost(context.epoch) => {}
    }
}

/// A task that ends with this.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Queues {
    applications: UnboundedReceiver<Request<Application>>,
    environments: UnboundedReceiver<Request<Environment>>,
    providers: UnboundedReceiver<Request<EnvironmentProvider>>,
}

impl Wakers {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Doors>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on whoever is woken stands in these queues.
    fn open(&self, telemetry: &Arc<dyn Telemetry>) -> (Doors, Queues) {
        let (applications, application_queue) = Queue::new(Kind::Application, telemetry);
        let (environments, environment_queue) = Queue::new(Kind::Environment, telemetry);
        let (providers, provider_queue) = Queue::new(Kind::Provider, telemetry);
        let doors = Doors {
            applications,
            environments,
            providers,
        };
        *self.lock() = Some(doors.clone());
        let queues = Queues {
            applications: application_queue,
            environments: environment_queue,
            providers: provider_queue,
        };
        (doors, queues)
    }

    /// A closed queue ends its controller once the passes under way are done.
    fn close(&self) {
        if let Some(open) = self.lock().take() {
            open.applications.close();
            open.environments.close();
            open.providers.close();
        }
    }

    /// Wakes everybody there is.
    fn all(&self, stores: &Stores) {
        for provider in stores.providers.state() {
            self.provider(&provider.name_any());
        }
        for environment in stores.environments.state() {
            self.environment(&environment.name_any());
        }
        for application in stores.applications.state() {
            self.application(&application);
        }
    }

    fn application(&self, application: &Application) {
        if let Some(open) = &*self.lock() {
            open.applications.wake(&ObjectRef::from_obj(application));
        }
    }

    fn environment(&self, name: &str) {
        if let Some(open) = &*self.lock() {
            open.environments.wake(&ObjectRef::new(name));
        }
    }

    fn provider(&self, name: &str) {
        if let Some(open) = &*self.lock() {
            open.providers.wake(&ObjectRef::new(name));
        }
    }
}

/// One controller: passes over one kind, never two at once over one object.
async fn control<K, F>(
    context: &Arc<Context>,
    store: Store<K>,
    (waiting, queue): (Queue<K>, UnboundedReceiver<Request<K>>),
    config: Config,
    pass: F,
) where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    F: Fn(Arc<Context>, Arc<K>) -> BoxFuture<'static, Result<Option<Duration>, StoreError>>
        + Clone
        + Send
        + 'static,
{
    let watched = Watched::new(waiting.kind(), &context.ports.telemetry);
    let lost = waiting.clone();
    let reconcile = move |object: Arc<K>, context: Arc<Context>| {
        waiting.done(&ObjectRef::from_obj(&*object));
        let watched = watched.begin();
        // On a task of its own: a panic ends this pass only, and long ones do not block the others.
        let mut task = Task(tokio::spawn(pass(context, object)));
        async move {
            let ended = match (&mut task.0).await {
                Ok(Ok(Some(after))) => Ok(Action::requeue(after)),
                Ok(Ok(None)) => Ok(Action::await_change()),
                Ok(Err(error)) => Err(PassError::Store(error)),
                Err(error) => Err(PassError::Panicked(error.to_string())),
            };
            watched.end(ended.as_ref().err().map(PassError::result));
            ended
        }
        .boxed()
    };
    let retry = |object: Arc<K>, error: &PassError, context: Arc<Context>| {
        let uid = object.uid().unwrap_or_default();
        let after = match error {
            PassError::Store(StoreError::Stale) => Duration::from_millis(200),
            // Where it is really gone, the watch says so, and there is nothing to look at any more.
            PassError::Store(StoreError::Gone | StoreError::Withheld) => UNKNOWN,
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
        .for_each(|ended| {
            if let Err(controller::Error::ObjectNotFound(gone)) = ended {
                lost.forget(&gone.name, gone.namespace.as_deref());
            }
            futures::future::ready(())
        })
        .await;
}
