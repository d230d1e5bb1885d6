//! What the world and its tests ask of the gate itself; none of it is AWS, and none of it is journaled.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Gate;
use super::moto::Place;
use super::task::{OutcomeRule, TaskState};

/// Serves the control endpoints.
pub(super) fn routes() -> Router<Arc<Gate>> {
    Router::new()
        .route("/__health", get(|| async { "ok" }))
        .route("/__tasks", get(tasks))
        .route(
            "/__tasks/outcome",
            get(outcomes).post(declare).delete(forget),
        )
        .route("/__sessions/expire", post(expire))
        .route("/__issuers", post(learn))
}

/// Lists all tasks of all services: where they are, what they run, how they are.
async fn tasks(State(gate): State<Arc<Gate>>) -> Response {
    let listed: Vec<Value> = gate.services.look(|known| {
        let each = known
            .values()
            .flat_map(|service| service.tasks.iter().map(move |task| (service, task)));
        each.map(|(service, task)| {
            let key = &service.key;
            let (state, reason) = match &task.state {
                TaskState::Pending => ("PENDING", None),
                TaskState::Running => ("RUNNING", None),
                TaskState::Stopped { reason, .. } => ("STOPPED", Some(reason)),
            };
            json!({
                "account": key.place.account,
                "region": key.place.region,
                "cluster": key.cluster,
                "service": key.name,
                "taskArn": task.arn,
                "taskDefinition": task.definition,
                "deployment": task.deployment,
                "image": task.image,
                "digest": task.image_digest,
                "port": task.port,
                "state": state,
                "reason": reason,
                "exitCode": task.exit_code,
                "log": task.log,
            })
        })
        .collect()
    });
    Json(listed).into_response()
}

async fn outcomes(State(gate): State<Arc<Gate>>) -> Response {
    Json(gate.services.outcomes.all()).into_response()
}

async fn declare(State(gate): State<Arc<Gate>>, Json(rule): Json<OutcomeRule>) -> StatusCode {
    gate.services.outcomes.add(rule);
    StatusCode::NO_CONTENT
}

async fn forget(State(gate): State<Arc<Gate>>) -> StatusCode {
    gate.services.outcomes.clear();
    StatusCode::NO_CONTENT
}

/// Which sessions are to end.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Expire {
    role_contains: String,
}

/// Ends sessions before their time, as if their hour had passed.
async fn expire(State(gate): State<Arc<Gate>>, Json(which): Json<Expire>) -> Response {
    let expired = gate
        .identities
        .expire(&which.role_contains, Timestamp::now());
    Json(json!({ "expired": expired })).into_response()
}

/// An issuer of tokens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    issuer: String,
    /// Where its keys are read.
    keys: String,
    /// The cluster whose service accounts it vouches for, where it is one that stands for a cluster in EKS.
    #[serde(default)]
    cluster: Option<Cluster>,
}

/// A cluster in EKS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cluster {
    account: String,
    region: String,
    name: String,
}

/// Tells the gate where an issuer's keys are; on the internet their address is the issuer's own.
async fn learn(State(gate): State<Arc<Gate>>, Json(known): Json<Issuer>) -> StatusCode {
    if let Some(Cluster {
        account,
        region,
        name,
    }) = known.cluster
    {
        let place = Place { account, region };
        gate.clusters.learn(place, name, known.issuer.clone());
    }
    gate.issuers.learn(known.issuer, known.keys);
    StatusCode::NO_CONTENT
}
