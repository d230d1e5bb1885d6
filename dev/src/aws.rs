//! The gate: AWS as the world sees it, in front of moto.
//!
//! One endpoint serves all services and accounts. moto keeps what was made; the gate decides who may do what (roles,
//! trust, permissions), is STS itself, names images after a real registry, really runs what ECS services ask for,
//! does wrong on request and writes every call into the journal.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::fault::Faults;
use crate::journal::Journal;

pub mod answer;
pub mod call;
pub mod config;
mod control;
mod door;
mod dynamodb;
mod ecr;
mod ecs;
mod eks;
mod fact;
pub mod identity;
mod label;
mod loadbalancer;
pub mod moto;
mod network;
pub mod permission;
pub mod policy;
pub mod resource;
pub mod role;
mod sts;
mod task;

pub use config::GateConfig;

use config::TaskMode;
use door::is_mutating;
use ecr::Registry;
use ecs::Services;
use eks::{Addons, Associations, ClusterIssuers};
use identity::Identities;
use moto::Moto;
use role::Roles;
use sts::Issuers;

/// Arguments of `serve-aws`.
#[derive(Debug, Clone, Args)]
pub struct GateArgs {
    /// The start file (JSON): addresses, identities, issuers, journal and folders.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Whether ECS tasks really run; overrides the start file.
    #[arg(long, value_enum)]
    pub tasks: Option<TaskMode>,
}

impl GateArgs {
    /// Reads the start file and applies the arguments to it.
    pub fn config(&self) -> io::Result<GateConfig> {
        let mut config = GateConfig::read(&self.config)?;
        if let Some(mode) = self.tasks {
            config.tasks.mode = mode;
        }
        Ok(config)
    }
}

/// The gate.
#[derive(Debug)]
pub struct Gate {
    moto: Moto,
    identities: Identities,
    roles: Roles,
    issuers: Issuers,
    registry: Registry,
    services: Services,
    associations: Associations,
    addons: Addons,
    clusters: ClusterIssuers,
    journal: Journal,
    faults: Faults,
}

impl Gate {
    fn new(config: &GateConfig) -> io::Result<Arc<Self>> {
        let moto = Moto::new(&config.moto);
        Ok(Arc::new(Self {
            identities: Identities::new(&config.identities),
            roles: Roles::new(moto.clone()),
            issuers: Issuers::new(config.issuers.clone()),
            registry: Registry::new(&config.registry),
            services: Services::new(&config.tasks)?,
            associations: Associations::default(),
            addons: Addons::default(),
            clusters: ClusterIssuers::default(),
            journal: Journal::open(&config.journal)?,
            faults: Faults::default(),
            moto,
        }))
    }

    fn routes(self: &Arc<Self>) -> Router {
        control::routes()
            .merge(self.journal.routes())
            .merge(self.faults.routes())
            .fallback(door::serve)
            .with_state(Arc::clone(self))
    }
}

/// Serves AWS until the process is asked to end (SIGTERM or SIGINT), then stops every task it started.
pub async fn serve(config: GateConfig) -> io::Result<()> {
    let gate = Gate::new(&config)?;
    let listener = bind(config.listen, "AWS").await?;
    let front = match config.registry.listen {
        Some(address) => Some(bind(address, "the image registry").await?),
        None => None,
    };
    let aws = axum::serve(listener, gate.routes());
    let driver = ecs::drive(Arc::clone(&gate));
    let registry = async {
        match front {
            Some(listener) => axum::serve(listener, ecr::front::routes(Arc::clone(&gate))).await,
            None => std::future::pending().await,
        }
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let ended = tokio::select! {
        ended = aws.into_future() => ended,
        ended = registry => ended,
        () = driver => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    gate.services.stop_all().await;
    ended
}

async fn bind(address: std::net::SocketAddr, what: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("{what} cannot be served on {address}: {error}; choose a free port"),
        )
    })
}
