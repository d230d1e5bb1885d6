//! Switches for tests and for the world around: none of them is GitLab's.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::executor::Script;
use super::instance::Instance;
use super::model::Runner;
use super::setup::UserSetup;

/// The routes of the switches.
pub fn routes() -> Router<Arc<Instance>> {
    Router::new()
        .route("/__state", get(state))
        .route("/__users", post(user))
        .route("/__groups", post(group))
        .route("/__runners", post(runners))
        .route("/__script", post(add_script).delete(clear_scripts))
}

/// Dumps everything the instance remembers, without secrets.
async fn state(State(instance): State<Arc<Instance>>) -> Response {
    let mut data = instance.store.read(Clone::clone);
    for user in data.users.values_mut() {
        user.token = String::new();
    }
    for job in data.jobs.values_mut() {
        job.token = None;
    }
    Json(data).into_response()
}

/// Makes a user, or changes what is given: a token rotated, expired or taken back, other groups.
async fn user(State(instance): State<Arc<Instance>>, Json(user): Json<UserSetup>) -> Response {
    match instance.store.write(|data| user.apply(data)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupWish {
    path: String,
    pipeline_variables_role: Option<String>,
}

/// Sets what GitLab's API cannot set of a group: who may use pipeline variables in its new projects.
async fn group(State(instance): State<Arc<Instance>>, Json(wish): Json<GroupWish>) -> Response {
    let known = instance.store.write(|data| {
        let id = data.group(&wish.path)?.id;
        let group = data.groups.get_mut(&id)?;
        group.pipeline_variables_role = wish.pipeline_variables_role;
        Some(())
    });
    match known {
        Some(()) => StatusCode::NO_CONTENT.into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such group").into_response(),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Runners {
    available: bool,
    project: Option<String>,
    runner: Option<Runner>,
}

/// Takes the runner away from all projects or one, or gives it back; and says which jobs it takes.
async fn runners(State(instance): State<Arc<Instance>>, Json(wish): Json<Runners>) -> Response {
    let known = instance.store.write(|data| {
        let project = match &wish.project {
            None => 0,
            Some(path) => data.project(path)?.id,
        };
        if let Some(runner) = wish.runner {
            data.runner = runner;
        }
        match (wish.available, project) {
            // Everybody's runner serves everybody again.
            (true, 0) => data.without_runner.clear(),
            (true, project) => {
                data.without_runner.remove(&project);
            }
            (false, project) => {
                data.without_runner.insert(project);
            }
        }
        Some(())
    });
    instance.engine.wake();
    match known {
        Some(()) => StatusCode::NO_CONTENT.into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such project").into_response(),
    }
}

async fn add_script(State(instance): State<Arc<Instance>>, Json(script): Json<Script>) -> Response {
    instance.scripts.add(script);
    Json(json!({})).into_response()
}

async fn clear_scripts(State(instance): State<Arc<Instance>>) -> StatusCode {
    instance.scripts.clear();
    StatusCode::NO_CONTENT
}
