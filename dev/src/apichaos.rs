//! A proxy between the controller and the API server that fails on request.
//!
//! It passes everything on as it is, with the caller's own token. Every request is labelled, journalled and met by the
//! same rules as in the other stand-ins (`/__faults`); lists and watches of our kinds can besides be late, old, cut and
//! wrong in the ways an API server or the network can be (`/__watches`).

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use clap::Args;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::net::TcpListener;

use crate::failure::{Doing, Failure};
use crate::fault::Faults;
use crate::journal::Journal;

mod asked;
mod control;
mod door;
mod feed;
mod list;
mod mode;
mod refusal;

pub use control::{Order, When};
pub use mode::Change;

use control::Watches;

/// What the proxy is told at its start.
#[derive(Debug, Clone, Args)]
pub struct ApiChaosArgs {
    /// Where it serves, without TLS
    #[arg(long, value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// A kubeconfig that says where the API server is and who signed its certificate; who asks is the caller's to say
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: PathBuf,
    /// The journal's file
    #[arg(long, value_name = "FILE")]
    pub journal: PathBuf,
}

/// The proxy.
pub(crate) struct Proxy {
    client: Client,
    faults: Faults,
    journal: Journal,
    watches: Watches,
}

/// Serves until the process ends.
pub async fn serve(arguments: &ApiChaosArgs) -> Result<(), Failure> {
    let what = || format!("use the kubeconfig {}", arguments.kubeconfig.display());
    let file = Kubeconfig::read_from(&arguments.kubeconfig).doing(what)?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .doing(what)?;
    let journal = Journal::open(&arguments.journal)
        .doing(|| format!("open the journal {}", arguments.journal.display()))?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .doing(|| format!("serve on {}", arguments.listen))?;
    run(config, journal, listener)
        .doing(|| "reach the API server".into())?
        .await
        .doing(|| "serve the API server's clients".into())
}

/// Answers what serves in front of the API server that `config` leads to.
pub fn run(
    mut config: Config,
    journal: Journal,
    listener: TcpListener,
) -> Result<impl Future<Output = io::Result<()>> + Send, kube::Error> {
    // Whoever asks says so itself, and whoever is refused asks again itself.
    config.auth_info = AuthInfo::default();
    config.default_retry = false;
    let faults = Faults::default();
    let proxy = Arc::new(Proxy {
        client: Client::try_from(config)?,
        faults: faults.clone(),
        journal: journal.clone(),
        watches: Watches::default(),
    });
    let router = Router::new()
        .merge(journal.routes())
        .merge(faults.routes())
        .route("/__watches", post(control::order).delete(control::clear))
        .fallback(door::serve)
        .with_state(proxy);
    Ok(async move { axum::serve(listener, router).await })
}
