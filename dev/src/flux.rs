//! Stands in for Flux' source-controller, which cannot be had as a Go module: packs Git repositories as artifacts.
//!
//! It does of that controller's work what a Kustomization needs of it, for the kind `GitRepository` alone: it fetches the
//! branch that the spec names, serves the files of its newest commit as an archive, and writes that commit, the archive's
//! address and its digest into the status. All else of Flux is Flux itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use clap::Args;
use tokio::net::TcpListener;

use crate::failure::{Doing, Failure};
use crate::world::kubernetes;

mod archive;
mod remote;
mod repository;

use archive::Archives;
use repository::Repositories;

/// What the stand-in is told at its start.
#[derive(Debug, Clone, Args)]
pub struct FluxSourceArgs {
    /// Where it serves archives
    #[arg(long, value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// The kubeconfig of an account that reads GitRepositories and Secrets, and writes the status of the former
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: PathBuf,
    /// Where it keeps what it fetched
    #[arg(long, value_name = "FOLDER")]
    pub folder: PathBuf,
    /// How often it looks for new commits, whatever interval a GitRepository asks for; milliseconds
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 500)]
    pub interval: u64,
}

/// Serves until the process ends.
pub async fn serve(arguments: &FluxSourceArgs) -> Result<(), Failure> {
    let client = kubernetes::client(&arguments.kubeconfig).await?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .doing(|| format!("serve on {}", arguments.listen))?;
    let archives = Archives::new(&arguments.folder, arguments.listen);
    let router = Router::new()
        .route("/{namespace}/{name}/{file}", get(archive))
        .with_state(archives.clone());
    let repositories = Repositories::new(client, archives);
    tokio::spawn(repositories.keep_up(Duration::from_millis(arguments.interval)));
    axum::serve(listener, router)
        .await
        .doing(|| "serve archives".into())
}

async fn archive(
    State(archives): State<Archives>,
    Path((namespace, name, file)): Path<(String, String, String)>,
) -> Response {
    let found = archives.read(&namespace, &name, &file).await;
    found.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |bytes| ([("content-type", "application/gzip")], Body::from(bytes)).into_response(),
    )
}
