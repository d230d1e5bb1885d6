//! Runners: one, shared by all, as long as nobody takes it away.

use serde_json::{Value, json};

use super::super::answer::Reply;
use super::super::endpoint::Call;
use super::super::model::Role;
use super::super::page::Page;

/// Answers the runner.
pub fn body() -> Value {
    json!({
        "id": 1,
        "description": "local runner",
        "ip_address": "127.0.0.1",
        "active": true,
        "paused": false,
        "is_shared": true,
        "runner_type": "instance_type",
        "name": "gitlab-runner",
        "online": true,
        "created_at": "2025-01-01T00:00:00.000Z",
        "status": "online",
        "job_execution_status": "idle",
    })
}

/// `GET /projects/:id/runners`
pub async fn list(call: Call) -> Reply {
    let project = call.project(Role::Maintainer)?;
    let page = Page::asked(&call.params)?;
    let served = call.instance.store.read(|data| {
        !data.without_runner.contains(&0) && !data.without_runner.contains(&project.id)
    });
    let shared = project.setting("shared_runners_enabled") == true;
    let runners = if served && shared {
        vec![body()]
    } else {
        Vec::new()
    };
    Ok(page.of(runners, &call.address, &call.params))
}
