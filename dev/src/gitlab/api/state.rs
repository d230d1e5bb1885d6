//! Terraform states: read, write, lock.
//!
//! A lock that somebody else holds is answered 409 with the holder's information, as GitLab's document and GitLab say;
//! Terraform takes 409 and 423 alike.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::model::{Data, Lock, Project, Role, StateVersion, TerraformState};
use super::super::moment;

fn find<'a>(data: &'a Data, project: &Project, name: &str) -> Option<&'a TerraformState> {
    data.states
        .values()
        .find(|state| state.project_id == project.id && state.name == name)
}

/// Answers the named state for a change, made where absent.
fn open<'a>(data: &'a mut Data, project: &Project, name: &str) -> &'a mut TerraformState {
    let known = find(data, project, name).map(|state| state.id);
    let id = known.unwrap_or_else(|| data.next_id());
    let new = || TerraformState {
        id,
        project_id: project.id,
        name: name.to_owned(),
        lock: None,
        versions: Vec::new(),
    };
    data.states.entry(id).or_insert_with(new)
}

fn shown(content: &str) -> Answer {
    Answer::bytes(
        StatusCode::OK,
        "application/json",
        content.as_bytes().to_vec(),
    )
}

/// `GET /projects/:id/terraform/state/:name`
pub async fn get(call: Call) -> Reply {
    call.actor.known()?;
    let project = call.project(Role::Developer)?;
    call.instance.store.read(|data| {
        let state = find(data, &project, call.part("name")).ok_or_else(|| Answer::not_found(""))?;
        match state.versions.last() {
            Some(version) => Ok(shown(&version.content)),
            None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        }
    })
}

/// `GET /projects/:id/terraform/state/:name/versions/:serial`
pub async fn version(call: Call) -> Reply {
    call.actor.known()?;
    let project = call.project(Role::Developer)?;
    let serial: Option<u64> = call.part("serial").parse().ok();
    call.instance.store.read(|data| {
        let state = find(data, &project, call.part("name"));
        let version =
            state.and_then(|state| state.versions.iter().find(|v| Some(v.serial) == serial));
        version
            .map(|version| shown(&version.content))
            .ok_or_else(|| Answer::not_found(""))
    })
}

/// `POST /projects/:id/terraform/state/:name`
pub async fn put(call: Call) -> Reply {
    let project = call.project(Role::Maintainer)?;
    if call.body.is_empty() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let content = String::from_utf8_lossy(&call.body).into_owned();
    let serial = call.params.number("serial").or_else(|| {
        serde_json::from_str::<Value>(&content)
            .ok()
            .and_then(|state| state.get("serial")?.as_u64())
    });
    // Terraform names the lock in the query; the state itself has no such key.
    let lock = call.params.text("ID");
    call.instance.store.write(|data| {
        let state = open(data, &project, call.part("name"));
        if state
            .lock
            .as_ref()
            .is_some_and(|held| Some(&held.id) != lock.as_ref())
        {
            return Err(Answer::message(StatusCode::CONFLICT, "409 Conflict"));
        }
        let serial = serial.unwrap_or(0);
        if state
            .versions
            .iter()
            .any(|version| version.serial == serial)
        {
            // Another state of the same serial would not be a version of its own.
            let text = "Validation failed: Version has already been taken";
            return Err(Answer::message(StatusCode::UNPROCESSABLE_ENTITY, text));
        }
        state.versions.push(StateVersion { serial, content });
        Ok(Answer::empty(StatusCode::OK).with_detail("state", call.part("name")))
    })
}

/// `DELETE /projects/:id/terraform/state/:name`
pub async fn delete(call: Call) -> Reply {
    let project = call.project(Role::Maintainer)?;
    call.instance.store.write(|data| {
        let state = find(data, &project, call.part("name")).ok_or_else(|| Answer::not_found(""))?;
        let id = state.id;
        if state.lock.is_some() {
            return Err(Answer::message(StatusCode::UNPROCESSABLE_ENTITY, "You cannot remove the State file because it's locked. Unlock the State file first before removing it."));
        }
        data.states.remove(&id);
        Ok(Answer::empty(StatusCode::OK))
    })
}

/// `POST /projects/:id/terraform/state/:name/lock`
pub async fn lock(call: Call) -> Reply {
    let project = call.project(Role::Maintainer)?;
    let user = call.actor.known()?.username.clone();
    // Terraform names no content type; its body is JSON all the same.
    let told: Map<String, Value> = serde_json::from_slice(&call.body).unwrap_or_default();
    let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    let id = text("ID").or_else(|| call.params.text("ID"));
    let id = id.ok_or_else(|| Answer::bad_parameter("ID is missing"))?;
    let (status, lock) = call.instance.store.write(|data| {
        let state = open(data, &project, call.part("name"));
        match &state.lock {
            Some(held) if held.id != id => (StatusCode::CONFLICT, held.clone()),
            Some(held) => (StatusCode::OK, held.clone()),
            None => {
                let lock = Lock {
                    id,
                    who: user,
                    created: moment::now(),
                    info: told.clone(),
                };
                state.lock = Some(lock.clone());
                (StatusCode::OK, lock)
            }
        }
    });
    let said = |name: &str| lock.info.get(name).cloned().unwrap_or_else(|| "".into());
    let body = json!({
        "Operation": said("Operation"),
        "Info": said("Info"),
        "Version": said("Version"),
        "Path": said("Path"),
        "ID": lock.id,
        "Who": lock.who,
        "Created": moment::text(lock.created),
    });
    Ok(Answer::json(status, &body)
        .with_detail("state", call.part("name"))
        .with_detail("lock", lock.id))
}

/// `DELETE /projects/:id/terraform/state/:name/lock`
pub async fn unlock(call: Call) -> Reply {
    let project = call.project(Role::Maintainer)?;
    let told: Map<String, Value> = serde_json::from_slice(&call.body).unwrap_or_default();
    let id = told
        .get("ID")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .or_else(|| call.params.text("ID"));
    call.instance.store.write(|data| {
        let state = open(data, &project, call.part("name"));
        match (&state.lock, id) {
            // Without an id the lock is broken by force, as `terraform force-unlock` does.
            (Some(held), Some(id)) if held.id != id => Err(Answer::empty(StatusCode::CONFLICT)),
            (Some(_) | None, _) => {
                state.lock = None;
                Ok(Answer::empty(StatusCode::OK).with_detail("state", call.part("name")))
            }
        }
    })
}
