//! The way of one request: known, met by orders and rules, passed on, written down.

use std::io;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::StreamExt;
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;

use super::Proxy;
use super::asked::Asked;
use super::control::Listed;
use super::feed::{self, Feed};
use super::mode::{Kind, Mode};
use super::{list, refusal};
use crate::fault::{Fault, Position, closed_without_answer};
use crate::journal::Entry;

/// More than the API server takes in one request.
const LARGEST: usize = 16 * 1024 * 1024;

/// What concerns one connection only, and is each side's own.
const OF_THE_CONNECTION: [header::HeaderName; 6] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::HOST,
    header::UPGRADE,
    // What is read here must be readable.
    header::ACCEPT_ENCODING,
];

pub(super) async fn serve(State(proxy): State<Arc<Proxy>>, request: Request<Body>) -> Response {
    let arrived = Timestamp::now();
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    // A task of its own: what the API server has been asked for it does, and that is written down, also where the
    // client has gone.
    let passed = tokio::spawn(async move { proxy.pass(arrived, head, body).await });
    passed.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request could not be served");
        closed_without_answer()
    })
}

/// What the API server, or whoever speaks for it, answers.
struct Answer {
    response: Response,
    /// What is wrong with it, where that was ordered for all lists or watches of its kind.
    wrong: Option<&'static str>,
}

impl Answer {
    fn wrong(wrong: &'static str, response: Response) -> Self {
        Self {
            response,
            wrong: Some(wrong),
        }
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self {
            response,
            wrong: None,
        }
    }
}

impl Proxy {
    async fn pass(self: Arc<Self>, arrived: Timestamp, head: Parts, body: Bytes) -> Response {
        let mut asked = Asked::of(&head, &body);
        let method = head.method.to_string();
        self.meet(&asked).await;
        let fault = self.faults.take(&asked.as_met());
        let write = |asked: &Asked, status: u16, wrong: Option<&'static str>| {
            let mut detail = asked.detail.clone();
            if let Some(fault) = &fault {
                fault.note(&mut detail);
            }
            self.journal.record(&Entry {
                time: Timestamp::now(),
                arrived: Some(arrived),
                service: "kubernetes".into(),
                method: method.clone(),
                path: asked.path.clone(),
                action: asked.label.verb.clone(),
                actor: asked.actor.clone(),
                account: None,
                resource: Some(asked.resource.clone()).filter(|name| !name.is_empty()),
                mutating: asked.mutating,
                status,
                detail,
                label: Some(asked.label.clone()),
                fault: fault.as_ref().map(Fault::name).or(wrong).map(str::to_owned),
            });
        };
        if let Some(fault) = &fault {
            fault.begin().await;
            let said = refusal::of(fault, &asked);
            let instead = said.map(|answer| (answer.status().as_u16(), answer));
            if let Some((status, answer)) = instead.or_else(|| fault.instead()) {
                write(&asked, status, None);
                return answer;
            }
        }
        let Answer { response, wrong } = match self.answer(&mut asked, head, body).await {
            Ok(answer) => answer,
            Err(error) => {
                asked
                    .detail
                    .insert("error".into(), error.to_string().into());
                write(&asked, 0, None);
                return closed_without_answer();
            }
        };
        write(&asked, response.status().as_u16(), wrong);
        match fault {
            None => response,
            Some(fault) => {
                let response = if asked.watch {
                    begun(response, &fault).await
                } else {
                    response
                };
                fault.end(response).await
            }
        }
    }

    async fn answer(
        &self,
        asked: &mut Asked,
        head: Parts,
        body: Bytes,
    ) -> Result<Answer, kube::Error> {
        let Some(kind) = asked.follows else {
            let response = self.send(head, body).await?;
            return whole(asked, response).await.map(Answer::from);
        };
        if asked.watch {
            return self.watch(kind, asked, head, body).await;
        }
        let listed = Listed {
            path: asked.path.clone(),
            authorization: head.headers.get(header::AUTHORIZATION).cloned(),
        };
        self.watches.note(kind, listed);
        if let Some(expired) = list::expired_page(&asked.page) {
            return Ok(Answer::wrong("expired_page", expired));
        }
        if let Some(shown) = self.watches.mode(kind).stale {
            let json = [(header::CONTENT_TYPE, "application/json")];
            return Ok(Answer::wrong("stale", (json, shown).into_response()));
        }
        let short = self
            .watches
            .spend(kind, |mode: &mut Mode| &mut mode.shorten);
        let response = self.send(head, body).await?;
        if short && response.status().is_success() {
            let (head, body) = response.into_parts();
            let body = list::shortened(&body.collect_bytes().await?);
            let response = Response::from_parts(head, Body::from(body));
            return Ok(Answer::wrong("shorten", response));
        }
        whole(asked, response).await.map(Answer::from)
    }

    async fn watch(
        &self,
        kind: Kind,
        asked: &mut Asked,
        head: Parts,
        body: Bytes,
    ) -> Result<Answer, kube::Error> {
        if self.watches.spend(kind, |mode: &mut Mode| &mut mode.gone) {
            return Ok(Answer::wrong("gone", refusal::answer(&refusal::expired())));
        }
        // From before the request on: what is ordered while the API server answers is meant for this watch, too.
        let modes = self.watches.follow();
        let response = self.send(head, body).await?;
        if !response.status().is_success() {
            return whole(asked, response).await.map(Answer::from);
        }
        let (head, body) = response.into_parts();
        let lines = feed::lines(Body::new(body).into_data_stream());
        let feed = Feed::new(kind, asked.version.clone(), lines, modes);
        let body = Body::from_stream(feed.deliver());
        Ok(Response::from_parts(head, body).into())
    }

    async fn send(
        &self,
        head: Parts,
        body: Bytes,
    ) -> Result<Response<kube::client::Body>, kube::Error> {
        let mut request = Request::new(kube::client::Body::from(body));
        *request.method_mut() = head.method;
        *request.uri_mut() = head.uri;
        *request.headers_mut() = passed_on(head.headers);
        let response = self.client.send(request).await?;
        let (mut head, body) = response.into_parts();
        head.headers = passed_on(head.headers);
        Ok(Response::from_parts(head, body))
    }
}

fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
    headers
}

/// Reads an answer to its end, and notes the version that a write made.
async fn whole(
    asked: &mut Asked,
    response: Response<kube::client::Body>,
) -> Result<Response, kube::Error> {
    let (head, body) = response.into_parts();
    let body = body.collect_bytes().await?;
    if asked.mutating {
        let object: Value = serde_json::from_slice(&body).unwrap_or_default();
        if let Some(version) = object.pointer("/metadata/resourceVersion") {
            asked.detail.insert("written".into(), version.clone());
        }
    }
    Ok(Response::from_parts(head, Body::from(body)))
}

/// A watch has no end that a fault could wait for: what it says first counts as the whole of it.
async fn begun(response: Response, fault: &Fault) -> Response {
    match fault {
        Fault::HalfAnswer
        | Fault::Kill {
            at: Position::Half | Position::Answered,
            ..
        }
        | Fault::Stop {
            at: Position::Half | Position::Answered,
            ..
        } => {}
        _ => return response,
    }
    let (head, body) = response.into_parts();
    let first: Option<Result<Bytes, io::Error>> = body
        .into_data_stream()
        .next()
        .await
        .map(|first| first.map_err(io::Error::other));
    Response::from_parts(head, Body::from_stream(futures::stream::iter(first)))
}
