//! One request: who asks, what goes wrong on request, what is answered, and the journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::access::{Actor, Refusal};
use super::super::answer::Answer;
use super::super::endpoint::{Call, Door, Endpoint};
use super::super::instance::{Instance, RATE_LIMIT};
use super::super::moment;
use super::super::params::Params;
use super::super::smart::{self, Wanted};
use super::label;
use super::target::{self, Target};
use crate::chaos::label::Label;
use crate::fault::{self, Fault};
use crate::journal::Entry;

/// As much as a push may weigh.
const LARGEST: usize = 512 * 1024 * 1024;

/// Serves one request, to the end even where the client goes away: a server does not stop half-way either.
pub async fn serve(State(instance): State<Arc<Instance>>, request: Request) -> Response {
    tokio::spawn(serve_whole(instance, request))
        .await
        .unwrap_or_else(|error| Answer::internal(&error).into_response())
}

async fn serve_whole(instance: Arc<Instance>, request: Request) -> Response {
    let arrived = moment::now();
    let (head, body) = request.into_parts();
    let (path, query) = (
        head.uri.path().to_owned(),
        head.uri.query().unwrap_or_default().to_owned(),
    );
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return Answer::message(
            StatusCode::PAYLOAD_TOO_LARGE,
            "413 Request Entity Too Large",
        )
        .into_response();
    };
    let target = Target::of(&head.method, &path, &query);
    let actor = instance.store.read(|data| Actor::of(&head.headers, data));
    let content_type = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let params = Params::read(&query, content_type.unwrap_or_default(), &body);
    let name = match &actor {
        Ok(actor) => actor.name().to_owned(),
        Err(_) => "invalid token".into(),
    };
    let mut detail = Map::new();
    if let Some(project) = target.project(&instance, params.as_ref().ok()) {
        detail.insert("project".into(), project.into());
    }
    if let Ok(Actor::Job { job, user }) = &actor {
        detail.insert("job".into(), (*job).into());
        detail.insert("user".into(), user.username.clone().into());
    }
    let label = actor.as_ref().ok().and_then(|actor| {
        let asked = label::Asked {
            action: target.action(),
            path: detail.get("project").and_then(Value::as_str),
            params: params.as_ref().ok(),
        };
        label::of(actor, &asked)
    });
    let mut note = Note {
        instance: &instance,
        arrived,
        method: &head.method,
        path: &path,
        target: &target,
        actor: &name,
        label,
        detail,
    };
    let fault = instance.faults.take(&fault::Request {
        action: target.action(),
        path: &format!(
            "{path} {}",
            note.detail
                .get("project")
                .and_then(Value::as_str)
                .unwrap_or("")
        ),
        actor: &name,
        label: note.label.as_ref(),
        ..fault::Request::default()
    });
    if let Some(fault) = &fault {
        fault.begin().await;
        if let Some((status, response)) = fault.instead() {
            note.write(status, Some(fault));
            return response;
        }
        if let Some(answer) = target::instead(fault) {
            note.write(answer.status.as_u16(), Some(fault));
            return answer.into_response();
        }
    }
    let job = Work {
        instance: &instance,
        head: &head,
        query,
        body,
        params,
        actor,
    };
    let answer = apply(job, &target).await;
    note.detail.extend(answer.detail.clone());
    let answer = standard_headers(&instance, answer, &name);
    note.write(answer.status.as_u16(), fault.as_ref());
    match fault {
        Some(fault) => fault.end(answer.into_response()).await,
        None => answer.into_response(),
    }
}

struct Work<'a> {
    instance: &'a Arc<Instance>,
    head: &'a http::request::Parts,
    query: String,
    body: Bytes,
    params: Result<Params, String>,
    actor: Result<Actor, Refusal>,
}

async fn apply(work: Work<'_>, target: &Target) -> Answer {
    let result = match target {
        Target::None(answer) => Ok(answer.clone()),
        Target::Endpoint(endpoint, parts) => call(work, endpoint, parts.clone()).await,
        Target::Git(wanted) => git(work, wanted).await,
    };
    result.unwrap_or_else(|answer| answer)
}

