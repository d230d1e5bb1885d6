//! `harmonix run`: the controller.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

use crate::adapters::aws::AwsSessions;
use crate::adapters::clock::SystemClock;
use crate::adapters::gitlab::{GitlabAddress, GitlabHost};
use crate::adapters::kube::{KubeLeases, KubeStore, Rights, ask, client, config, feeds, right};
use crate::controllers::{self, Context, Election, Ports};
use crate::ports::Clock as _;

use super::config::RunOptions;
use super::observation::Observation;
use super::{refuse, telemetry};

/// How long passes under way may take after a signal. The process ends then, whatever they wait for, well before the
/// 20 s that it promises.
const GRACE: Duration = Duration::from_secs(15);

/// Where a pod is told its namespace.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Runs until a signal. Exit code 2: the configuration is missing something or unusable.
pub(super) fn main(options: RunOptions) -> ExitCode {
    if let Err(problem) = telemetry::start(options.log_format, &options.log_level) {
        return refuse(&problem);
    }
    #[cfg(feature = "failpoints")]
    if let Err(problem) = arm() {
        return refuse(&problem);
    }
    // Every client uses the same cryptography, whichever comes first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("the runtime could not be started: {error}")),
    };
    let code = match runtime.block_on(run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => refuse(&problem),
    };
    // A blocked thread must not keep a stopped controller alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

/// Arms the failpoint that a test names. No option: nobody is to see it in the help.
#[cfg(feature = "failpoints")]
fn arm() -> Result<(), String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "for tests; not configuration, and not compiled into what is shipped"
    )]
    let named = std::env::var("HARMONIX_FAILPOINT");
    named.map_or(Ok(()), |text| controllers::failpoint::arm(&text))
}

async fn run(options: RunOptions) -> Result<(), String> {
    // Before anything else: probes are answered also while the API server is slow or gone.
    let observation = Observation::begin(&options).await;
    let gitlab = GitlabHost::new(GitlabAddress {
        base_url: options.gitlab_url.clone(),
        token_file: options.gitlab_token_file.clone(),
        ca_bundle: options.gitlab_ca_file.clone(),
        timeout: options.gitlab_timeout,
    });
    let kubernetes = config().await;
    let (settings, gitlab, kubernetes, observation) =
        match (options.settings(), gitlab, kubernetes, observation) {
            (Ok(settings), Ok(gitlab), Ok(kubernetes), Ok(observation)) => {
                (settings, gitlab, kubernetes, observation)
            }
            // All at once: nobody wants to start a controller three times to learn three things.
            (settings, gitlab, kubernetes, observation) => {
                let problems = [
                    settings.err(),
                    gitlab.err(),
                    kubernetes.err(),
                    observation.err(),
                ];
                return Err(problems
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join("; "));
            }
        };
    // Only now: a start that is refused says one thing.
    tracing::info!(address = %observation.address, "probes and metrics are served");
    let client = client(kubernetes, right::CONTROLLER, &observation.reach.watching())?;
    let telemetry = Arc::clone(&observation.telemetry);
    let gitlab = Arc::new(gitlab.telling(Arc::clone(&telemetry)));
    let clouds = AwsSessions::new(&options.aws_region, &telemetry).await;
    let (feeds, stores) = feeds(&client);
    let (rights, known) = watch::channel(Rights::default());
    observation.watch(&stores, known);
    let lease_namespace = options.leader_election.then(|| lease_namespace(&options));
    tokio::spawn(ask(
        client.clone(),
        right::CONTROLLER,
        lease_namespace,
        rights,
    ));
    #[expect(
        clippy::disallowed_methods,
        reason = "the pod's name, for events; not configuration"
    )]
    let instance = std::env::var("HOSTNAME").ok();
    let election = options
        .leader_election
        .then(|| candidate(&options, client.clone(), instance.as_deref()));
    let (election, leadership) = election.unzip();
    let context = Context::new(
        Ports {
            store: Arc::new(KubeStore::new(client, stores.clone(), instance)),
            projects: gitlab.clone(),
            files: gitlab.clone(),
            pipelines: gitlab.clone(),
            access: gitlab,
            clouds: Arc::new(clouds),
            clock: Arc::new(SystemClock),
            telemetry,
        },
        settings,
    );
    let context = Arc::new(match leadership {
        Some(leadership) => context.led_by(leadership),
        None => context,
    });
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        installation = context.settings.key.installation_id(),
        gitlab = %options.gitlab_url,
        "started"
    );
    let stop = stop_signal()?.shared();
    let controllers = controllers::run(
        context,
        feeds,
        stores,
        options.concurrency,
        stop.clone().boxed(),
    );
    // The graceful end of the controllers can wait for an API server that never answers again.
    let deadline = async {
        stop.await;
        tokio::time::sleep(GRACE).await;
    };
    let acting = async {
        tokio::select! {
            () = controllers => tracing::info!("stopped"),
            () = deadline => tracing::warn!("stopped with passes under way; the next start finds out what became of them"),
        }
    };
    match election {
        Some(election) => take_turns(election, acting).boxed().await,
        None => acting.await,
    }
    Ok(())
}

/// The lease is kept until nothing is under way any more.
async fn take_turns(election: Election, acting: impl Future<Output = ()>) {
    let (over, ended) = oneshot::channel::<()>();
    let acting = async {
        acting.await;
        drop(over);
    };
    tokio::join!(acting, election.run(ended.map(drop)));
}

/// Makes this process one of those that take turns. Its name is its pod's, and no earlier process of that pod has it.
fn candidate(
    options: &RunOptions,
    client: kube::Client,
    instance: Option<&str>,
) -> (Election, controllers::Leadership) {
    let mut number = [0; 16];
    number[6..].copy_from_slice(&SystemClock.entropy());
    let suffix = format!("{:020x}", u128::from_be_bytes(number));
    let identity = format!("{}_{suffix}", instance.unwrap_or("harmonix"));
    let namespace = lease_namespace(options);
    tracing::info!(
        identity,
        lease = %format_args!("{namespace}/{}", options.lease_name),
        "takes turns with other replicas"
    );
    let leases = KubeLeases::new(client, &namespace, &options.lease_name);
    Election::new(
        Arc::new(leases),
        Arc::new(SystemClock),
        identity,
        options.lease_duration,
    )
}

fn lease_namespace(options: &RunOptions) -> String {
    options
        .lease_namespace
        .clone()
        .unwrap_or_else(own_namespace)
}

/// The pod's namespace, or the one that is usual.
fn own_namespace() -> String {
    let told = std::fs::read_to_string(NAMESPACE_FILE).unwrap_or_default();
    match told.trim() {
        "" => "harmonix-system".to_owned(),
        namespace => namespace.to_owned(),
    }
}

/// Resolves at the first SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()> + Send + use<>, String> {
    let listen =
        |kind| signal(kind).map_err(|error| format!("signals cannot be listened to: {error}"));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: passes under way are finished first");
    })
}