async fn call(
    work: Work<'_>,
    endpoint: &'static Endpoint,
    parts: BTreeMap<&'static str, String>,
) -> Result<Answer, Answer> {
    let actor = match (endpoint.door, work.actor) {
        (Door::Open, _) => Actor::Anonymous,
        (Door::Users, Ok(Actor::Job { .. })) => return Err(Answer::unauthorized()),
        (Door::Users | Door::Jobs, Ok(actor)) => actor,
        (Door::Users | Door::Jobs, Err(refusal)) => return Err(refusal.answer()),
    };
    actor.check_scope(&work.head.method)?;
    if endpoint.mutating {
        actor.known()?;
    }
    let call = Call {
        instance: Arc::clone(work.instance),
        actor,
        method: work.head.method.clone(),
        address: format!("{}{}", work.instance.url, work.head.uri.path()),
        parts,
        params: work.params.map_err(Answer::bad_parameter)?,
        body: work.body,
    };
    // A task of its own: a client that hangs up does not stop what it asked for.
    tokio::spawn((endpoint.serve)(call))
        .await
        .map_err(|error| Answer::internal(&error))?
}

async fn git(work: Work<'_>, wanted: &Wanted) -> Result<Answer, Answer> {
    let actor = work.actor.map_err(|_| {
        Answer::bytes(
            StatusCode::UNAUTHORIZED,
            "text/plain",
            b"HTTP Basic: Access denied\n".to_vec(),
        )
        .with_header(header::WWW_AUTHENTICATE, "Basic realm=\"GitLab\"")
    })?;
    let project = smart::admit(work.instance, &actor, wanted)?;
    let (instance, wanted) = (Arc::clone(work.instance), wanted.clone());
    let (headers, query, body) = (work.head.headers.clone(), work.query, work.body);
    let served = async move {
        smart::serve(
            &instance,
            &actor,
            &wanted,
            &project,
            (&headers, &query, body),
        )
        .await
    };
    let answer = tokio::spawn(served)
        .await
        .map_err(|error| Answer::internal(&error))?;
    Ok(answer?)
}

fn standard_headers(instance: &Instance, answer: Answer, who: &str) -> Answer {
    let now = moment::now();
    let asked = instance.count_request(who, now);
    let id = uuid::Uuid::from_u128(rand::random()).simple().to_string();
    let named = |name: &'static str| HeaderName::from_static(name);
    answer
        .with_header(named("ratelimit-limit"), RATE_LIMIT.to_string())
        .with_header(named("ratelimit-name"), "throttle_authenticated_api")
        .with_header(named("ratelimit-observed"), asked.to_string())
        .with_header(
            named("ratelimit-remaining"),
            RATE_LIMIT.saturating_sub(asked).to_string(),
        )
        .with_header(
            named("ratelimit-reset"),
            ((now.as_second() / 60 + 1) * 60).to_string(),
        )
        .with_header(named("x-request-id"), id)
}

struct Note<'a> {
    instance: &'a Instance,
    arrived: Timestamp,
    method: &'a Method,
    path: &'a str,
    target: &'a Target,
    actor: &'a str,
    label: Option<Label>,
    detail: Map<String, Value>,
}

impl Note<'_> {
    fn write(&self, status: u16, fault: Option<&Fault>) {
        let mut detail = self.detail.clone();
        if let Some(fault) = fault {
            fault.note(&mut detail);
        }
        self.instance.journal.record(&Entry {
            time: moment::now(),
            arrived: Some(self.arrived),
            service: "gitlab".into(),
            method: self.method.to_string(),
            path: self.path.to_owned(),
            action: self.target.action().into(),
            actor: self.actor.to_owned(),
            account: None,
            resource: self
                .detail
                .get("project")
                .and_then(Value::as_str)
                .map(str::to_owned),
            mutating: self.target.mutating(self.method),
            status,
            detail,
            label: self.label.clone(),
            fault: fault.map(|fault| fault.name().to_owned()),
        });
    }
}
